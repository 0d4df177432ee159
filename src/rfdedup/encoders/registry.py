"""Encoders by name: the shipped ones, files that users bring, and those that other packages register."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from rfdedup.encoders.base import Encoder
from rfdedup.model.errors import EncoderError

ENTRY_POINT_GROUP = "rfdedup.encoders"
DEVICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS = ("auto", "fp32", "bf16", "fp16", "int8")
BUILT_IN = ("efficientnet-lite0", "r50-ibn", "r101-ibn")
FILE_KINDS = ("onnx", "torchscript")
"""``KIND:FILE`` loads a file that the user brings."""

Load = Callable[..., Encoder]
"""Called with the keywords weights (Path or None), device, precision and the encoder's own options."""

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
    if options and name in BUILT_IN:
        raise EncoderError(f"encoder {name} has no option {next(iter(options))!r}")
    file = Path(weights) if weights is not None else None
    return _checked(_loader(name)(weights=file, device=device, precision=precision, **options), name)


def _loader(name: str) -> Load:
    kind, colon, path = name.partition(":")
    if colon and kind in FILE_KINDS:
        return partial(_load_file, kind, path)
    if name == "efficientnet-lite0":
        from rfdedup.encoders import efficientnet_lite0

        return efficientnet_lite0.load
    if name in BUILT_IN:
        from rfdedup.encoders import r50_ibn

        return partial(r50_ibn.load, name)
    registered = plugins()
    if name not in registered:
        known = ", ".join([*BUILT_IN, *registered])
        raise EncoderError(f"encoder {name!r} is unknown; known: {known}, onnx:FILE, torchscript:FILE")
    try:
        load: Load = registered[name].load()
    except (ImportError, AttributeError) as error:
        raise EncoderError(f"encoder {name} is registered by {registered[name].value}, which fails: {error}") from None
    return load


def _load_file(kind: str, path: str, *, weights: Path | None, **settings: Any) -> Encoder:
    if not path:
        raise EncoderError(f"write the file after the colon: {kind}:FILE")
    if weights is not None:
        raise EncoderError(f"{kind}:{path} carries its weights; leave out --weights")
    module = importlib.import_module(f"rfdedup.encoders.{kind}_file")
    encoder: Encoder = module.load(Path(path), **settings)
    return encoder


def _checked(encoder: Any, origin: str) -> Encoder:
    if not isinstance(encoder, Encoder):
        lacking = [member for member in _MEMBERS if not hasattr(encoder, member)]
        raise EncoderError(f"{origin} is not an encoder: {type(encoder).__name__} has no {', '.join(lacking)}")
    return encoder
