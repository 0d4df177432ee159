"""Whether two pictures show the same: pure functions of pixels.

``make_view`` prepares a picture, ``compare`` decides a pair.
"""

from rfdedup.comparison.compare import change_map, compare
from rfdedup.comparison.keypoints import Keypoints
from rfdedup.comparison.model import VIEW_SIDE, Evidence, Kind, Limits, Side, View, make_view
from rfdedup.comparison.words import sentence

__all__ = [
    "VIEW_SIDE",
    "Evidence",
    "Keypoints",
    "Kind",
    "Limits",
    "Side",
    "View",
    "change_map",
    "compare",
    "make_view",
    "sentence",
]
