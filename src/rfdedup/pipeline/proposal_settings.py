"""How many pairs are proposed and compared: what ``run.json`` says of it, so that old runs are read with theirs."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any, Final

from rfdedup.comparison import VIEW_SIDE
from rfdedup.encoders.base import ModelCard
from rfdedup.keepers.confirmed import LEAST_SHARING, MOST_FAILED
from rfdedup.keepers.coverage import LEAST_SHOWN, TOGETHER
from rfdedup.metric.whitening import RAW, WhiteningChoice, full_prior_of
from rfdedup.model.config import RunConfig
from rfdedup.neighbors.local_match import LEAST_AGREEING
from rfdedup.stages.compare import VERSION, change_limits
from rfdedup.stages.propose import LEAST_FEATURES, PANEL_CORRELATION, PANEL_RADIUS

ROUNDS: Final = ((0, 1), (1, 3), (3, 1 << 30))
"""Which of the nearest of each image are compared together, as far as their images are not joined yet."""
LARGEST_FAMILY: Final = 32
"""Images that confirmed links join, up to which all pairs of them are ranked beside each other."""
STRONG: Final = 0.30
"""How far above the floor a cosine similarity makes two images likely enough to be ranked beside each other."""
FLOOR_WHITENED: Final = 0.30
"""Whitened cosine of 1 in 20 copies cut to a quarter is below 0.4, of unrelated pictures 1 in 10,000 above 0.3."""
FLOOR_RAW: Final = 0.60
FLOOR_RISE: Final = 0.025
"""By which the floor rises each time the number of images doubles: unrelated pairs grow with its square."""
FLOOR_IMAGES: Final = 4096
"""Images up to which the floor is the lowest."""
PARTS: Final = 4
"""Images that share most details with each, whose details are then laid over each other."""
PANELS: Final = 9
"""Pictures that look like a panel of each, as many as a usual collage has."""
MOST_IMAGES_FOR_PARTS: Final = 150_000
"""Beyond, parts of pictures are not looked for: words of local features take 4 kB an image in memory."""
TURNED_RADIUS: Final = 6
"""Bits up to which hashes of a turned form propose."""


def proposal_floor(config: RunConfig, descriptor: str, images: int) -> float:
    """Least cosine similarity of a proposal among so many images."""
    if config.compare.floor != "auto":
        return config.compare.floor
    lowest = FLOOR_WHITENED if descriptor == "whitened" else FLOOR_RAW
    doublings = max(math.log2(max(images, 1) / FLOOR_IMAGES), 0.0)
    return round(min(lowest + FLOOR_RISE * doublings, 0.9), 4)


def proposal_descriptor(config: RunConfig, card: ModelCard) -> WhiteningChoice:
    """How embeddings are compared to propose pairs: whitened by what ships with the encoder, where there is that."""
    prior = full_prior_of(card)
    if config.semantic.descriptor == "raw" or prior is None:
        reason = RAW.reason if config.semantic.descriptor == "raw" else "no whitening ships with this encoder"
        return WhiteningChoice("none", None, 0, reason)
    return WhiteningChoice(
        "prior", prior.whitening, 0, "what ships with the encoder: embeddings propose, pictures decide"
    )


def about_comparison(config: RunConfig) -> dict[str, Any]:
    """What decides whether a pair is compared and what it shows, for ``run.json``.

    Constants of the alignment itself are not among it: ``version`` stands for them.
    """
    return {
        "version": VERSION,
        "same": config.same,
        "limits": asdict(change_limits(config)),
        "neighbours": config.compare.neighbours,
        "floor": {"whitened": FLOOR_WHITENED, "raw": FLOOR_RAW, "rise": FLOOR_RISE, "images": FLOOR_IMAGES},
        "parts": {"neighbours": PARTS, "most_images": MOST_IMAGES_FOR_PARTS, "agreeing": LEAST_AGREEING},
        "panels": {"neighbours": PANELS, "radius": PANEL_RADIUS, "correlation": PANEL_CORRELATION},
        "least_features": LEAST_FEATURES,
        "strong": STRONG,
        "largest_family": LARGEST_FAMILY,
        "rounds": [list(part) for part in ROUNDS],
        "turned_radius": min(TURNED_RADIUS, config.hash.radius),
        "crowd": LEAST_SHARING,
        "least_shown": LEAST_SHOWN,
        "shown_together": TOGETHER,
        "most_failed": MOST_FAILED,
        "view_side": VIEW_SIDE,
    }
