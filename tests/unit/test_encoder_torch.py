"""torchscript:FILE and the torch runtime, on the CPU."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from rfdedup.encoders import load_encoder
from rfdedup.model.errors import EncoderError

torch = pytest.importorskip("torch", reason="needs torch")

Images = npt.NDArray[np.uint8]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RFDEDUP_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3, 2), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()
    ).eval()


@pytest.fixture
def images() -> Images:
    return np.random.default_rng(0).integers(0, 256, (6, 32, 40, 3), dtype=np.uint8)


def _expected(network: torch.nn.Module, images: Images) -> npt.NDArray[np.float32]:
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    with torch.inference_mode():
        return network(((torch.from_numpy(images) / 255 - mean) / std).permute(0, 3, 1, 2)).numpy()


def test_a_torchscript_file_runs_and_is_cached(
    tmp_path: Path, network: torch.nn.Module, images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "net.pt"
    torch.jit.save(torch.jit.trace(network, torch.zeros(1, 3, 32, 40)), str(file))
    name = f"torchscript:{file}"
    first = load_encoder(name, size="32x40", precision="fp32")
    assert (first.dim, first.card.input.shape) == (8, (32, 40, 3))
    np.testing.assert_allclose(first.embed(images), _expected(network, images), atol=1e-4)
    np.testing.assert_array_equal(first.embed(images)[2:4], first.embed(images[2:4]))
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    again = load_encoder(name, size="32x40", precision="fp32")
    assert again.key == first.key
    np.testing.assert_array_equal(again.embed(images), first.embed(images))


def test_the_input_is_that_of_sscd_unless_said_otherwise(tmp_path: Path, network: torch.nn.Module) -> None:
    file = tmp_path / "net.pt"
    torch.jit.save(torch.jit.script(network), str(file))
    encoder = load_encoder(f"torchscript:{file}")
    assert encoder.card.input.shape == (288, 288, 3)
    assert "123.7" in encoder.card.normalisation


def test_files_that_are_not_torchscript(tmp_path: Path, network: torch.nn.Module) -> None:
    plain = tmp_path / "state.pt"
    torch.save(network.state_dict(), plain)
    (tmp_path / "text.pt").write_text("hello")
    for file in (plain, tmp_path / "text.pt"):
        with pytest.raises(EncoderError, match=rf"{file.name} is not a TorchScript file"):
            load_encoder(f"torchscript:{file}", size="32")
    with pytest.raises(EncoderError, match="cannot read encoder"):
        load_encoder(f"torchscript:{tmp_path / 'none.pt'}")


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_torch_rows_do_not_depend_on_their_batch(network: torch.nn.Module, images: Images, precision: str) -> None:
    from rfdedup.encoders.torch_runtime import Normalised, TorchRuntime

    mean, std = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
    runtime = TorchRuntime(Normalised(network, mean, std), (32, 40, 3), name="net", device="cpu", precision=precision)
    together = runtime.infer(images)
    np.testing.assert_allclose(together, _expected(network, images), atol=1e-4 if precision == "fp32" else 0.05)
    alone = np.concatenate([runtime.infer(images[i : i + 1]) for i in range(len(images))])
    np.testing.assert_array_equal(together, alone)


def test_devices_and_precisions_that_are_not_there(network: torch.nn.Module) -> None:
    from rfdedup.encoders.torch_runtime import TorchRuntime

    with pytest.raises(EncoderError, match="int8 runs on the CPU only"):
        TorchRuntime(network, (8, 8, 3), name="net", device="cpu", precision="int8")
    if not torch.cuda.is_available():
        with pytest.raises(EncoderError, match="CUDA build of torch"):
            TorchRuntime(network, (8, 8, 3), name="net", device="cuda")
