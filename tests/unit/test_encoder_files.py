"""onnx:FILE: layouts, sizes, batches and normalisation of networks that users bring."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from rfdedup.encoders import Encoder, load_encoder
from rfdedup.model.errors import EncoderError

onnx = pytest.importorskip("onnx", reason="needs onnx to write networks")

Images = npt.NDArray[np.uint8]
MEAN, STD = np.float32([0.485, 0.456, 0.406]) * 255, np.float32([0.229, 0.224, 0.225]) * 255


def _network(
    file: Path, shape: list[Any], *, kind: str = "FLOAT", metadata: dict[str, str] | None = None, squeeze: bool = True
) -> Path:
    """A network that returns the mean of each channel times 1, 2, 3, and writes it to ``file``."""
    helper = onnx.helper
    axes = [1, 2] if shape[3] == 3 else [2, 3]
    nodes = [
        helper.make_node("Cast", ["image"], ["x"], to=onnx.TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["x"], ["m"], axes=axes, keepdims=0 if squeeze else 1),
        helper.make_node("Mul", ["m", "w"], ["embedding"]),
    ]
    weights = np.float32([1, 2, 3]).reshape((3,) if squeeze else (3, 1, 1))
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("image", getattr(onnx.TensorProto, kind), shape)],
        [helper.make_tensor_value_info("embedding", onnx.TensorProto.FLOAT, None)],
        [onnx.numpy_helper.from_array(weights, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, metadata or {})
    onnx.save(model, file)
    return file


@pytest.fixture
def images() -> Images:
    return np.random.default_rng(0).integers(0, 256, (5, 16, 24, 3), dtype=np.uint8)


def _load(file: Path, **options: Any) -> Encoder:
    return load_encoder(f"onnx:{file}", precision="fp32", **options)


def _expected(images: Images, *, normalised: bool) -> npt.NDArray[np.float32]:
    x = images.astype(np.float32)
    x = (x - MEAN) / STD if normalised else x
    return x.mean((1, 2)) * np.float32([1, 2, 3])


@pytest.mark.parametrize("batch", ["n", 1, 4])
@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
@pytest.mark.parametrize("kind", ["FLOAT", "UINT8"])
def test_layouts_batches_and_types(tmp_path: Path, images: Images, batch: Any, layout: str, kind: str) -> None:
    shape = [batch, 3, 16, 24] if layout == "nchw" else [batch, 16, 24, 3]
    options = {"normalisation": "imagenet"} if kind == "FLOAT" else {}
    encoder = _load(_network(tmp_path / "net.onnx", shape, kind=kind), **options)
    assert encoder.dim == 3
    assert encoder.card.input.shape == (16, 24, 3)
    np.testing.assert_allclose(encoder.embed(images), _expected(images, normalised=kind == "FLOAT"), rtol=1e-4)
    np.testing.assert_array_equal(encoder.embed(images)[3:], encoder.embed(images[3:]))


def test_metadata_says_it_all_and_options_outrank_it(tmp_path: Path, images: Images) -> None:
    said = {"rfdedup.size": "16x24", "rfdedup.normalisation": "imagenet", "rfdedup.resize": "bicubic", "licence": "MIT"}
    file = _network(tmp_path / "net.onnx", ["n", 3, "h", "w"], metadata=said)
    encoder = _load(file)
    assert (encoder.card.input.resize, encoder.card.licence) == ("bicubic", "MIT")
    np.testing.assert_allclose(encoder.embed(images), _expected(images, normalised=True), rtol=1e-4)
    other = _load(file, normalisation="none")
    np.testing.assert_allclose(other.embed(images), _expected(images, normalised=False), rtol=1e-4)
    assert other.key != encoder.key


def test_mean_and_std_as_numbers(tmp_path: Path, images: Images) -> None:
    file = _network(tmp_path / "net.onnx", ["n", 3, 16, 24])
    named, numbers = (
        _load(file, normalisation="imagenet"),
        _load(file, normalisation="0.485,0.456,0.406/0.229,0.224,0.225"),
    )
    np.testing.assert_array_equal(named.embed(images), numbers.embed(images))


def test_an_output_with_ones_at_the_end_is_a_vector(tmp_path: Path, images: Images) -> None:
    file = _network(tmp_path / "net.onnx", ["n", 3, 16, 24], squeeze=False)
    assert _load(file, normalisation="none").embed(images).shape == (5, 3)


@pytest.mark.parametrize(
    ("shape", "kind", "options", "complaint"),
    [
        (["n", 3, 16, 24], "FLOAT", {}, "does not say how they are normalised; give the option normalisation"),
        (["n", 3, "h", "w"], "FLOAT", {"normalisation": "unit"}, "give the option size"),
        (["n", 3, 16, 24], "FLOAT", {"normalisation": "unit", "size": "32"}, "size = 32x32 does not fit"),
        (["n", 3, 16, 24], "FLOAT", {"normalisation": "best"}, "normalisation = 'best'; known: none, unit"),
        (["n", 3, 16, 24], "FLOAT", {"normalisation": "1,2/3,4"}, "normalisation = "),
        (["n", 3, 16, 24], "FLOAT", {"size": "big"}, "size = 'big'; write pixels"),
        (["n", 3, 16, 24], "FLOAT", {"colour": "bgr"}, "option 'colour' is unknown; known: size, layout"),
        (["n", 3, 16, 24], "FLOAT", {"layout": "chwn"}, "layout = 'chwn'"),
        (["n", 3, 16, 24], "FLOAT", {"resize": "nearest"}, "resize = 'nearest'; known: bilinear, bicubic"),
        (["n", 3, 16, 3], "FLOAT", {"normalisation": "unit"}, "may be nchw or nhwc; give the option layout"),
        (["n", 1, 16, 24], "FLOAT", {"normalisation": "unit"}, "has no place for 3 colours"),
        (["n", 16, 24, 3], "UINT8", {"normalisation": "unit"}, "normalises by itself; leave out"),
        (["n", 16, 24, 3], "INT64", {}, "takes i64; an encoder takes uint8 or float"),
    ],
)
def test_inputs_that_are_not_understood(
    tmp_path: Path, shape: list[Any], kind: str, options: dict[str, str], complaint: str
) -> None:
    with pytest.raises(EncoderError, match=rf"net\.onnx.*{complaint}"):
        _load(_network(tmp_path / "net.onnx", shape, kind=kind), **options)


def test_files_that_are_no_networks(tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_bytes(b"not a network")
    with pytest.raises(EncoderError, match=r"a\.onnx is not an ONNX network"):
        _load(tmp_path / "a.onnx")
    with pytest.raises(EncoderError, match=r"cannot read encoder .*none\.onnx"):
        _load(tmp_path / "none.onnx")
    with pytest.raises(EncoderError, match="write the file after the colon"):
        load_encoder("onnx:")


def test_weights_outside_the_file_are_not_followed(tmp_path: Path) -> None:
    """What is hashed must be all that runs."""
    file = _network(tmp_path / "net.onnx", ["n", 3, 16, 24])
    model = onnx.load(file)
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="outside.bin")
    (tmp_path / "outside.bin").write_bytes(np.float32([1, 2, 3]).tobytes())
    file.write_bytes(model.SerializeToString())
    with pytest.raises(EncoderError, match="weights must be inside the file"):
        _load(file, normalisation="none")


def test_an_output_that_is_no_vector_is_refused(tmp_path: Path) -> None:
    helper = onnx.helper
    graph = helper.make_graph(
        [helper.make_node("Relu", ["image"], ["y"])],
        "net",
        [helper.make_tensor_value_info("image", onnx.TensorProto.FLOAT, ["n", 3, 8, 8])],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["n", 3, 8, 8])],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "n.onnx")
    with pytest.raises(EncoderError, match=r"first output has shape \(1, 3, 8, 8\)"):
        _load(tmp_path / "n.onnx", normalisation="none")


def test_weights_and_devices_that_do_not_apply(tmp_path: Path) -> None:
    file = _network(tmp_path / "net.onnx", ["n", 3, 16, 24])
    with pytest.raises(EncoderError, match="carries its weights"):
        load_encoder(f"onnx:{file}", weights=file)
    with pytest.raises(EncoderError, match="CPU only"):
        load_encoder(f"onnx:{file}", device="cuda")
    with pytest.raises(EncoderError, match="bring a quantised ONNX file"):
        load_encoder(f"onnx:{file}", precision="int8")


def test_streams_of_a_quantised_network_agree(tmp_path: Path, images: Images) -> None:
    """Each stream of an int8 graph is a network of its own; together they must be one function."""
    from rfdedup.encoders.openvino_runtime import OpenVinoRuntime

    helper, kinds = onnx.helper, onnx.TensorProto
    values = {
        "scale": np.float32(0.05),
        "zero": np.uint8(128),
        "w": np.random.default_rng(0).integers(-127, 127, (8, 3, 3, 3), dtype=np.int8),
        "w_scale": np.float32(0.01),
        "w_zero": np.int8(0),
    }
    nodes = [
        helper.make_node("QuantizeLinear", ["image", "scale", "zero"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["x"]),
        helper.make_node("DequantizeLinear", ["w", "w_scale", "w_zero"], ["k"]),
        helper.make_node("Conv", ["x", "k"], ["y"]),
        helper.make_node("ReduceMean", ["y"], ["embedding"], axes=[2, 3], keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("image", kinds.FLOAT, ["n", 3, 16, 24])],
        [helper.make_tensor_value_info("embedding", kinds.FLOAT, ["n", 8])],
        [onnx.numpy_helper.from_array(np.asarray(value), name) for name, value in values.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, tmp_path / "int8.onnx")
    expected = _load(tmp_path / "int8.onnx", normalisation="imagenet").embed(images)

    from rfdedup.encoders.file_input import parse_input
    from rfdedup.encoders.openvino_graph import adapt, read_graph

    network = read_graph((tmp_path / "int8.onnx").read_bytes(), tmp_path)
    adapt(network, parse_input({"normalisation": "imagenet"}, {}, "net"), "net")
    runtime = OpenVinoRuntime(network, name="net", precision="fp32", streams=3)
    with ThreadPoolExecutor(3) as threads:
        for vectors in threads.map(lambda _: runtime.infer(images), range(9)):
            np.testing.assert_array_equal(vectors, expected)
