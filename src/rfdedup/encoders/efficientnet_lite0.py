"""The embedded encoder: EfficientNet-Lite0 with generalised-mean pooling, shipped inside the package."""

from __future__ import annotations

import json
from importlib.resources import as_file, files
from pathlib import Path

from rfdedup.encoders.base import Encoder, ModelCard, Threshold
from rfdedup.encoders.model_encoder import ModelEncoder
from rfdedup.encoders.preprocess import InputSpec
from rfdedup.model.errors import EncoderError

NAME = "efficientnet-lite0"
DIM = 1280
INPUT = InputSpec(224, 224, "bilinear")
MODEL = files("rfdedup.encoders").joinpath("data", "efficientnet_lite0.onnx")
REVISION = 1
"""Raise when embeddings of the same weights change their meaning."""
THRESHOLDS = {
    "whitened": Threshold(0.62, "815 cars and 250 photos: no false pair among 566,580"),
    "raw": Threshold(0.92, "815 cars and 250 photos: no false pair among 566,580"),
}


def model_card() -> ModelCard:
    """Facts about the shipped network, without loading it."""
    record = json.loads(files("rfdedup.encoders").joinpath("data", "efficientnet_lite0.json").read_text("utf-8"))
    return ModelCard(
        name=NAME,
        dim=DIM,
        input=INPUT,
        normalisation="(x - 127) / 128, inside the network",
        licence=record["licence"],
        weights_sha256=record["sha256"],
        source=record["source"],
        thresholds=THRESHOLDS,
    )


def load(*, weights: Path | None, device: str, precision: str) -> Encoder:
    """Load the embedded encoder.

    Raises:
        EncoderError: weights were given, or it cannot run on ``device`` or in ``precision``.
    """
    from rfdedup.encoders.openvino_runtime import OpenVinoRuntime

    if weights is not None:
        raise EncoderError(f"encoder {NAME} carries its own weights; leave out --weights, or use onnx:{weights}")
    if device not in ("auto", "cpu"):
        raise EncoderError(f"encoder {NAME} runs on the CPU only; leave out --device {device}")
    card = model_card()
    if precision == "int8":
        from rfdedup.encoders import quantised

        model, suffix = quantised.find(NAME, card.weights_sha256)
        runtime = OpenVinoRuntime(model, name=NAME, precision=precision)
    else:
        suffix = ""
        with as_file(MODEL) as model:
            runtime = OpenVinoRuntime(model, name=NAME, precision=precision)
    return ModelEncoder(card, runtime, f"{NAME}-{REVISION}-{INPUT.resize}-{card.weights_sha256[:16]}{suffix}")
