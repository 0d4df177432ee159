"""What a configuration asks of the code that decodes and measures, and the identity of what that measures."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Final

from rfdedup.imaging import DecodeLimits
from rfdedup.model.config import RunConfig
from rfdedup.model.schemas import FEATURE_VERSION

_OPTIONAL_DECODERS: Final = ("pillow-heif", "rawpy")


def limits_of(config: RunConfig) -> DecodeLimits:
    """What one file may cost."""
    return DecodeLimits(max_pixels=int(config.limits.max_megapixels * 1_000_000))


def feature_key(config: RunConfig) -> str:
    """Identity of what pass 1 measures: code, parameters and decoder versions. Other features are not reused.

    With an extra that reads more formats, what was an error without it is measured again, and so is the rest.
    """
    decoders = ["opencv-python-headless", "pillow", "simplejpeg", *_OPTIONAL_DECODERS]
    versions = " ".join(f"{name} {found}" for name in decoders if (found := _installed(name)) is not None)
    parts = " parts" if config.looks_for_parts else ""
    return f"v{FEATURE_VERSION} scale {config.quality.scale}{parts} {versions}"


def _installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
