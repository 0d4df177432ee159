"""The encoder that all shipped networks are: a model card and a runtime."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from rfdedup.encoders.base import Embeddings, ModelCard, Runtime
from rfdedup.encoders.preprocess import Rgb, prepare
from rfdedup.model.errors import EncoderError, InputError


class ModelEncoder:
    """An ``Encoder`` over a ``Runtime``.

    Args:
        card: facts about the network.
        runtime: runs it.
        key: identity of its features.
    """

    def __init__(self, card: ModelCard, runtime: Runtime, key: str) -> None:
        self.card = card
        self.dim = card.dim
        self.key = key
        self.device = runtime.device
        self.precision = runtime.precision
        self.streams = runtime.streams
        self.batch = runtime.batch
        self._runtime = runtime

    def embed(self, batch: Rgb) -> Embeddings:
        """Embed prepared images, (n, height, width, 3) uint8, to (n, dim) float32.

        Raises:
            EncoderError: the batch has another shape or type, or the network returned something unusable.
        """
        if batch.dtype != np.uint8 or batch.ndim != 4 or batch.shape[1:] != self.card.input.shape:
            height, width, _ = self.card.input.shape
            raise EncoderError(
                f"encoder {self.card.name} takes uint8 (n, {height}, {width}, 3), not {batch.dtype} {batch.shape}"
            )
        if not len(batch):
            return np.zeros((0, self.dim), np.float32)
        vectors = self._runtime.infer(np.ascontiguousarray(batch))
        if vectors.shape != (len(batch), self.dim):
            raise EncoderError(
                f"encoder {self.card.name} returned {vectors.shape} for {len(batch)} images; "
                f"expected ({len(batch)}, {self.dim})"
            )
        if not np.isfinite(vectors).all():
            raise EncoderError(
                f"encoder {self.card.name} returned values that are not finite ({self.device}, {self.precision}); "
                "try --precision fp32"
            )
        return vectors

    def encode(self, images: Sequence[Rgb]) -> Embeddings:
        """Embed uint8 RGB arrays (H, W, 3) of any sizes to (N, dim) float32, not normalised.

        Raises:
            InputError: an array is not uint8 RGB; the message gives its position.
        """
        for position, image in enumerate(images):
            if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
                raise InputError(f"image {position} is {image.dtype} {image.shape}; encode takes uint8 (H, W, 3)")
        starts = range(0, len(images), self.batch)
        with ThreadPoolExecutor(self.streams) as threads:
            parts = list(threads.map(lambda i: self._encode(images[i : i + self.batch]), starts))
        return np.concatenate(parts) if parts else np.zeros((0, self.dim), np.float32)

    def _encode(self, images: Sequence[Rgb]) -> Embeddings:
        batch = np.empty((len(images), *self.card.input.shape), np.uint8)
        for image, place in zip(images, batch, strict=True):
            prepare(image, self.card.input, place)
        return self.embed(batch)
