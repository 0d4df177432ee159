"""Tiers 2 and 3 where pictures decide: propose, compare, choose kings, and compare with these until nothing is open."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from rfdedup.encoders.run_encoder import RunEncoder, facts_of
from rfdedup.keepers.confirmed import (
    Compared,
    as_links,
    further_kings,
    pairs_of_families,
    proposed_by_hash,
)
from rfdedup.keepers.coverage import Coverage, parts_of_collages, shown_together
from rfdedup.keepers.preferences import preferences
from rfdedup.keepers.selection import KingSelection
from rfdedup.metric.whitening import WhiteningChoice
from rfdedup.model.config import RunConfig
from rfdedup.model.constants import THUMB_SIDE
from rfdedup.model.faults import Faults
from rfdedup.model.image_set import ImageSet
from rfdedup.model.links import Links
from rfdedup.model.proposals import Proposals
from rfdedup.model.schemas import Tier
from rfdedup.neighbors.thumbnails import thumb_rms
from rfdedup.neighbors.vectors import pair_scores
from rfdedup.pipeline.comparing import Comparer
from rfdedup.pipeline.embedding import Embedder
from rfdedup.pipeline.proposal_settings import (
    LARGEST_FAMILY,
    MOST_IMAGES_FOR_PARTS,
    PANELS,
    PARTS,
    ROUNDS,
    STRONG,
    TURNED_RADIUS,
    proposal_descriptor,
    proposal_floor,
)
from rfdedup.pipeline.standing import Standing
from rfdedup.runtime.progress import Watch
from rfdedup.stages.perceptual import MIN_CONTRAST, MIN_DHASH_BITS, luminance
from rfdedup.stages.propose import (
    between,
    by_embeddings,
    by_hashes,
    by_panels,
    by_parts,
    by_turned_hashes,
    turned_codes,
    unlike_in_detail,
)
from rfdedup.storage.feature_store import FeatureStore
from rfdedup.storage.half_precision import HalfPrecision
from rfdedup.storage.packed_rows import PackedRows

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_BLOCK: Final = 8192


@dataclass
class PictureSearch:
    """One search for duplicates among rows of a run.

    Attributes:
        standing: the rows that are compared, one of each content. A file that is lost on the way leaves its place to
            another with the same bytes, with all that was found; where there is none, its pairs go.
        floor: least cosine similarity of a proposal.
    """

    image_set: ImageSet
    store: FeatureStore
    config: RunConfig
    selection: KingSelection
    watch: Watch
    encoder: RunEncoder | None
    standing: Standing
    _failed: Rows = field(init=False)
    _embedded: Rows = field(init=False)
    floor: float = 1.0
    _choice: WhiteningChoice | None = None
    _proposed: Proposals = field(default_factory=Proposals.none)

    def run(self) -> tuple[Rows, Rows, Links, Compared]:
        """Kings among the rows that stand for a content: king and place of each row, links, compared pairs."""
        n = self.image_set.features.num_rows
        assert self.config.same != "meaning"  # noqa: S101 - that rule compares no pictures
        compared = Compared(n, self.config.same)
        self._coverage = Coverage(self.image_set.features, self.selection.thumbs)
        self._failed, self._embedded = np.zeros(n, np.int64), np.full(n, -1)
        self._dhash, self._phash = (
            self.image_set.features[name].fill_null(0).to_numpy() for name in ("dhash", "phash")
        )
        self._forms = np.zeros((8, n), np.uint64)
        with Comparer.of(self.image_set, self.store, self.config, self.watch) as self._comparer:
            if "hash" in self.config.tiers and self.config.hash.perceptual:
                self._compare_rounds(compared, self._by_hashes(self.standing.distinct))
            if self.encoder is None:
                return self._settle(compared)
            with Embedder(self.config, self.image_set, self.store, self.watch, self.encoder) as self._embedder:
                self._propose_by_embeddings(compared)
                return self._settle(compared)

    def about(self) -> dict[str, Any] | None:
        """What ``run.json`` says of the encoder and of how embeddings propose."""
        if self.encoder is None or self._choice is None:
            return None
        encoder = self.encoder()
        return {
            **facts_of(encoder),
            "descriptor": self._choice.descriptor,
            "whitening": self._choice.as_dict(),
            "threshold": self.floor,
            "threshold_told_by": {
                "origin": "given" if self.config.compare.floor != "auto" else "floor",
                "reason": f"pairs from {self.floor} on are proposed, and the pictures decide",
            },
        }

    @property
    def _turned_radius(self) -> int:
        return min(TURNED_RADIUS, self.config.hash.radius)

    def _lose(self, compared: Compared, lost: Faults) -> Rows:
        """Let others stand for what cannot be read again; returns who has the place of each row, as ``lose`` does."""
        step = self.standing.lose(lost)
        compared.rename(step)
        self._proposed = self._proposed.renamed(step)
        gone = np.array(sorted(lost), np.int64)
        old = gone[step[gone] >= 0]
        for values in (self._failed, self._embedded, *self._forms):
            values[step[old]] = values[old]
        self._embedded[gone] = -1
        return step

    def _by_hashes(self, rows: Rows) -> Proposals:
        contrast = self.image_set.features["contrast"].fill_null(0.0).to_numpy()
        bits = np.bitwise_count(self._dhash[rows])
        telling = rows[(contrast[rows] >= MIN_CONTRAST) & (bits >= MIN_DHASH_BITS) & (bits <= 64 - MIN_DHASH_BITS)]
        most = self.config.compare.neighbours
        found = by_hashes(telling, self._dhash, self._phash, self._thumb_distance, self.config.hash.radius, most)
        if self.config.compare.turned and len(telling):
            for begin in range(0, len(telling), _BLOCK):
                part = telling[begin : begin + _BLOCK]
                self._forms[:, part] = turned_codes(self._grey_thumbs(part).reshape(-1, THUMB_SIDE, THUMB_SIDE))
            turned = by_turned_hashes(telling, self._forms[:, telling], self._turned_radius, most)
            found = Proposals.join(found, turned)
        return found

    def _panels(self, rows: Rows) -> list[bytes | None]:
        return self.store.panels(self.image_set.shard[rows], self.image_set.row[rows])

    def _grey_thumbs(self, rows: Rows) -> npt.NDArray[np.uint8]:
        return luminance(self.selection.thumbs(rows))

    def _thumb_distance(self, a: Rows, b: Rows) -> npt.NDArray[np.float64]:
        seen = np.unique(np.concatenate([a, b]))
        grey = np.empty((len(seen), THUMB_SIDE * THUMB_SIDE), np.uint8)
        for begin in range(0, len(seen), _BLOCK):
            grey[begin : begin + _BLOCK] = self._grey_thumbs(seen[begin : begin + _BLOCK])
        return thumb_rms(grey, np.searchsorted(seen, a), np.searchsorted(seen, b), centred=True)

    def _propose_by_embeddings(self, compared: Compared) -> None:
        """Embed what the hashes leave, and compare the nearest."""
        assert self.encoder is not None  # noqa: S101 - asked before
        self._choice = proposal_descriptor(self.config, self.encoder().card)
        self._described, self._local = HalfPrecision(self.store.folder), PackedRows(self.store.folder)
        lost = -1
        while lost != len(self.standing.faults):
            if lost >= 0:
                # kings are chosen again among what the lost ones leave
                self._compare_rounds(compared, self._proposed)
            # an overlay may turn out to be content: what rests on it is embedded as well
            certain = compared.certain()
            king, _ = self._crowned(compared, certain, certain)
            left = self.standing.distinct
            lost = len(self.standing.faults)
            self._embed(compared, left[king[left] == left])
        rows = np.flatnonzero(self._embedded >= 0)
        rows = rows[np.argsort(self._embedded[rows])]
        self.floor = proposal_floor(self.config, self._choice.descriptor, len(rows))
        with self.watch.stage("propose", len(rows)):
            found = self._near_in_detail(
                by_embeddings(rows, self._described.rows, self.floor, self.config.compare.neighbours)
            )
            if self.config.looks_for_parts:
                parts = by_panels(rows, self._panels, self._grey_thumbs, PANELS)
                if len(rows) <= MOST_IMAGES_FOR_PARTS:
                    parts = Proposals.join(parts, by_parts(rows, self._local.take, PARTS))
                cosine = _cosines(self._described.rows, self._embedded[parts.a], self._embedded[parts.b])
                found = Proposals.join(found, replace(parts, cosine=cosine))
            self.watch.advance(len(rows))
        self._compare_rounds(compared, found)

    def _near_in_detail(self, found: Proposals) -> Proposals:
        """Proposals by embeddings without those whose local features contradict them."""
        unlike = unlike_in_detail(self._embedded[found.a], self._embedded[found.b], self._local.take)
        return found.take(~unlike)

    def _embed(self, compared: Compared, rows: Rows) -> None:
        """Embed and describe rows that are not described yet, or what stands for them where they cannot be read."""
        assert self.encoder is not None  # noqa: S101 - nothing is embedded without
        assert self._choice is not None  # noqa: S101 - set before
        rows = rows[self._embedded[rows] < 0]
        while lost := self._embedder.embed(rows):
            rows = self._lose(compared, lost)[rows]
            rows = rows[rows >= 0]
        rows = self._embedder.have(rows)
        dim, describe = self.encoder().dim, self._choice.describe
        known = len(self._described.rows)
        parts = (rows[begin : begin + _BLOCK] for begin in range(0, len(rows), _BLOCK))
        self._described.extend(
            (describe(self.store.gather(self.image_set.shard[at], self.image_set.row[at], dim)) for at in parts),
            len(rows),
        )
        parts = (rows[begin : begin + _BLOCK] for begin in range(0, len(rows), _BLOCK))
        self._local.extend(self.store.local_features(self.image_set.shard[at], self.image_set.row[at]) for at in parts)
        self._embedded[rows] = known + np.arange(len(rows))

    def _compare_rounds(self, compared: Compared, proposed: Proposals) -> None:
        """Compare proposals: each image with its likely king first, then with the nearest that it is not joined to."""
        proposed = compared.fresh(proposed.take(self.selection.may_be_same(proposed.a, proposed.b)))
        self._proposed = Proposals.join(self._proposed, proposed)
        self._compare(compared, self._with_likely_kings(compared))
        lost = -1
        while lost != len(self.standing.faults):
            if lost >= 0:
                # what a lost file joined is apart again
                proposed = self._proposed
            lost = len(self.standing.faults)
            proposed = compared.fresh(proposed.renamed(self.standing.now))
            nearness = proposed.nearness()
            for first, last in ROUNDS:
                family = compared.scenes()
                apart = family[proposed.a] != family[proposed.b]
                self._compare(compared, proposed.take((nearness >= first) & (nearness < last) & apart))

    def _with_likely_kings(self, compared: Compared) -> Proposals:
        """Each image with the king that it would have if all strong proposals were confirmed.

        Where they are, one comparison an image is enough.
        """
        strong = self._strong()
        at = compared.find(strong.a, strong.b)
        good, _ = compared.accepted()
        open_ = strong.take((at < 0) | good[at] if len(good) else at < 0)
        links = Links.join(compared.links(), as_links(open_))
        king, _ = self._crowned(compared, links, links)
        rows = np.flatnonzero(king != np.arange(compared.n))
        pairs = self._measured(compared, rows, king[rows])
        return compared.fresh(pairs.take(self.selection.may_be_same(pairs.a, pairs.b)))

    def _strong(self) -> Proposals:
        """Proposals by hashes, and by embeddings that are clearly alike."""
        pairs = self._proposed
        return pairs.take(proposed_by_hash(pairs) | (pairs.cosine >= self.floor + STRONG))

    def _compare(self, compared: Compared, pairs: Proposals) -> None:
        pairs = compared.fresh(pairs.renamed(self.standing.now))
        while len(pairs):
            evidence, lost = self._comparer.compare(pairs.a, pairs.b)
            compared.add(pairs, evidence)
            if not lost:
                return
            # what took the place of a lost file was not compared where that one could not be
            pairs = compared.fresh(pairs.renamed(self._lose(compared, lost)))

    def _kings(self, compared: Compared) -> tuple[Rows, Rows, Links]:
        """King and place of each row by what is confirmed so far, and the links that may make subjects.

        Images are ranked beside all that confirmed links join them to over any number of steps, compared or not; in
        large families beside those that are proposed with them.
        """
        links = compared.links()
        # what a collage was made of is of several families
        collage = self._coverage.collages(compared)
        links = links.take(collage[links.a] == collage[links.b])
        family = compared.families(links)
        strong = self._strong()
        joined = strong.take(family[strong.a] == family[strong.b])
        a, b = pairs_of_families(family, LARGEST_FAMILY)
        one, other = (np.concatenate(parts) for parts in ((links.a, joined.a, a), (links.b, joined.b, b)))
        # each pair once, whatever found it: it has one vote
        beside = Links.join(Links.make(one, other, Tier.PERCEPTUAL, np.zeros(len(one))))
        king, place = self._crowned(compared, links, beside)
        links = compared.links()
        links = links.take(self.selection.permits(links.a, links.b, place))
        return king, place, links.take(self._whole(compared, links, place))

    def _whole(self, compared: Compared, links: Links, place: Rows) -> Mask:
        """Links whose better picture shows enough of the worse one, and is no collage: these show less of each part."""
        first = place[links.a] < place[links.b]
        worse, better = np.where(first, links.b, links.a), np.where(first, links.a, links.b)
        return self._coverage.enough(compared, worse, better) & ~self._coverage.collages(compared)[better]

    def _crowned(self, compared: Compared, links: Links, evidence: Links) -> tuple[Rows, Rows]:
        """King and place of each row by some links, ranked beside each other by ``evidence``."""
        while lost := self.selection.lost(evidence):
            step = self._lose(compared, lost)
            links, evidence = links.renamed(step), evidence.renamed(step)
        distinct, told = self.standing.distinct, preferences(compared, self.image_set.features)
        place = self.selection.place(evidence, distinct, *told)
        nobody = np.zeros(compared.n, np.bool_)
        links = links.take(self._whole(compared, links, place))
        return self.selection.kings(links, place, nobody, lambda rows, _: rows), place

    def _settle(self, compared: Compared) -> tuple[Rows, Rows, Links, Compared]:
        """Compare what nobody covers with the kings of its component, until there is nothing left to compare."""
        while True:
            king, place, links = self._kings(compared)
            one, other = further_kings(compared, links, king, place, self._failed)
            lost = len(self.standing.faults)
            # a part of a collage may have gone for a king that shows as much
            parts = parts_of_collages(self._coverage, compared, king)
            pairs = Proposals.join(self._measured(compared, one, other), self._with_cosines(compared, parts))
            pairs = compared.fresh(pairs.take(self.selection.may_be_same(pairs.a, pairs.b)))
            if not len(pairs) and lost == len(self.standing.faults):
                may_go = ~(self.selection.protected | self.selection.demands.keep)
                together = shown_together(self._coverage, compared, king, may_go)
                compared.others = {row: kings[1:] for row, kings in together.items()}
                king[list(together)] = [kings[0] for kings in together.values()]
                return king, place, compared.links(), compared
            if lost != len(self.standing.faults):
                self._compare_rounds(compared, self._proposed)
                continue
            self._compare(compared, pairs)
            at, (good, _) = compared.find(one, other), compared.accepted()
            np.add.at(self._failed, one[(at < 0) | ~good[at]], 1)

    def _with_cosines(self, compared: Compared, pairs: Proposals) -> Proposals:
        """Proposals by details that agree, with the similarity of their embeddings."""
        if self.encoder is None or not len(pairs):
            return Proposals.none()
        self._embed(compared, np.unique(np.concatenate([pairs.a, pairs.b])))
        pairs = pairs.take((self._embedded[pairs.a] >= 0) & (self._embedded[pairs.b] >= 0))
        return replace(pairs, cosine=_cosines(self._described.rows, self._embedded[pairs.a], self._embedded[pairs.b]))

    def _measured(self, compared: Compared, a: Rows, b: Rows) -> Proposals:
        """Pairs of images with the score by which they are near enough to be proposed; others are left out."""
        bits, turned = between((a, b), self._dhash, self._phash, self._forms, self.config.hash.radius)
        hashed = bits <= np.where(turned, self._turned_radius, self.config.hash.radius)
        hashed &= "hash" in self.config.tiers and self.config.hash.perceptual
        straight, around = hashed & ~turned, hashed & turned
        found = Proposals.join(
            Proposals.make(a[straight], b[straight], bits=bits[straight]),
            Proposals.make(a[around], b[around], bits=bits[around], turned=True),
        )
        rest = np.flatnonzero(~hashed)
        # before embeddings propose, hashes alone do
        if self.encoder is None or self._choice is None or not len(rest):
            return found
        self._embed(compared, np.unique(np.concatenate([a[rest], b[rest]])))
        rest = rest[(self._embedded[a[rest]] >= 0) & (self._embedded[b[rest]] >= 0)]
        cosine = _cosines(self._described.rows, self._embedded[a[rest]], self._embedded[b[rest]])
        near = cosine >= self.floor
        alike = Proposals.make(a[rest[near]], b[rest[near]], cosine=cosine[near])
        return Proposals.join(found, self._near_in_detail(alike))


def _cosines(vectors: npt.NDArray[np.float16], a: Rows, b: Rows) -> npt.NDArray[np.float64]:
    return pair_scores(vectors, a, b).astype(np.float64) if len(a) else np.empty(0)
