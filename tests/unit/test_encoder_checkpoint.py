"""Weights that cannot be used: every one a clear line that names file and tensor, and nothing executed."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from rfdedup.model.errors import EncoderError

torch = pytest.importorskip("torch", reason="needs torch to write checkpoints")

from rfdedup.encoders.checkpoint import read_state_dict, sha256_of_weights  # noqa: E402


class _TouchesAFile:
    """What a hostile pickle looks like: unpickling it calls a function of its choice."""

    def __init__(self, victim: Path) -> None:
        self.victim = victim

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.victim,)


def _state() -> dict[str, Any]:
    return {"layer.weight": torch.ones(2, 3), "layer.bias": torch.zeros(2)}


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: state,
        lambda state: {"model": state, "optimizer": {"state": {0: {"step": 3}}}, "epoch": 59},
        lambda state: {"state_dict": state},
        lambda state: {f"module.{name}": value for name, value in state.items()},
        lambda state: {"model": {f"module.{name}": value for name, value in state.items()}},
    ],
)
def test_containers_and_prefixes(tmp_path: Path, wrap: Any) -> None:
    file = tmp_path / "w.pth"
    torch.save(wrap(_state()), file)
    tensors, digest = read_state_dict(file)
    assert {name: tuple(value.shape) for name, value in tensors.items()} == {"layer.weight": (2, 3), "layer.bias": (2,)}
    assert digest == sha256_of_weights(file)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_checkpoint_that_carries_code_executes_nothing(tmp_path: Path, zipped: bool) -> None:
    file, victim = tmp_path / "w.pth", tmp_path / "victim"
    torch.save({"model": _state(), "extra": _TouchesAFile(victim)}, file, _use_new_zipfile_serialization=zipped)
    with pytest.raises(EncoderError, match=r"w\.pth carries more than tensors.*nothing in it was executed"):
        read_state_dict(file)
    assert not victim.exists()


def test_a_bare_pickle_executes_nothing(tmp_path: Path) -> None:
    file, victim = tmp_path / "w.pth", tmp_path / "victim"
    file.write_bytes(pickle.dumps(_TouchesAFile(victim)))
    with pytest.raises(EncoderError, match=r"w\.pth"):
        read_state_dict(file)
    assert not victim.exists()


@pytest.mark.parametrize("keep", [0, 1, 10, 200, 0.5, 0.98])
@pytest.mark.parametrize("zipped", [True, False])
def test_a_truncated_checkpoint(tmp_path: Path, keep: float, zipped: bool) -> None:
    file = tmp_path / "w.pth"
    torch.save(_state(), file, _use_new_zipfile_serialization=zipped)
    data = file.read_bytes()
    file.write_bytes(data[: keep if isinstance(keep, int) else int(len(data) * keep)])
    with pytest.raises(EncoderError, match=r"w\.pth is (empty|truncated)"):
        read_state_dict(file)


def test_safetensors_whole_and_truncated(tmp_path: Path) -> None:
    safetensors = pytest.importorskip("safetensors.torch", reason="needs safetensors")
    file = tmp_path / "w.safetensors"
    safetensors.save_file(_state(), file)
    assert set(read_state_dict(file)[0]) == {"layer.weight", "layer.bias"}
    file.write_bytes(file.read_bytes()[:-3])
    with pytest.raises(EncoderError, match=r"w\.safetensors is damaged"):
        read_state_dict(file)


@pytest.mark.parametrize("value", [{}, {"epoch": 3}, [1, 2], 5])
def test_a_file_without_tensors(tmp_path: Path, value: Any) -> None:
    file = tmp_path / "w.pth"
    torch.save(value, file)
    with pytest.raises(EncoderError, match="holds no tensors"):
        read_state_dict(file)


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none.pth", tmp_path):
        with pytest.raises(EncoderError, match="cannot read weights"):
            read_state_dict(path)
