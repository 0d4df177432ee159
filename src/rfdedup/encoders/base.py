"""What an encoder is, and what it says of itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from rfdedup.encoders.preprocess import InputSpec, Rgb

Embeddings = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Threshold:
    """A cosine similarity that links two images, and the data that it was set on."""

    value: float
    data: str


@dataclass(frozen=True)
class ModelCard:
    """Facts about an encoder.

    Attributes:
        name: as given to ``--encoder``.
        dim: length of an embedding.
        input: size and resize filter.
        normalisation: what the network does to 0-255 RGB, in words.
        licence: of the weights; "unknown" where the user brought them.
        weights_sha256: of the weights file, as hex.
        source: where the weights come from.
        thresholds: by descriptor, ``raw`` or ``whitened``; empty where none is calibrated.
    """

    name: str
    dim: int
    input: InputSpec
    normalisation: str
    licence: str
    weights_sha256: str
    source: str
    thresholds: Mapping[str, Threshold] = field(default_factory=dict)


@runtime_checkable
class Encoder(Protocol):
    """Turns images into embeddings. Any object with these members can be passed as an encoder."""

    @property
    def card(self) -> ModelCard: ...

    @property
    def dim(self) -> int: ...

    @property
    def key(self) -> str:
        """Identity of cached features: changes with weights, preprocessing and architecture, not with the device."""
        ...

    @property
    def device(self) -> str:
        """``cpu``, ``cuda`` or ``mps``."""
        ...

    @property
    def precision(self) -> str:
        """``fp32``, ``bf16``, ``fp16`` or ``int8``."""
        ...

    @property
    def streams(self) -> int:
        """How many concurrent ``embed`` calls make full use of the device."""
        ...

    @property
    def batch(self) -> int:
        """How many images one ``embed`` call should bring."""
        ...

    def embed(self, batch: Rgb) -> Embeddings:
        """Embed prepared images, (n, height, width, 3) uint8, to (n, dim) float32.

        Safe to call from ``streams`` threads at once. A row depends on its image alone: not on the other rows,
        on their number or on its place.
        """
        ...

    def encode(self, images: Sequence[Rgb]) -> Embeddings:
        """Embed uint8 RGB arrays (H, W, 3) of any sizes to (N, dim) float32, not normalised."""
        ...


def cache_key(encoder: Encoder) -> str:
    """What embeddings are cached under: precision is part of it, the device is not."""
    return f"{encoder.key}/{encoder.precision}"


class Runtime(Protocol):
    """Runs a network on a device. The concurrency contract is that of ``Encoder``."""

    device: str
    precision: str
    streams: int
    batch: int

    def infer(self, batch: Rgb) -> Embeddings:
        """(n, height, width, 3) uint8 -> (n, dim) float32."""
        ...
