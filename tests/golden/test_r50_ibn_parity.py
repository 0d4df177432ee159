"""r50-ibn against the embeddings that fast-reid's own code returns for the same weights."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from rfdedup.encoders import load_encoder
from rfdedup.encoders.cache import cache_folder
from rfdedup.encoders.preprocess import InputSpec, prepare
from rfdedup.model.errors import EncoderError

torch = pytest.importorskip("torch", reason="needs torch to convert weights")

Vectors = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def reference(shared_reference: Path) -> Path:
    return shared_reference / "fastreid_r50_ibn"


@pytest.fixture(scope="module")
def arrays(reference: Path) -> Any:
    """The maker of state dicts that ships with the reference numbers: layout -> name -> array."""
    spec = importlib.util.spec_from_file_location("make_checkpoint", reference / "make_checkpoint.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.state_dict


@pytest.fixture(scope="module")
def state(arrays: Any) -> dict[str, Any]:
    return {name: torch.from_numpy(np.asarray(value)) for name, value in arrays("v1").items()}


@pytest.fixture(scope="module")
def checkpoint(state: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("weights") / "v1.pth"
    torch.save({"model": state, "iteration": 0, "epoch": 59}, file)
    return file


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def own_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RFDEDUP_CACHE", str(cache))


@pytest.fixture(scope="module")
def images(reference: Path) -> list[npt.NDArray[np.uint8]]:
    return [np.asarray(Image.open(reference / "inputs" / f"{i}.png").convert("RGB")) for i in range(8)]


@pytest.fixture(scope="module")
def expected(reference: Path) -> Vectors:
    values: Vectors = np.load(reference / "expected.npy")
    return values


def _worst_error(ours: Vectors, expected: Vectors) -> float:
    return float(np.abs(ours - expected).max() / expected.std())


def _worst_centred_cosine(ours: Vectors, expected: Vectors, centre: Vectors | None = None) -> float:
    centre = expected.mean(0) if centre is None else centre
    a, b = ours - centre, expected - centre
    return float(((a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)).min())


def test_fp32_equals_fast_reid(checkpoint: Path, images: Any, expected: Vectors) -> None:
    ours = load_encoder("r50-ibn", checkpoint, device="cpu", precision="fp32").encode(images)
    assert _worst_error(ours, expected) <= 1e-3
    assert _worst_centred_cosine(ours, expected) >= 0.9999


def test_bf16_is_close(checkpoint: Path, images: Any, expected: Vectors) -> None:
    try:
        encoder = load_encoder("r50-ibn", checkpoint, device="cpu", precision="bf16")
    except EncoderError as error:
        pytest.skip(f"no bf16 on this CPU: {error}")
    assert _worst_centred_cosine(encoder.encode(images), expected) >= 0.99


def test_torch_runtime_agrees(checkpoint: Path, images: Any, expected: Vectors) -> None:
    """The runtime of CUDA and MPS devices, here on the CPU."""
    from rfdedup.encoders.r50_ibn import read_network
    from rfdedup.encoders.torch_runtime import TorchRuntime

    network, _ = read_network("r50-ibn", checkpoint)
    batch = np.stack([prepare(image, InputSpec(256, 256, "bicubic")) for image in images[:2]])
    single = TorchRuntime(network, (256, 256, 3), name="r50-ibn", device="cpu", precision="fp32").infer(batch)
    assert _worst_error(single, expected[:2]) <= 1e-3
    half = TorchRuntime(network, (256, 256, 3), name="r50-ibn", device="cpu", precision="bf16").infer(batch[:1])
    assert _worst_centred_cosine(half, expected[:1], expected.mean(0)) >= 0.99


def test_the_old_layout_is_the_same_network(
    arrays: Any, checkpoint: Path, images: Any, expected: Vectors, tmp_path: Path
) -> None:
    """fast-reid v0.1's head names, DataParallel's prefix, a learnable GeM exponent, pixel buffers, safetensors."""
    safetensors = pytest.importorskip("safetensors.torch", reason="needs safetensors")
    old = {f"module.{name}": torch.from_numpy(np.asarray(value)) for name, value in arrays("v0").items()}
    old["module.heads.pool_layer.p"] = torch.full((1,), 3.0)
    old["module.pixel_mean"] = torch.zeros(1, 3, 1, 1)
    old["module.pixel_std"] = torch.ones(1, 3, 1, 1)
    file = tmp_path / "v0.safetensors"
    safetensors.save_file(old, file)
    from rfdedup.encoders.r50_ibn import read_network

    ours, _ = read_network("r50-ibn", file)
    first, _ = read_network("r50-ibn", checkpoint)
    for name, tensor in first.state_dict().items():
        assert torch.equal(tensor, ours.state_dict()[name]), name
    with torch.inference_mode():
        batch = torch.from_numpy(prepare(images[0], InputSpec(256, 256, "bicubic"))[None].copy())
        assert _worst_error(ours(batch).numpy(), expected[:1]) <= 1e-3


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda s: s.pop("backbone.layer3.5.bn1.IN.weight"), r"tensor backbone\.layer3\.5\.bn1\.IN\.weight is missing"),
        (
            lambda s: s.update({"backbone.conv1.weight": torch.zeros(64, 3, 3, 3)}),
            r"tensor backbone\.conv1\.weight has shape \(64, 3, 3, 3\), expected \(64, 3, 7, 7\)",
        ),
        (lambda s: s.update({"backbone.NL_2.0.g.weight": torch.zeros(1)}), r"NL_2\.0\.g\.weight: non-local"),
        (lambda s: s.update({"backbone.layer1.0.se.fc.0.weight": torch.zeros(1)}), r"se\.fc\.0\.weight: squeeze"),
        (lambda s: s.update({"backbone.layer3.22.conv1.weight": torch.zeros(1)}), "use --encoder r101-ibn"),
        (
            lambda s: s.update({"backbone.bn1.weight": torch.full((64,), float("nan"))}),
            r"backbone\.bn1\.weight holds values that are not finite",
        ),
    ],
)
def test_another_network_is_refused(state: dict[str, Any], tmp_path: Path, change: Any, complaint: str) -> None:
    changed = dict(state)
    change(changed)
    file = tmp_path / "other.pth"
    torch.save(changed, file)
    with pytest.raises(EncoderError, match=rf"other\.pth: .*{complaint}"):
        load_encoder("r50-ibn", file, device="cpu")


def test_the_config_beside_the_weights_is_obeyed(state: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "model_final.pth"
    torch.save({"model": state}, file)
    (tmp_path / "config.yaml").write_text("MODEL: {BACKBONE: {DEPTH: 101x}}", encoding="utf-8")
    with pytest.raises(EncoderError, match=r"config\.yaml: MODEL\.BACKBONE\.DEPTH = '101x': use --encoder r101-ibn"):
        load_encoder("r50-ibn", file, device="cpu")
    (tmp_path / "config.yaml").write_text("INPUT: {SIZE_TEST: [64, 96]}\nMODEL: {HEADS: {POOL_LAYER: avgpool}}")
    from rfdedup.encoders.r50_ibn import model_card, read_network

    network, facts = read_network("r50-ibn", file)
    assert model_card(facts).input.shape == (64, 96, 3)
    assert type(network.heads.pool_layer).__name__ == "AveragePool"


def test_once_converted_it_needs_neither_torch_nor_the_file_s_name(
    checkpoint: Path, images: Any, expected: Vectors, reference: Path
) -> None:
    load_encoder("r50-ibn", checkpoint, device="cpu")
    program = (
        "import sys, json, numpy as np\n"
        "sys.modules['torch'] = None\n"
        "from PIL import Image\n"
        "from rfdedup import encoders\n"
        "image = np.asarray(Image.open(sys.argv[2]).convert('RGB'))\n"
        "encoder = encoders.load_encoder('r50-ibn', sys.argv[1], precision='fp32')\n"
        "print(json.dumps([encoder.key, encoder.encode([image])[0].tolist()]))\n"
    )
    arguments = [str(checkpoint), str(reference / "inputs" / "0.png")]
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    key, vector = json.loads(done.stdout)
    assert _worst_error(np.asarray([vector], np.float32), expected[:1]) <= 1e-3
    assert key == load_encoder("r50-ibn", checkpoint, device="cpu", precision="fp32").key


@pytest.mark.long
def test_a_damaged_cache_is_rebuilt(checkpoint: Path, cache: Path, images: Any) -> None:
    before = load_encoder("r50-ibn", checkpoint, device="cpu", precision="fp32").encode(images[:1])
    entries = [path for path in cache_folder().glob("r50-ibn-*/model.bin") if path.stat().st_size > 90_000_000]
    for binary in entries:
        with binary.open("r+b") as stream:
            stream.seek(1000)
            stream.write(b"\xff" * 64)
    after = load_encoder("r50-ibn", checkpoint, device="cpu", precision="fp32").encode(images[:1])
    np.testing.assert_array_equal(before, after)


def test_without_torch_the_error_says_what_to_install(
    state: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "w.pth"
    torch.save(state, file)
    monkeypatch.setenv("RFDEDUP_CACHE", str(tmp_path / "empty"))
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(Exception, match=r"needs torch: pip install 'resnet-faiss-dedup\[torch\]'"):
        load_encoder("r50-ibn", file, device="cpu")
    with pytest.raises(EncoderError, match=r"needs --weights FILE, or once: rfdedup encoders add r50-ibn"):
        load_encoder("r50-ibn", device="cpu")


def test_a_device_that_is_not_there_names_what_to_install(checkpoint: Path) -> None:
    for device in ("cuda", "mps"):
        if (torch.cuda if device == "cuda" else torch.backends.mps).is_available():
            continue
        with pytest.raises(EncoderError, match=rf"device {device}: torch .*or use --device cpu"):
            load_encoder("r50-ibn", checkpoint, device=device)
