"""What the tiers say of measured images: junk, exact copies, what is alike or the same, kings and subjects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfdedup.encoders.run_encoder import RunEncoder
from rfdedup.features.quality import QualityChecks, check_quality
from rfdedup.keepers.compatible import Compatible
from rfdedup.keepers.confirmed import Compared
from rfdedup.keepers.constraints import Constraints
from rfdedup.keepers.globs import matches
from rfdedup.keepers.selection import KingSelection, most_links
from rfdedup.model.config import RunConfig
from rfdedup.model.faults import Fault
from rfdedup.model.image_set import ImageSet
from rfdedup.model.links import Links, with_exact
from rfdedup.model.schemas import Tier
from rfdedup.pipeline.duplicates import PictureSearch
from rfdedup.pipeline.full_size import FullScale
from rfdedup.pipeline.semantic import SemanticKings, SemanticTier
from rfdedup.pipeline.standing import Standing
from rfdedup.runtime.memory import return_freed
from rfdedup.runtime.progress import Watch
from rfdedup.stages.exact import exact_representatives
from rfdedup.stages.perceptual import PerceptualLinks, find_perceptual_links
from rfdedup.stages.stored_links import worth_keeping
from rfdedup.stages.verdicts import Duplicates, observed_flags, settle
from rfdedup.storage.feature_store import FeatureStore

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Linked:
    """What tiers 2 and 3 say of n rows.

    Attributes:
        faults: of each row, also of those that could not be read again.
        representative: (n,) the row with the same bytes that was compared in each row's place.
        king: (n,) of representatives. rank: (n,) places by which kings were chosen.
        links: those that are written down. thresholds: bound of each tier.
        compared: the pairs of pictures that were compared; None where a cosine similarity decides.
        encoder: what ``run.json`` says of the encoder, None where there is none.
    """

    faults: list[Fault | None]
    representative: Rows
    king: Rows
    rank: Rows
    links: Links
    thresholds: dict[Tier, float]
    compared: Compared | None
    encoder: dict[str, Any] | None


@dataclass(frozen=True)
class Findings:
    """What the tiers say of each row."""

    faults: list[Fault | None]
    quality: QualityChecks
    flags: pa.Array
    duplicates: Duplicates
    linked: Linked


def judge(
    image_set: ImageSet,
    store: FeatureStore,
    config: RunConfig,
    encoder: RunEncoder | None,
    tier3: SemanticTier | None,
    demands: Constraints,
    watch: Watch,
    companions: Rows | None = None,
) -> Findings:
    """Tiers 1 to 3 over measured rows, as far as reviewers leave it to them. ``companions`` are files beside each.

    Files that turn out unreadable on the way are errors, never paired.
    """
    faults = [
        (kind, detail) if kind is not None else None
        for kind, detail in zip(
            image_set.features["error"].to_pylist(), image_set.features["error_detail"].to_pylist(), strict=True
        )
    ]
    verdict = check_quality(image_set.features, config.quality, active="quality" in config.tiers)
    protected = matches(image_set.features, config.keep.protect)
    # what a reviewer says comes before what a pattern says
    verdict = verdict.overruled(demands.keep | (protected & ~demands.drop), demands.drop)
    full_size = FullScale(image_set, store, config, watch)
    # in input order nobody asks which copy was enlarged
    refine, look = (full_size.refined, full_size.look) if config.keep.rule != "first" else (None, None)
    compatible = Compatible.of(
        image_set.features, lambda rows: store.frame_hashes(image_set.shard[rows], image_set.row[rows])
    )
    thumbs = image_set.thumbs_from(store)
    selection = KingSelection(
        image_set.features, config.keep, thumbs, protected, demands, refine, compatible, companions, look
    )
    flags = observed_flags(image_set, verdict.flags, protected)
    if config.same == "meaning":
        found = by_meaning(faults, verdict, image_set, config, selection, tier3)
    else:
        found = by_pictures(faults, verdict, image_set, store, config, selection, encoder, watch)
    stays = protected | demands.keep
    duplicates = settle(found.king, found.representative, found.links, stays, found.thresholds, found.compared)
    return Findings(found.faults, verdict, flags, duplicates, found)


def by_pictures(
    faults: list[Fault | None],
    verdict: QualityChecks,
    image_set: ImageSet,
    store: FeatureStore,
    config: RunConfig,
    selection: KingSelection,
    encoder: RunEncoder | None,
    watch: Watch,
) -> Linked:
    """Duplicates where hashes and embeddings propose pairs, and comparisons of the pictures decide."""
    rows = usable(faults, verdict)
    standing = Standing(
        exact_groups(rows, image_set, config, selection), rows, lambda: selection.place(Links.none(), rows)
    )
    search = PictureSearch(image_set, store, config, selection, watch, encoder, standing)
    king, place, links, compared = search.run()
    for row, fault in standing.faults.items():
        faults[row] = fault
    thresholds = {Tier.PERCEPTUAL: float(config.hash.radius), Tier.SEMANTIC: search.floor}
    written = with_exact(links, standing.of)
    return Linked(faults, standing.of, king, place, written, thresholds, compared, search.about())


def by_meaning(
    faults: list[Fault | None],
    verdict: QualityChecks,
    image_set: ImageSet,
    config: RunConfig,
    selection: KingSelection,
    tier3: SemanticTier | None,
) -> Linked:
    """Duplicates where hashes and a cosine similarity decide alone, and nobody compares pictures."""
    thresholds = {Tier.PERCEPTUAL: float(config.hash.radius)}
    while True:
        representative, found = kings_by_meaning(usable(faults, verdict), image_set, config, selection, tier3)
        if not found.lost:
            break
        # facts from now on: the round is made once more without these files
        for row, fault in found.lost.items():
            faults[row] = fault
    king, place, links = found.king, found.place, found.links
    if tier3 is not None:
        thresholds[Tier.SEMANTIC] = tier3.metric.threshold.value
    about = tier3.about() if tier3 is not None else None
    kept = worth_keeping(links, king, representative)
    return Linked(faults, representative, king, place, kept, thresholds, None, about)


def kings_by_meaning(
    rows: Rows, image_set: ImageSet, config: RunConfig, selection: KingSelection, tier3: SemanticTier | None
) -> tuple[Rows, SemanticKings]:
    """Representatives, (n,), and kings by hashes and a cosine similarity among usable ``rows``."""
    representative, tier2 = compare_hashes(rows, image_set, config, selection)
    distinct = np.unique(representative[rows])
    evidence = tier2.evidence(selection, distinct)
    if lost := selection.lost(evidence):
        return representative, SemanticKings(representative, representative, Links.none(), lost)
    place = selection.place(evidence, distinct)
    king = tier2.kings(selection, place)
    if tier3 is None:
        return representative, SemanticKings(king, place, tier2.known(distinct[king[distinct] == distinct]))
    return representative, tier3.crown(distinct, tier2, king, selection)


def usable(faults: list[Fault | None], verdict: QualityChecks) -> Rows:
    """Rows without a fault that are no junk, ascending."""
    return np.flatnonzero(np.array([fault is None for fault in faults], np.bool_) & ~verdict.dropped)


def exact_groups(rows: Rows, image_set: ImageSet, config: RunConfig, selection: KingSelection) -> Rows:
    """The row that stands for each content among usable rows, (n,) int64; rows stand for themselves elsewhere."""
    representative = np.arange(image_set.features.num_rows)
    if "hash" in config.tiers and config.hash.exact:
        rank = selection.place(Links.none(), rows)
        representative[rows] = exact_representatives(image_set.features["sha256"], rows, rank)
        return_freed()
    return representative


def compare_hashes(
    rows: Rows, image_set: ImageSet, config: RunConfig, selection: KingSelection
) -> tuple[Rows, PerceptualLinks]:
    """Tier 2: the row that stands for each content, (n,) int64, and what hashes say of those rows."""
    features = image_set.features
    representative = exact_groups(rows, image_set, config, selection)
    if "hash" not in config.tiers or not config.hash.perceptual:
        return representative, PerceptualLinks.none(features.num_rows)
    distinct = np.unique(representative[rows])
    tier2 = find_perceptual_links(
        distinct,
        features["dhash"].fill_null(0).to_numpy(),
        features["phash"].fill_null(0).to_numpy(),
        features["contrast"].fill_null(0.0).to_numpy(),
        selection.thumbs,
        config.hash.radius,
        most_links(len(distinct)),
    )
    return representative, tier2
