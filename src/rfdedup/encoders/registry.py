"""Encoders by name: the shipped ones, files that users bring, and those that other packages register."""

from __future__ import annotations

import importlib
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from rfdedup.encoders.base import Encoder
from rfdedup.errors import EncoderError

ENTRY_POINT_GROUP = "rfdedup.encoders"
DEVICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS = ("auto", "fp32", "bf16", "fp16", "int8")
BUILT_IN = {"efficientnet-lite0": "rfdedup.encoders.efficientnet_lite0"}
"""Name to the module that has ``load(*, weights, device, precision, **options)``."""

_MEMBERS = ("card", "dim", "key", "device", "precision", "streams", "batch", "embed", "encode")


def plugins() -> dict[str, EntryPoint]:
    """Encoders that installed packages register: name to the entry point of their ``load`` function."""
    return {point.name: point for point in entry_points(group=ENTRY_POINT_GROUP) if point.name not in BUILT_IN}


def load_encoder(
    name: str | Encoder,
    weights: str | Path | None = None,
    device: str = "auto",
    precision: str = "auto",
    **options: Any,
) -> Encoder:
    """Load an encoder.

    Args:
        name: a name that ``rfdedup encoders`` lists, or an ``Encoder`` object, which is returned as it is.
        weights: the weights file, for encoders that do not carry their own.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        precision: ``auto``, ``fp32``, ``bf16``, ``fp16`` or ``int8``; ``auto`` takes the fastest safe one.
        options: of the particular encoder.

    Raises:
        EncoderError: the name is unknown, or the encoder or its weights cannot be used.
        MissingExtraError: an optional dependency is needed.
    """
    if not isinstance(name, str):
        return _checked(name, "the object that was passed")
    if device not in DEVICES:
        raise EncoderError(f"device {device!r} is unknown; use one of {', '.join(DEVICES)}")
    if precision not in PRECISIONS:
        raise EncoderError(f"precision {precision!r} is unknown; use one of {', '.join(PRECISIONS)}")
    file = Path(weights) if weights is not None else None
    if name in BUILT_IN:
        load = importlib.import_module(BUILT_IN[name]).load
        return _checked(load(weights=file, device=device, precision=precision, **options), name)
    registered = plugins()
    if name not in registered:
        known = ", ".join([*BUILT_IN, *registered])
        raise EncoderError(f"encoder {name!r} is unknown; known: {known}, onnx:FILE, torchscript:FILE")
    try:
        load = registered[name].load()
    except (ImportError, AttributeError) as error:
        raise EncoderError(f"encoder {name} is registered by {registered[name].value}, which fails: {error}") from None
    return _checked(load(weights=file, device=device, precision=precision, **options), name)


def _checked(encoder: Any, origin: str) -> Encoder:
    if not isinstance(encoder, Encoder):
        lacking = [member for member in _MEMBERS if not hasattr(encoder, member)]
        raise EncoderError(f"{origin} is not an encoder: {type(encoder).__name__} has no {', '.join(lacking)}")
    return encoder
