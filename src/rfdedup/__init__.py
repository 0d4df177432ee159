"""rfdedup: turn a raw pile of images into a clean data set, with one proof per dropped image."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from rfdedup.model.version import __version__ as __version__

if TYPE_CHECKING:
    from rfdedup.encoders import load_encoder
    from rfdedup.encoders.function import as_encoder
    from rfdedup.keepers.crown import crown
    from rfdedup.model.errors import RfdedupError
    from rfdedup.neighbors.cosine import cosine_links
    from rfdedup.neighbors.hamming import hamming_links
    from rfdedup.outputs.review.explaining import explain
    from rfdedup.pipeline.pictures import compare, hashes
    from rfdedup.pipeline.results import Run
    from rfdedup.pipeline.run import refine

__all__ = [
    "RfdedupError",
    "Run",
    "as_encoder",
    "compare",
    "cosine_links",
    "crown",
    "explain",
    "hamming_links",
    "hashes",
    "load_encoder",
    "refine",
]

_HOMES = {
    "RfdedupError": "rfdedup.model.errors",
    "Run": "rfdedup.pipeline.results",
    "as_encoder": "rfdedup.encoders.function",
    "compare": "rfdedup.pipeline.pictures",
    "cosine_links": "rfdedup.neighbors.cosine",
    "crown": "rfdedup.keepers.crown",
    "explain": "rfdedup.outputs.review.explaining",
    "hamming_links": "rfdedup.neighbors.hamming",
    "hashes": "rfdedup.pipeline.pictures",
    "load_encoder": "rfdedup.encoders",
    "refine": "rfdedup.pipeline.run",
}


def __getattr__(name: str) -> Any:
    """Import public names when first used, so that ``import rfdedup`` is fast."""
    if name not in _HOMES:
        raise AttributeError(f"module 'rfdedup' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
