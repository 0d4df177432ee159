"""Tier 3: embed what the cheaper tiers let through, and link what is alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfdedup.encoders.run_encoder import RunEncoder, facts_of
from rfdedup.executors.embedding import embed_inputs
from rfdedup.keepers.selection import KingSelection
from rfdedup.metric.descriptor import Matrix
from rfdedup.metric.margins import FLOOR_BELOW, MARGIN, Bounds
from rfdedup.model.config import RunConfig
from rfdedup.model.faults import Faults
from rfdedup.model.image_set import ImageSet
from rfdedup.model.links import Links
from rfdedup.pipeline.early_embedding import SampleInputs
from rfdedup.pipeline.embedding import Embedder
from rfdedup.pipeline.metric_choice import MetricSample, RunMetric, refuse_early, settle_metric
from rfdedup.runtime.progress import Watch
from rfdedup.stages.cosine_links import CosineLinks
from rfdedup.stages.exact import first_of_each
from rfdedup.stages.perceptual import PerceptualLinks
from rfdedup.storage.feature_store import FeatureStore
from rfdedup.storage.half_precision import HalfPrecision
from rfdedup.storage.second_looks import REMEASURED_FILE, remember, remembered

Rows = npt.NDArray[np.int64]

_BLOCK = 8192
"""Rows that are described at a time."""


@dataclass(frozen=True)
class SemanticKings:
    """What tier 3 ends with: (n,) kings, (n,) places by which they were crowned, and all links that were measured.

    ``lost`` has files that could not be read again, by row; where there are any, the rest holds for nothing.
    """

    king: Rows
    place: Rows
    links: Links
    lost: Faults = field(default_factory=dict)


@dataclass
class SemanticTier:
    """Tier 3 of one run: which rows are embedded, how they are compared, and what the comparison says."""

    config: RunConfig
    image_set: ImageSet
    store: FeatureStore
    watch: Watch
    encoder: RunEncoder
    held_inputs: SampleInputs | None = None
    """Held until the metric is settled."""
    _metric: RunMetric | None = None
    _lost: Faults = field(default_factory=dict)
    _embedder: Embedder = field(init=False)
    _descriptors: HalfPrecision = field(init=False)

    @property
    def metric(self) -> RunMetric:
        """How this run compares embeddings; ``crown`` settles it."""
        assert self._metric is not None  # noqa: S101 - nobody asks before the kings are crowned
        return self._metric

    def crown(self, distinct: Rows, tier2: PerceptualLinks, king: Rows, selection: KingSelection) -> SemanticKings:
        """Kings over the links of all tiers.

        Only kings of the cheaper tiers are embedded at first. A subject whose king falls to another one, and that
        no remaining king is linked to, is embedded as well and compared with everything: so it is measured against
        its new king, or stays.

        Args:
            distinct: rows to compare, one per content.
            tier2: what hashes say of them.
            king: (n,) kings by hashes alone.
            selection: how kings are chosen.
        """
        self._lost = {}
        self._embedder = Embedder(self.config, self.image_set, self.store, self.watch, self.encoder)
        with self._embedder:
            return self._crown(distinct, tier2, king, selection)

    def _embed(self, rows: Rows) -> None:
        """Embed rows that the store does not hold yet; those that could not be read are lost."""
        self._lost |= self._embedder.embed(rows)

    def _have(self, rows: Rows) -> Rows:
        """Those of ``rows`` that can have an embedding."""
        return self._embedder.have(rows)

    def _crown(self, distinct: Rows, tier2: PerceptualLinks, king: Rows, selection: KingSelection) -> SemanticKings:
        late = self._have(distinct[king[distinct] == distinct])
        cheaper = tier2.evidence(selection, distinct)
        if self._metric is None:
            refuse_early(self.config, self.encoder().card, len(late))
        embedded, tier3 = late[:0], None
        while True:
            self._embed(late)
            metric = self._metric
            if not self._lost and metric is None:
                metric = self._settle(late)
            if self._lost:
                return self._cut_short(king)
            self._metric, self.held_inputs = metric, None
            embedded = np.concatenate([embedded, late])
            tier3 = self._compare(embedded, len(king), tier3)
            among_dense = tier3.evidence(selection, distinct)
            binding = tier3.links.take(tier3.links.score >= tier3.threshold)
            strong = among_dense.take(among_dense.score >= tier3.threshold)
            evidence = Links.join(cheaper, binding, strong)
            self._lost |= selection.lost(evidence)
            if self._lost:
                return self._cut_short(king)
            place = selection.place(evidence, embedded)
            known = tier2.known(embedded)
            king = tier3.kings(selection, place, Links.join(known, binding))
            if self._lost:
                return self._cut_short(king)
            alone = distinct[king[distinct] == distinct]
            late = self._have(tier2.thinned(alone[~np.isin(alone, embedded)], selection, place))
            if not len(late):
                links = Links.join(cheaper, known, tier3.links, among_dense, tier3.proofs(king))
                return SemanticKings(king, place, links)

    def _cut_short(self, king: Rows) -> SemanticKings:
        """What is returned where files are lost: without them, all may come out otherwise."""
        return SemanticKings(king, np.full(len(king), -1), Links.none(), dict(self._lost))

    def _settle(self, embedded: Rows) -> RunMetric:
        """Choose how to compare, from the rows that are embedded first."""
        rows = embedded[first_of_each(self.image_set.features["sha256"].take(pa.array(embedded)))]
        shard, row, encoder = self.image_set.shard, self.image_set.row, self.encoder()
        material = MetricSample(
            rows,
            [self.image_set.files[i] for i in rows],
            lambda most: self.store.gather(shard[rows[:most]], row[rows[:most]], encoder.dim),
            self._embed_again,
            encoder,
            lambda: self.encoder("fp32"),
            self._lost,
        )
        return settle_metric(self.config, material, self.store, self.watch)

    def _compare(self, rows: Rows, n: int, before: CosineLinks | None) -> CosineLinks:
        """Measure ``rows``, of n, against each other; ``before``, where there is one, knows about the first of them."""
        threshold = self.metric.threshold.value
        bounds = Bounds(threshold, max(threshold - FLOOR_BELOW, 0.05), MARGIN[self.encoder().precision])
        with self.watch.stage("link", len(rows)):
            vectors = self._described(rows, 0 if before is None else len(before.vectors))
            found = CosineLinks.make(rows, n, vectors, bounds, self._measure_again, before)
            self.watch.advance(len(rows))
        return found

    def _described(self, rows: Rows, known: int) -> npt.NDArray[np.float16]:
        """Descriptors of embedded rows, (m, k) float16; the first ``known`` have been asked for before."""
        describe, dim = self.metric.choice.describe, self.encoder().dim

        def blocks() -> Iterator[Matrix]:
            for begin in range(known, len(rows), _BLOCK):
                at = rows[begin : begin + _BLOCK]
                yield describe(self.store.gather(self.image_set.shard[at], self.image_set.row[at], dim))

        if known == 0:
            self._descriptors = HalfPrecision(self.store.folder)
        self._descriptors.extend(blocks(), len(rows) - known)
        return self._descriptors.rows

    def _measure_again(self, rows: Rows) -> Matrix:
        """Descriptors of ``rows`` in fp32."""
        return self.metric.choice.describe(self._embed_again(rows))

    def _embed_again(self, rows: Rows) -> Matrix:
        """Embeddings of ``rows`` in fp32, remembered in the run folder by content; of lost ones, those of the run."""
        if not self.encoder.sees_pictures:
            return self._stored(rows).astype(np.float32)
        encoder = self.encoder("fp32")
        sha256 = self.image_set.features["sha256"].take(pa.array(rows)).to_pylist()
        known = remembered(self.store, REMEASURED_FILE, encoder.key, encoder.dim)
        unknown = np.array([i for i, digest in enumerate(sha256) if digest not in known], np.int64)
        missing = self._embed_held(sha256, unknown, known)
        if len(missing):
            with self.watch.stage("re-measure", len(missing)):
                files = [self.image_set.files[i] for i in rows[missing]]
                for at, vectors, broken in self._embedder.embed_again(files, encoder):
                    self._lost |= {int(rows[missing[i]]): fault for i, fault in broken.items()}
                    known |= {sha256[missing[i]]: vector for i, vector in zip(at, vectors, strict=True)}
        if len(unknown):
            remember(self.store, REMEASURED_FILE, encoder.key, known)
        found = np.zeros((len(rows), encoder.dim), np.float32)
        for i, digest in enumerate(sha256):
            # of a lost file, what the run made: the round is made again without it
            found[i] = known[digest] if digest in known else self._stored(rows[i : i + 1])[0]
        return found

    def _stored(self, rows: Rows) -> npt.NDArray[np.float16]:
        return self.store.gather(self.image_set.shard[rows], self.image_set.row[rows], self.encoder().dim)

    def _embed_held(self, sha256: list[str], at: Rows, known: dict[str, npt.NDArray[np.float32]]) -> Rows:
        """Add to ``known`` the embeddings in fp32 of contents ``sha256[at]`` whose views are held; returns the rest."""
        if self.held_inputs is None:
            return at
        places = self.held_inputs.places([sha256[i] for i in at])
        held = at[places >= 0]
        if len(held):
            with self.watch.stage("adapt", len(held)):
                pixels = self.held_inputs.pixels
                for some, vectors in embed_inputs(pixels, places[places >= 0], self.encoder("fp32")):
                    self.watch.advance(len(some))
                    known |= {sha256[held[i]]: vector for i, vector in zip(some, vectors, strict=True)}
        return at[places < 0]

    def about(self) -> dict[str, Any]:
        """What ``run.json`` says of the encoder."""
        encoder = self.encoder()
        return {
            **facts_of(encoder),
            **self.metric.about(),
            "margin": MARGIN[encoder.precision],
        }
