"""rfdedup: turn a raw pile of images into a clean data set, with one proof per dropped image."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from rfdedup.encoders import load_encoder
    from rfdedup.errors import RfdedupError
    from rfdedup.funnel import refine
    from rfdedup.kings import crown
    from rfdedup.results import Run
    from rfdedup.similarity.cosine import cosine_links
    from rfdedup.similarity.hamming import hamming_links

__all__ = ["RfdedupError", "Run", "cosine_links", "crown", "hamming_links", "load_encoder", "refine"]

_HOMES = {
    "RfdedupError": "rfdedup.errors",
    "Run": "rfdedup.results",
    "cosine_links": "rfdedup.similarity.cosine",
    "crown": "rfdedup.kings",
    "hamming_links": "rfdedup.similarity.hamming",
    "load_encoder": "rfdedup.encoders",
    "refine": "rfdedup.funnel",
}


def __getattr__(name: str) -> Any:
    """Import public names when first used, so that ``import rfdedup`` is fast."""
    if name not in _HOMES:
        raise AttributeError(f"module 'rfdedup' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
