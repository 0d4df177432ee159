"""Whether two pictures show the same: pure functions of pixels.

``make_view`` prepares a picture, ``compare`` decides a pair.
"""

from rfdedup.comparison.compare import change_map, compare
from rfdedup.comparison.keypoints import Keypoints
from rfdedup.comparison.model import VIEW_SIDE, ChangeLimits, View, make_view
from rfdedup.comparison.words import sentence
from rfdedup.model.evidence import Evidence, Kind, Side

__all__ = [
    "VIEW_SIDE",
    "ChangeLimits",
    "Evidence",
    "Keypoints",
    "Kind",
    "Side",
    "View",
    "change_map",
    "compare",
    "make_view",
    "sentence",
]
