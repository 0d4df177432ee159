"""The images of a run with their features, row by row as in the verdicts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfdedup.model.items import Item


class Thumbnails(Protocol):
    """Where thumbnails are read; the feature store is one."""

    def thumbs(self, shard: npt.NDArray[np.int32], row: npt.NDArray[np.int32]) -> npt.NDArray[np.uint8]:
        """RGB thumbnails of the given rows, (n, side * side * 3) uint8."""


@dataclass(frozen=True)
class ImageSet:
    """The files that get a verdict, in canonical order, with their features.

    Attributes:
        files: one per row of the verdicts.
        features: columns of ``schemas.FEATURES`` but the heavy ones, with ``shard`` and ``row``; aligned with files.
        others: files that are no images and do not claim to be.
    """

    files: Sequence[Item]
    features: pa.Table
    others: int = 0

    def thumbs_from(self, store: Thumbnails) -> Callable[[npt.NDArray[np.int64]], npt.NDArray[np.uint8]]:
        """A function that reads the thumbnails of rows."""
        return lambda rows: store.thumbs(self.shard[rows], self.row[rows])

    @property
    def shard(self) -> npt.NDArray[np.int32]:
        return self.features["shard"].to_numpy()  # type: ignore[no-any-return]

    @property
    def row(self) -> npt.NDArray[np.int32]:
        return self.features["row"].to_numpy()  # type: ignore[no-any-return]
