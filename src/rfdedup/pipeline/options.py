"""Options that Python hands over as keywords: a configuration, and what no configuration can hold."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from rfdedup.encoders import load_encoder
from rfdedup.encoders.base import Encoder
from rfdedup.encoders.function import PREFIX, encoder_of
from rfdedup.model.config import RunConfig, make_config
from rfdedup.model.errors import ConfigError
from rfdedup.pipeline.given_embeddings import IN_MEMORY, Wanted, wanted_vectors

_DIRECT = ("encoder", "weights", "threshold", "device", "precision", "descriptor", "embeddings")
"""Options of tier 3 that users give directly."""


def settled(config: RunConfig | None, options: dict[str, Any]) -> tuple[RunConfig, Encoder | None, Wanted | None]:
    """The configuration, the encoder that was handed over as an object or a function, and the vectors in its place.

    Args:
        config: a validated one, or None; with it, ``options`` may be an encoder that is an object, and no more.
        options: keywords of ``refine``, the keys of a configuration.

    Raises:
        RfdedupError: they cannot be used.
    """
    rest = dict(options)
    encoder = rest.pop("encoder") if not isinstance(rest.get("encoder", ""), str) else None
    vectors = rest.get("embeddings")
    if vectors is not None:
        rest["embeddings"] = os.fspath(vectors) if isinstance(vectors, str | os.PathLike) else IN_MEMORY
    vectors = None if isinstance(vectors, str | os.PathLike) else vectors
    if config is not None and rest:
        raise ConfigError(f"a configuration was given, so {', '.join(sorted(rest))} has to be set in it")
    settings = config if config is not None else make_config(nested(rest))
    if encoder is not None:
        encoder = load_encoder(encoder_of(encoder))
        settings = _with(settings, "encoder", _named(encoder))
    wanted = wanted_vectors(settings, vectors)
    if wanted is None:
        return settings, encoder, None
    if encoder is not None:
        raise ConfigError("embeddings take the place of an encoder: give one of both")
    named = settings.semantic.embeddings
    if named is not None and named != IN_MEMORY:
        # found from everywhere, when the run is made again
        settings = _with(settings, "embeddings", str(Path(named).absolute()))
    return settings, None, wanted


def nested(options: dict[str, Any]) -> dict[str, Any]:
    """Move the tier 3 options that users give directly to where the configuration holds them."""
    semantic = {name: options[name] for name in _DIRECT if name in options}
    if "key" in options:
        semantic["embeddings_key"] = options["key"]
    rest = {name: value for name, value in options.items() if name not in (*_DIRECT, "key")}
    return {**rest, "semantic": {**rest.get("semantic", {}), **semantic}} if semantic else rest


def _named(encoder: Encoder) -> str:
    """What the configuration calls an encoder that was handed over: nobody else takes its place unnoticed."""
    name = encoder.card.name
    return name if name.startswith(PREFIX) else f"{PREFIX}{name}"


def _with(config: RunConfig, name: str, value: str) -> RunConfig:
    return config.model_copy(update={"semantic": config.semantic.model_copy(update={name: value})})
