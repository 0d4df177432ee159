"""Find images of a finished run that are alike, by the embeddings and the descriptor that it proposed pairs with."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from rfdedup.encoders import load_encoder
from rfdedup.encoders.base import Encoder, cache_key
from rfdedup.encoders.given_vectors import NAME, GivenEncoder
from rfdedup.encoders.run_encoder import RunEncoder, config_of_run, trusted
from rfdedup.features.encoder_input import decode_for, write_input
from rfdedup.imaging import DecodeLimits
from rfdedup.metric.whitening import describe_as
from rfdedup.model.errors import EncoderError, ImageError, RunFolderError
from rfdedup.neighbors.index import VectorIndex, index_of
from rfdedup.outputs.run_features import RunFeatures
from rfdedup.storage.files import open_regular
from rfdedup.storage.run_folder import FEATURES_FOLDER

Rows = npt.NDArray[np.int64]
Matrix = npt.NDArray[np.float32]
_BATCH: Final = 16_384
"""Embeddings that are described together."""
_NONE: Final = "this run has no embeddings: it ended before tier 3"


def read_image(path: str | os.PathLike[str], *, follow: bool = False) -> bytes:
    """The bytes of an image file; ``follow`` as for ``open_regular``.

    Raises:
        ImageError: it is gone, too large, or cannot be read.
    """
    most = DecodeLimits().max_bytes
    try:
        with open_regular(path, follow=follow) as stream:
            if os.fstat(stream.fileno()).st_size > most:
                raise ImageError("too-large", f"larger than {most} bytes")
            return stream.read()
    except OSError as error:
        raise ImageError("unreadable", error.strerror or str(error)) from None


@dataclass(frozen=True)
class Alike:
    """Images that are alike.

    Attributes:
        found: rows with cosine similarities, best first.
        searched: how many images were: those of the run that have an embedding.
    """

    found: list[tuple[int, float]]
    searched: int


class AlikeSearch:
    """Searches all images of a run that have an embedding, dropped ones too, whatever dropped them.

    The index is written to the run folder when it is first needed, not by the run: most runs are never searched, it
    takes 1 kB of disk an image with the shipped encoder, and this way the folders of older versions have one too.

    Raises:
        RunFolderError: the run has no embeddings, or they are damaged, in any method.
        EncoderError: the encoder of the run cannot be used any more, in any method.
    """

    def __init__(
        self, run: Path, info: dict[str, Any], features: RunFeatures, encoder: str | Encoder | None = None
    ) -> None:
        """
        Args:
            run: the run folder.
            info: its ``run.json``.
            features: of the run.
            encoder: that the user named or handed over; needed where the one that the run names may be code.
        """
        self._features_folder = run / FEATURES_FOLDER
        self._info = info
        self._features = features
        self._named = encoder

    def like_row(self, row: int, most: int, read: Callable[[], bytes]) -> Alike:
        """The images most similar to one of the run; not itself.

        Args:
            row: of the verdicts.
            most: how many.
            read: gives the bytes of its file, for what has no embedding.

        Raises:
            ImageError: its file is needed and cannot be read.
        """
        rows = self._index.rows
        at = int(np.searchsorted(rows, row))
        if at == len(rows) or rows[at] != row:
            alike = self.like_picture(read(), most + 1)
        else:
            alike = self._search(self._features.embeddings(np.array([row])), most + 1)
        return Alike([(other, score) for other, score in alike.found if other != row][:most], alike.searched)

    def like_picture(self, data: bytes, most: int) -> Alike:
        """The images of the run most similar to a picture, given as the bytes of its file.

        Raises:
            ImageError: the bytes are no picture that can be read.
        """
        encoder = self._encoder
        if isinstance(encoder, GivenEncoder):
            return self._search(encoder.embed(np.empty((1, 1, 1, 3), np.uint8)), most)
        spec = encoder.card.input
        shown = np.empty((1, *spec.shape), np.uint8)
        write_input(decode_for(data, spec, DecodeLimits()), spec, shown[0])
        return self._search(self._encoder.embed(shown), most)

    def similarity(self, one: int, other: int) -> float | None:
        """Cosine similarity of two rows as the run compared them; None where not both are embedded."""
        rows = np.array([one, other])
        if not np.isin(rows, self._features.embedded()).all():
            return None
        described = self._describe(self._features.embeddings(rows)).astype(np.float64)
        return float(described[0] @ described[1])

    def _search(self, embedding: npt.NDArray[Any], most: int) -> Alike:
        score, row = self._index.search(self._describe(embedding), most)
        found = [(int(r), float(s)) for r, s in zip(row[0], score[0], strict=True) if r >= 0 and np.isfinite(s)]
        return Alike(found, len(self._index.rows))

    @cached_property
    def _encoder(self) -> Encoder:
        if not self._facts:
            raise RunFolderError(_NONE)
        if self._facts.get("name") == NAME:
            return GivenEncoder(str(self._facts.get("key")), int(self._facts.get("dim") or 1))
        if self._named is None or isinstance(self._named, str):
            encoder = RunEncoder(trusted(config_of_run(self._info), self._named).semantic)()
        else:
            encoder = load_encoder(self._named)
        known = self._facts.get("key")
        if encoder.key != known:
            raise EncoderError(f"the encoder is now {encoder.key}, the run was made with {known}: run it again")
        return encoder

    @property
    def _facts(self) -> dict[str, Any]:
        return self._info.get("encoder") or {}

    @cached_property
    def _describe(self) -> Callable[[npt.NDArray[Any]], Matrix]:
        return describe_as(self._features_folder, self._facts, self._encoder.card)

    @cached_property
    def _index(self) -> VectorIndex:
        describe = self._describe
        # the whitening that ships with an encoder is part of what its key stands for
        made_of = (cache_key(self._encoder), self._facts.get("descriptor"), self._facts.get("whitening"))
        key = hashlib.sha256(json.dumps([*made_of, self._features.digest()], sort_keys=True).encode()).hexdigest()

        def described(rows: Rows) -> Iterator[Matrix]:
            for start in range(0, len(rows), _BATCH):
                yield describe(self._features.embeddings(rows[start : start + _BATCH]))

        return index_of(self._features_folder, key, len(self._features), self._embedded, described)

    def _embedded(self) -> Rows:
        rows = self._features.embedded()
        if not len(rows):
            raise RunFolderError(_NONE)
        return rows
