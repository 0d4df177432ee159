"""Whitening transforms that ship with encoders, fitted on diverse photos by ``scripts/fit_prior.py``."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rfdedup.metric.descriptor import Whitening

if TYPE_CHECKING:
    from rfdedup.encoders.base import ModelCard

DATA = Path(__file__).parents[1] / "encoders" / "data"


def prior_of(card: ModelCard) -> Whitening | None:
    """The shipped transform of an encoder with exactly these weights, or None."""
    facts = prior_facts(card.name)
    if facts is None or facts["weights_sha256"] != card.weights_sha256:
        return None
    return _load(card.name)


@cache
def prior_facts(name: str) -> dict[str, Any] | None:
    """What the shipped transform of an encoder was fitted on and with; None where none ships."""
    file = _file(name).with_suffix(".json")
    if not file.is_file():
        return None
    facts: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return facts


@cache
def _load(name: str) -> Whitening:
    return Whitening.load(_file(name))


def _file(name: str) -> Path:
    # names such as onnx:FILE are no file names and have no shipped prior
    safe = name if name.replace("-", "").isalnum() else "none"
    return DATA / f"{safe.replace('-', '_')}_prior.npz"
