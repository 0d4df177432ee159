"""What can embed here, without loading any network."""

from __future__ import annotations

from dataclasses import dataclass

from rfdedup.encoders import cache, efficientnet_lite0, quantised, r50_ibn
from rfdedup.encoders.base import ModelCard
from rfdedup.encoders.registry import BUILT_IN, plugins


@dataclass(frozen=True)
class Listed:
    """One encoder of ``rfdedup encoders``.

    Attributes:
        name: for ``--encoder``.
        card: its facts; None where they are known only once weights are given or a plugin is loaded.
        ready: whether it loads by name alone.
        note: what it needs, or where it comes from.
        int8: whether an int8 form was made.
    """

    name: str
    card: ModelCard | None
    ready: bool
    note: str
    int8: bool = False


def list_encoders() -> list[Listed]:
    """The shipped encoders, those that were added, and those of other packages."""
    card = efficientnet_lite0.model_card()
    listed = [
        Listed(card.name, card, ready=True, note="embedded", int8=quantised.exists(card.name, card.weights_sha256))
    ]
    for name in BUILT_IN:
        if name == card.name:
            continue
        added = cache.entries(name)
        if not added:
            listed.append(Listed(name, None, ready=False, note="needs --weights FILE"))
        for entry in added:
            digest = entry.facts["weights_sha256"]
            listed.append(
                Listed(
                    name,
                    r50_ibn.model_card(entry.facts),
                    ready=len(added) == 1,
                    note=f"added, weights {digest[:12]}",
                    int8=quantised.exists(name, cache.entry_id(entry.facts)),
                )
            )
    listed += [Listed(name, None, ready=True, note=f"plugin {point.value}") for name, point in plugins().items()]
    return listed
