"""Networks by torch: on CUDA and MPS devices, and on the CPU as a reference. Import it only where torch is there."""

from __future__ import annotations

import platform
import queue
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from rfdedup.encoders.base import Embeddings
from rfdedup.encoders.preprocess import Rgb
from rfdedup.model.errors import EncoderError

_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
_LARGEST_BATCH = 128
_MPS_BATCH = 32
_CPU_BATCH = 16


def available_accelerator() -> str | None:
    """``cuda`` or ``mps`` where torch can use one, else None."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else None


def check_device(device: str) -> None:
    """Raise an EncoderError that says what to install when torch cannot use ``device``."""
    if device == "cuda" and not torch.cuda.is_available():
        raise EncoderError(
            f"device cuda: torch {torch.__version__} sees no CUDA device; install the NVIDIA driver and a CUDA build "
            "of torch (pip install torch --index-url https://download.pytorch.org/whl/cu128), or use --device cpu"
        )
    if device == "mps" and not torch.backends.mps.is_available():
        raise EncoderError(
            f"device mps: torch {torch.__version__} on {platform.system()} {platform.machine()} has no Metal device; "
            "it needs macOS 13 or newer on Apple silicon, or use --device cpu"
        )


@dataclass
class _Lane:
    """What one concurrent call owns: a staging buffer (pinned for CUDA) and a CUDA stream."""

    staging: Tensor
    stream: torch.cuda.Stream | None


class TorchRuntime:
    """A torch module that takes uint8 (n, H, W, 3) and returns (n, dim).

    Every inference has the same number of images, filled up with black ones, so that kernels are chosen alike and
    a row does not depend on how many others came with it. Convolutions run channels-last; half precision is
    torch's autocast, which keeps powers and norms in float32. On CUDA two calls overlap: while one computes, the
    other's pixels travel from pinned memory.

    Raises:
        EncoderError: the device is not there, or cannot compute in ``precision``.
    """

    def __init__(
        self, module: nn.Module, shape: tuple[int, int, int], *, name: str, device: str, precision: str = "auto"
    ) -> None:
        check_device(device)
        if precision == "int8":
            raise EncoderError(f"encoder {name}: int8 runs on the CPU only; use --device cpu or --precision fp16")
        self.device = device
        self.precision = ("fp32" if device == "cpu" else "fp16") if precision == "auto" else precision
        if self.precision == "bf16" and device == "cuda" and not torch.cuda.is_bf16_supported():
            raise EncoderError("this CUDA device cannot compute in bf16; use --precision fp16")
        self.streams = 2 if device == "cuda" else 1
        self._module = module.eval().to(device)
        self._module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        if device == "cuda":
            self._fixed = self.batch = _fitting_batch(self._trial(shape), name)
        elif device == "mps":
            self._fixed = self.batch = _MPS_BATCH
        else:
            # one image at a time costs little on a CPU and needs no padding
            self._fixed, self.batch = 1, _CPU_BATCH
        self._lanes: queue.SimpleQueue[_Lane] = queue.SimpleQueue()
        for _ in range(self.streams):
            staging = torch.empty((self._fixed, *shape), dtype=torch.uint8, pin_memory=device == "cuda")
            self._lanes.put(_Lane(staging, torch.cuda.Stream() if device == "cuda" else None))  # type: ignore[no-untyped-call]

    def infer(self, batch: Rgb) -> Embeddings:
        """(n, height, width, 3) uint8 -> (n, dim) float32. Callers beyond ``streams`` wait."""
        lane = self._lanes.get()
        try:
            parts = []
            for start in range(0, len(batch), self._fixed):
                images = torch.from_numpy(batch[start : start + self._fixed])
                lane.staging[: len(images)] = images
                lane.staging[len(images) :] = 0
                with torch.cuda.stream(lane.stream) if lane.stream is not None else nullcontext():
                    result = self._forward(lane.staging.to(self.device, non_blocking=True))
                    parts.append(result[: len(images)].float().cpu().numpy())
            return np.concatenate(parts)
        finally:
            self._lanes.put(lane)

    def _forward(self, images: Tensor) -> Tensor:
        with torch.inference_mode(), self._arithmetic():
            result: Tensor = self._module(images)
        return result

    def _arithmetic(self) -> AbstractContextManager[object]:
        if self.precision == "fp32":
            if self.device == "cuda":
                return torch.backends.cudnn.flags(enabled=True, benchmark=False, allow_tf32=False)
            return nullcontext()
        return torch.autocast(self.device, dtype=_DTYPES[self.precision])

    def _trial(self, shape: tuple[int, int, int]) -> Callable[[int], None]:
        def run(batch: int) -> None:
            # every stream holds one batch, so as many are tried at once
            images = [torch.zeros((batch, *shape), dtype=torch.uint8, device=self.device) for _ in range(self.streams)]
            results = [self._forward(part) for part in images]
            torch.cuda.synchronize()
            del results

        return run


def _fitting_batch(trial: Callable[[int], None], name: str) -> int:
    """The largest power of two, up to 128, that fits into the device's memory."""
    batch = _LARGEST_BATCH
    while batch:
        try:
            trial(batch)
        except torch.OutOfMemoryError:
            batch //= 2
            torch.cuda.empty_cache()
        else:
            return batch
    raise EncoderError(f"encoder {name} does not fit into the memory of the CUDA device; use --device cpu")


class Normalised(nn.Module):
    """A float network with its normalisation put before it: uint8 (n, H, W, 3) in, (n, dim) out."""

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        x = images.permute(0, 3, 1, 2).to(torch.float32)
        return self.network((x - self.mean) / self.std).flatten(1)  # type: ignore[no-any-return]
