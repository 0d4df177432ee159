"""Tier 3: embed what the cheaper tiers let through, and link what is alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfdedup.ahead import SampleViews
from rfdedup.config import RunConfig
from rfdedup.court import Court
from rfdedup.descriptor import Matrix
from rfdedup.execution import embed_files, embed_views
from rfdedup.inventory import Inventory
from rfdedup.linking import Links, first_of_each
from rfdedup.lookalikes import Lookalikes
from rfdedup.passes import Fault, FilesLost
from rfdedup.progress import Watch
from rfdedup.run_encoder import RunEncoder
from rfdedup.stages.embed import Embedder
from rfdedup.store import REMEASURED_FILE, FeatureStore
from rfdedup.tiers.comparison import Bounds, Comparison, HalfPrecision
from rfdedup.tiers.yardstick import Material, Yardstick, refuse_early, settle_yardstick

Rows = npt.NDArray[np.int64]

FLOOR_BELOW = 0.15
"""Links this far below the threshold are measured too, so that it can be moved without embedding again."""
MARGIN = {"fp32": 0.002, "bf16": 0.03, "fp16": 0.01, "int8": 0.06}
"""Bound of the error that each precision makes in a cosine similarity; closer calls are measured again in fp32."""
_BLOCK = 8192
"""Rows that are described at a time."""


@dataclass(frozen=True)
class Crowned:
    """What tier 3 ends with: (n,) kings, (n,) places by which they were crowned, and all links that were measured."""

    king: Rows
    place: Rows
    links: Links


@dataclass
class SemanticTier:
    """Tier 3 of one run: which rows are embedded, how they are compared, and what the comparison says."""

    config: RunConfig
    stock: Inventory
    store: FeatureStore
    watch: Watch
    encoder: RunEncoder
    views: SampleViews | None = None
    """Held until the yardstick is settled."""
    _yardstick: Yardstick | None = None
    _embedder: Embedder = field(init=False)
    _descriptors: HalfPrecision = field(init=False)

    @property
    def yardstick(self) -> Yardstick:
        """How this run compares embeddings; ``crown`` settles it."""
        assert self._yardstick is not None  # noqa: S101 - nobody asks before the kings are crowned
        return self._yardstick

    def crown(self, distinct: Rows, tier2: Lookalikes, king: Rows, court: Court) -> Crowned:
        """Kings over the links of all tiers.

        Only kings of the cheaper tiers are embedded at first. A subject whose king falls to another one, and that
        no remaining king is linked to, is embedded as well and compared with everything: so it is measured against
        its new king, or stays.

        Args:
            distinct: rows to compare, one per content.
            tier2: what hashes say of them.
            king: (n,) kings by hashes alone.
            court: how kings are chosen.

        Raises:
            FilesLost: files that could not be read again.
        """
        self._embedder = Embedder(self.config, self.stock, self.store, self.watch, self.encoder)
        with self._embedder:
            return self._crown(distinct, tier2, king, court)

    def _crown(self, distinct: Rows, tier2: Lookalikes, king: Rows, court: Court) -> Crowned:
        late = distinct[king[distinct] == distinct]
        cheaper = tier2.evidence(court, distinct)
        if self._yardstick is None:
            refuse_early(self.config, self.encoder().card, len(late))
        embedded, tier3 = late[:0], None
        while True:
            if faults := self._embedder.embed(late):
                raise FilesLost(faults)
            self._yardstick = self._yardstick or self._settle(late)
            self.views = None
            embedded = np.concatenate([embedded, late])
            tier3 = self._compare(embedded, len(king), tier3)
            crowd = tier3.evidence(court, distinct)
            binding = tier3.links.take(tier3.links.score >= tier3.threshold)
            strong = crowd.take(crowd.score >= tier3.threshold)
            place = court.place(Links.join(cheaper, binding, strong), embedded)
            known = tier2.known(embedded)
            king = tier3.kings(court, place, Links.join(known, binding))
            alone = distinct[king[distinct] == distinct]
            late = tier2.thinned(alone[~np.isin(alone, embedded)], court, place)
            if not len(late):
                links = Links.join(cheaper, known, tier3.links, crowd, tier3.proofs(king))
                return Crowned(king, place, links)

    def _settle(self, embedded: Rows) -> Yardstick:
        """Choose how to compare, from the rows that are embedded first.

        Raises:
            FilesLost: some had to be read again and could not be.
        """
        rows = embedded[first_of_each(self.stock.features["sha256"].take(pa.array(embedded)))]
        shard, row, encoder = self.stock.shard, self.stock.row, self.encoder()
        material = Material(
            rows,
            [self.stock.files[i] for i in rows],
            lambda most: self.store.gather(shard[rows[:most]], row[rows[:most]], encoder.dim),
            self._embed_again,
            encoder,
            lambda: self.encoder("fp32"),
        )
        return settle_yardstick(self.config, material, self.store, self.watch)

    def _compare(self, rows: Rows, n: int, before: Comparison | None) -> Comparison:
        """Measure ``rows``, of n, against each other; ``before``, where there is one, knows about the first of them."""
        threshold = self.yardstick.threshold.value
        bounds = Bounds(threshold, max(threshold - FLOOR_BELOW, 0.05), MARGIN[self.encoder().precision])
        with self.watch.stage("link", len(rows)):
            vectors = self._described(rows, 0 if before is None else len(before.vectors))
            found = Comparison.make(rows, n, vectors, bounds, self._measure_again, before)
            self.watch.advance(len(rows))
        return found

    def _described(self, rows: Rows, known: int) -> npt.NDArray[np.float16]:
        """Descriptors of embedded rows, (m, k) float16; the first ``known`` have been asked for before."""
        describe, dim = self.yardstick.choice.describe, self.encoder().dim

        def blocks() -> Iterator[Matrix]:
            for begin in range(known, len(rows), _BLOCK):
                at = rows[begin : begin + _BLOCK]
                yield describe(self.store.gather(self.stock.shard[at], self.stock.row[at], dim))

        if known == 0:
            self._descriptors = HalfPrecision(self.store.folder)
        self._descriptors.extend(blocks(), len(rows) - known)
        return self._descriptors.rows

    def _measure_again(self, rows: Rows) -> Matrix:
        """Descriptors of ``rows`` in fp32; raises as ``_embed_again`` does."""
        return self.yardstick.choice.describe(self._embed_again(rows))

    def _embed_again(self, rows: Rows) -> Matrix:
        """Embeddings of ``rows`` in fp32, remembered in the run folder by content.

        Raises:
            FilesLost: some could not be read.
        """
        encoder = self.encoder("fp32")
        sha256 = self.stock.features["sha256"].take(pa.array(rows)).to_pylist()
        known = self.store.remembered(REMEASURED_FILE, encoder.key, encoder.dim)
        unknown = np.array([i for i, digest in enumerate(sha256) if digest not in known], np.int64)
        missing = self._embed_held(sha256, unknown, known)
        faults: dict[int, Fault] = {}
        if len(missing):
            with self.watch.stage("re-measure", len(missing)):
                files = [self.stock.files[i] for i in rows[missing]]
                for at, vectors, broken in embed_files(
                    files, encoder, self.config, self.watch, self._embedder.pool(encoder)
                ):
                    faults |= {int(rows[missing[i]]): fault for i, fault in broken.items()}
                    known |= {sha256[missing[i]]: vector for i, vector in zip(at, vectors, strict=True)}
        if len(unknown):
            self.store.remember(REMEASURED_FILE, encoder.key, known)
        if faults:
            raise FilesLost(faults)
        return np.stack([known[digest] for digest in sha256]) if len(rows) else np.zeros((0, encoder.dim), np.float32)

    def _embed_held(self, sha256: list[str], at: Rows, known: dict[str, npt.NDArray[np.float32]]) -> Rows:
        """Add to ``known`` the embeddings in fp32 of contents ``sha256[at]`` whose views are held; returns the rest."""
        if self.views is None:
            return at
        places = self.views.places([sha256[i] for i in at])
        held = at[places >= 0]
        if len(held):
            with self.watch.stage("adapt", len(held)):
                for some, vectors in embed_views(
                    self.views.pixels, places[places >= 0], self.encoder("fp32"), self.watch
                ):
                    known |= {sha256[held[i]]: vector for i, vector in zip(some, vectors, strict=True)}
        return at[places < 0]

    def about(self) -> dict[str, Any]:
        """What ``run.json`` says of the encoder."""
        encoder = self.encoder()
        return {
            "name": encoder.card.name,
            "key": encoder.key,
            "dim": encoder.dim,
            "weights_sha256": encoder.card.weights_sha256,
            "device": encoder.device,
            "precision": encoder.precision,
            **self.yardstick.about(),
            "margin": MARGIN[encoder.precision],
        }
