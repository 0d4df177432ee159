"""int8 forms of networks, by NNCF's post-training quantisation on the user's own images."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from rfdedup.encoders import cache
from rfdedup.encoders.base import Embeddings
from rfdedup.encoders.preprocess import Rgb
from rfdedup.model.errors import EncoderError, MissingExtraError

CALIBRATION_IMAGES = 300
"""As many as NNCF uses by default; more do not move its statistics."""
FEWEST_IMAGES = 32


def find(name: str, base: str) -> tuple[Path, str]:
    """Model file of the latest int8 form of the network whose identity is ``base``, and a suffix for its key.

    Raises:
        EncoderError: none was made yet.
    """
    made = _made(name, base)
    if not made:
        raise EncoderError(
            f"encoder {name} has no int8 form yet; make one with your own images: "
            f"rfdedup encoders add {name} --calibrate FOLDER (and --weights FILE where it needs them)"
        )
    return made[-1].model, f"-int8-{cache.entry_id(made[-1].facts)}"


def exists(name: str, base: str) -> bool:
    """Whether ``find`` would find one."""
    return bool(_made(name, base))


def _made(name: str, base: str) -> list[cache.Entry]:
    return [entry for entry in cache.entries(_int8_name(name)) if entry.facts["base"] == base]


def quantise(name: str, base: str, model: Path, images: Sequence[Rgb]) -> cache.Entry:
    """Quantise ``model``, calibrated on prepared ``images``, into the cache.

    Args:
        name: of the encoder.
        base: identity of the network that ``model`` is.
        model: ONNX or OpenVINO XML file whose input is uint8 (n, H, W, 3).
        images: at least 32 prepared images, each uint8 (H, W, 3), typical of what will be embedded.

    Raises:
        MissingExtraError: NNCF is not installed.
        EncoderError: too few images, or the cache cannot be written.
    """
    try:
        import nncf
    except ImportError:
        raise MissingExtraError("nncf", "int8", "making an int8 network") from None
    import openvino

    if len(images) < FEWEST_IMAGES:
        raise EncoderError(f"calibration needs at least {FEWEST_IMAGES} readable images; found {len(images)}")
    images = images[:CALIBRATION_IMAGES]
    facts = {
        "name": _int8_name(name),
        "base": base,
        "calibration_sha256": hashlib.sha256(np.stack(images).tobytes()).hexdigest(),
        "images": len(images),
        "nncf": version("nncf"),
    }

    def write(target: Path) -> None:
        nncf.set_log_level(40)
        graph = openvino.Core().read_model(model)
        data = nncf.Dataset([image[None] for image in images])
        # its progress bars would mix with what the command prints
        with redirect_stdout(sys.stderr):
            small = nncf.quantize(
                graph,
                data,
                # activations that take both signs are quantised asymmetrically
                preset=nncf.QuantizationPreset.MIXED,
                subset_size=len(images),
                # pooling raises to a power: quantised, it would nearly double the error and save nothing
                ignored_scope=nncf.IgnoredScope(names=_after_the_last_convolution(graph), validate=False),
            )
        openvino.save_model(small, target, compress_to_fp16=False)

    return cache.store(_int8_name(name), facts, write)


def _after_the_last_convolution(graph: Any) -> list[str]:
    operations = graph.get_ordered_ops()
    last = max((i for i, one in enumerate(operations) if one.get_type_name().endswith("Convolution")), default=-1)
    plumbing = ("Constant", "Result", "Parameter")
    return [one.get_friendly_name() for one in operations[last + 1 :] if one.get_type_name() not in plumbing]


def _int8_name(name: str) -> str:
    return f"int8.{name}"


@dataclass(frozen=True)
class Change:
    """How far cosine similarities of pairs moved between two forms of a network.

    Attributes:
        pairs: number of pairs compared.
        largest, p99: of the absolute change.
        flips: share of pairs that changed sides at ``threshold``.
        threshold: raw cosine similarity.
    """

    pairs: int
    largest: float
    p99: float
    flips: float
    threshold: float


def change(reference: Embeddings, other: Embeddings, threshold: float) -> Change:
    """Compare all pairs of rows, (n, d) each, at ``threshold``."""
    pairs = np.triu_indices(len(reference), 1)
    before, after = (_cosines(x)[pairs] for x in (reference, other))
    delta = np.abs(before - after)
    return Change(
        pairs=len(delta),
        largest=float(delta.max()),
        p99=float(np.percentile(delta, 99)),
        flips=float(((before >= threshold) != (after >= threshold)).mean()),
        threshold=threshold,
    )


def _cosines(x: Embeddings) -> Embeddings:
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    return np.asarray(unit @ unit.T, np.float32)
