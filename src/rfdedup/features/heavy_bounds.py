"""Bounds of tier 1 that took a large part of the images: told first, as such a bound is wrong more often than right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rfdedup.model.config import QUALITY_CHECKS

HEAVY_SHARE: Final = 0.2
"""Part of the images above which a bound is told,"""
LEAST_HEAVY: Final = 20
"""if it took at least so many."""
_OPTIONS: Final = ("dark", "bright", "blurry")
"""Checks whose bound is an option of the command line."""


@dataclass(frozen=True)
class HeavyBound:
    """A check that dropped many.

    Attributes:
        check: its name.
        count, images: how many it dropped, and of how many.
        bound: what it compared with, None where a run does not say.
        options: of ``rfdedup run``, each of which changes it: drop less, another bound, the other rule.
    """

    check: str
    count: int
    images: int
    bound: float | None
    options: tuple[str, ...]

    @property
    def share(self) -> float:
        return self.count / self.images

    def sentence(self) -> str:
        """All of it in one line."""
        bound = "" if self.bound is None else f" (bound {self.bound:g})"
        return (
            f"{self.check}{bound} took {self.count:,} of {self.images:,} images, {100 * self.share:.0f} %: look at "
            f"some of them in the report. If they are good, run the same command with {' or '.join(self.options)}"
        )


def heavy_bounds(drops: Mapping[str, int], images: int, quality: Mapping[str, Any]) -> list[HeavyBound]:
    """Checks that dropped more than a fifth of the images, and 20 at least; most first.

    Args:
        drops: images that tier 1 dropped, by reason.
        images: all that the run looked at.
        quality: the section ``quality`` of the configuration, as ``run.json`` has it.
    """
    found = []
    for check, count in sorted(drops.items(), key=lambda item: (-item[1], item[0])):
        if check in QUALITY_CHECKS and count >= LEAST_HEAVY and count > HEAVY_SHARE * images:
            bound = quality.get(check)
            options = (_without(check, quality.get("drop") or ()), *_bound_option(check, bound), *_rule(check, quality))
            found.append(HeavyBound(check, count, images, bound, options))
    return found


def _without(check: str, dropping: Sequence[str]) -> str:
    rest = [name for name in dropping if name != check]
    return f"--drop {','.join(rest)}" if rest else "--tiers hash,semantic"


def _bound_option(check: str, bound: float | None) -> tuple[str, ...]:
    if check not in _OPTIONS or bound is None:
        return ()
    return (f"--{check} {(bound + 255) / 2 if check == 'bright' else bound / 2:g}",)


def _rule(check: str, quality: Mapping[str, Any]) -> tuple[str, ...]:
    if check not in (*_OPTIONS, "blank"):
        return ()
    return ("--quality information",) if quality.get("rule") != "information" else ("--quality classic",)
