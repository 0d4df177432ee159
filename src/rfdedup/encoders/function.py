"""A plain function as an encoder: it runs in the process that called ``refine``, never in a worker."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from rfdedup.encoders.base import Embeddings, Encoder, ModelCard
from rfdedup.encoders.model_encoder import ModelEncoder
from rfdedup.encoders.preprocess import InputSpec, Rgb
from rfdedup.model.errors import EncoderError

SIDE: Final = 224
BATCH: Final = 32
PREFIX: Final = "python:"
"""What the name of an encoder begins with that no run folder can hold."""


class _Calls:
    """The ``Runtime`` of a function: one call at a time, each with pixels of its own."""

    device = "cpu"
    precision = "fp32"
    streams = 1

    def __init__(self, function: Callable[[Rgb], Any], name: str, batch: int) -> None:
        self._function, self._name, self.batch = function, name, batch
        self._lock = threading.Lock()

    def infer(self, batch: Rgb) -> Embeddings:
        # workers write the next images where these lie
        with self._lock:
            result = self._function(batch.copy())
        if hasattr(result, "detach"):
            result = result.detach().cpu()
        try:
            vectors = np.asarray(result, np.float32)
        except (TypeError, ValueError):
            raise EncoderError(
                f"encoder {self._name} returned a {type(result).__name__}, not an array (n, d)"
            ) from None
        if vectors.ndim != 2 or len(vectors) != len(batch) or not vectors.shape[1]:
            raise EncoderError(
                f"encoder {self._name} returned {vectors.shape} for {len(batch)} images; expected ({len(batch)}, d)"
            )
        return vectors


def as_encoder(
    function: Callable[[Rgb], Any],
    *,
    key: str | None = None,
    size: int | tuple[int, int] = SIDE,
    resize: str = "bilinear",
    batch: int = BATCH,
) -> Encoder:
    """An encoder of a function that takes images and returns their embeddings.

    The function is called in this process, by one thread at a time, so it need not be picklable and may hold a model.
    It is called once with a black image at the start, to see how long an embedding is.

    Args:
        function: takes (n, height, width, 3) uint8 in RGB, each image squashed to that size, and returns (n, d) finite
            numbers: an array, a list of lists or a tensor. A row has to depend on its image alone.
        key: what tells this function from others, and changes with its weights. Embeddings are kept in the run folder
            under it. Without one, they are made anew each time: nothing tells whether a function is still the same.
        size: pixels of both sides, or (height, width).
        resize: filter, ``bilinear`` or ``bicubic``.
        batch: images a call.

    Raises:
        EncoderError: it returns something else, or the arguments cannot be used.
    """
    name = getattr(function, "__name__", type(function).__name__)
    height, width = (size, size) if isinstance(size, int) else size
    if batch < 1:
        raise EncoderError(f"batch = {batch} is not at least 1")
    try:
        spec = InputSpec(height, width, resize)
    except ValueError as error:
        raise EncoderError(f"encoder {name}: {error}") from None
    calls = _Calls(function, name, batch)
    dim = calls.infer(np.zeros((1, *spec.shape), np.uint8)).shape[1]
    identity = f"{key}-{height}x{width}-{resize}" if key is not None else uuid.uuid4().hex
    card = ModelCard(
        name=f"{PREFIX}{key or name}",
        dim=dim,
        input=spec,
        normalisation="by the function",
        licence="unknown",
        weights_sha256="",
        source="a function that was handed over",
    )
    return ModelEncoder(card, calls, f"function-{identity}")


def encoder_of(given: Any) -> Encoder:
    """An ``Encoder`` as it is, or what ``as_encoder`` makes of a function; anything else as it is, to be refused."""
    if isinstance(given, Encoder) or not callable(given):
        return given  # type: ignore[no-any-return]
    return as_encoder(given)
