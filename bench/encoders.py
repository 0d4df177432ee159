"""Images/s of the encoders alone, on prepared images, as ratios to torch eager fp32 in the same run.

    python bench/encoders.py [--weights R50_IBN.pth] [--repeats 5] [--seconds 3] [--out bench/results/encoders.json]

Contenders take turns within each repeat, so that what else the machine does meets all of them; the ratio is taken
within a repeat, and its median and spread over repeats are printed. Without ``--weights``, r50-ibn gets random
ones: speed does not depend on them. Precisions that this CPU does not compute in natively are left out.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import openvino
import torch

from rfdedup.encoders import Encoder, load_encoder
from rfdedup.encoders.fastreid_config import FastReidConfig
from rfdedup.encoders.fastreid_network import FastReidNetwork
from rfdedup.encoders.openvino_runtime import cpu_precisions, usable_cores
from rfdedup.encoders.r50_ibn import read_network
from rfdedup.model.errors import EncoderError

TORCH_BATCH = 16
BASELINE = "torch fp32"


@dataclass(frozen=True)
class Result:
    """One contender: images/s of each repeat, and the ratio to torch fp32 of the same repeat."""

    encoder: str
    contender: str
    images_per_second: list[float]
    ratio_median: float
    ratio_low: float
    ratio_high: float


def lite0_in_torch() -> torch.nn.Module:
    """EfficientNet-Lite0's layers in eager torch, randomly initialised: the baseline of the embedded encoder."""

    def block(inputs: int, outputs: int, size: int, stride: int, groups: int, *, act: bool) -> list[torch.nn.Module]:
        conv = torch.nn.Conv2d(inputs, outputs, size, stride, size // 2, groups=groups, bias=False)
        return [conv, torch.nn.BatchNorm2d(outputs), *([torch.nn.ReLU6()] if act else [])]

    class Residual(torch.nn.Sequential):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x + super().forward(x)

    stages = [(1, 16, 1, 3, 1), (2, 24, 2, 3, 6), (2, 40, 2, 5, 6), (3, 80, 2, 3, 6)]
    stages += [(3, 112, 1, 5, 6), (4, 192, 2, 5, 6), (1, 320, 1, 3, 6)]
    layers: list[torch.nn.Module] = block(3, 32, 3, 2, 1, act=True)
    channels = 32
    for repeats, outputs, first_stride, size, expand in stages:
        for place in range(repeats):
            stride = first_stride if place == 0 else 1
            wide = channels * expand
            parts = block(channels, wide, 1, 1, 1, act=True) if expand > 1 else []
            parts += block(wide, wide, size, stride, wide, act=True) + block(wide, outputs, 1, 1, 1, act=False)
            residual = stride == 1 and channels == outputs
            layers.append(Residual(*parts) if residual else torch.nn.Sequential(*parts))
            channels = outputs
    layers += block(channels, 1280, 1, 1, 1, act=True)

    class Lite0(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = torch.nn.Sequential(*layers)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            x = self.layers((images.permute(0, 3, 1, 2).float() - 127) / 128)
            return x.clamp(min=1e-6).pow(3).mean((2, 3)).pow(1 / 3)

    return Lite0()


def torch_speed(network: torch.nn.Module, side: int) -> Callable[[float], float]:
    network.eval()
    batch = torch.from_numpy(noise(TORCH_BATCH, side))

    def run(seconds: float) -> float:
        done, start = 0, time.perf_counter()
        with torch.inference_mode():
            while time.perf_counter() - start < seconds:
                network(batch)
                done += TORCH_BATCH
        return done / (time.perf_counter() - start)

    return run


def encoder_speed(encoder: Encoder, side: int) -> Callable[[float], float]:
    batch = noise(encoder.batch, side)

    def run(seconds: float) -> float:
        start = time.perf_counter()

        def work(_: int) -> int:
            done = 0
            while time.perf_counter() - start < seconds:
                encoder.embed(batch)
                done += len(batch)
            return done

        with ThreadPoolExecutor(encoder.streams) as threads:
            done = sum(threads.map(work, range(encoder.streams)))
        return done / (time.perf_counter() - start)

    return run


def noise(count: int, side: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, side, side, 3), dtype=np.uint8)


def contenders(name: str, weights: Path | None) -> dict[str, Callable[[float], float]]:
    side = 224 if name == "efficientnet-lite0" else 256
    network = lite0_in_torch() if weights is None else read_network(name, weights)[0]
    runs = {BASELINE: torch_speed(network, side)}
    for precision in (*cpu_precisions(), "int8"):
        try:
            encoder = load_encoder(name, weights, device="cpu", precision=precision)
        except EncoderError as error:
            print(f"{name} {precision}: left out ({error})")
            continue
        runs[f"openvino {precision}"] = encoder_speed(encoder, side)
    return runs


def measure(name: str, weights: Path | None, repeats: int, seconds: float) -> list[Result]:
    runs = contenders(name, weights)
    for run in runs.values():
        run(0.2)
    speeds: dict[str, list[float]] = {contender: [] for contender in runs}
    for _ in range(repeats):
        for contender, run in runs.items():
            speeds[contender].append(run(seconds))
    results = []
    for contender, measured in speeds.items():
        ratios = [speed / base for speed, base in zip(measured, speeds[BASELINE], strict=True)]
        results.append(Result(name, contender, measured, statistics.median(ratios), min(ratios), max(ratios)))
    return results


def random_weights(folder: Path) -> Path:
    torch.manual_seed(0)
    file = folder / "random.pth"
    torch.save(FastReidNetwork(FastReidConfig()).state_dict(), file)
    return file


def cpu_model() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--weights", type=Path, help="fast-reid checkpoint for r50-ibn; random weights if absent")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each contender in each repeat")
    parser.add_argument("--out", type=Path, help="JSON file to write")
    arguments = parser.parse_args()

    cores = usable_cores()
    torch.set_num_threads(cores)
    machine = {
        "cpu": cpu_model(),
        "cores": cores,
        "native_precisions": list(cpu_precisions()),
        "load_before": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "system": platform.platform(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "openvino": version("openvino"),
        "openvino_build": openvino.get_version(),
    }
    print(json.dumps(machine, indent=2))
    with tempfile.TemporaryDirectory() as folder:
        if arguments.weights is None:
            os.environ["RFDEDUP_CACHE"] = folder
        weights = arguments.weights or random_weights(Path(folder))
        results = [
            *measure("efficientnet-lite0", None, arguments.repeats, arguments.seconds),
            *measure("r50-ibn", weights, arguments.repeats, arguments.seconds),
        ]
    print(f"{'encoder':20s}{'contender':16s}{'images/s':>20s}{'ratio to torch fp32':>26s}")
    for one in results:
        speed = f"{min(one.images_per_second):.1f}-{max(one.images_per_second):.1f}"
        ratio = f"{one.ratio_median:.2f} ({one.ratio_low:.2f}-{one.ratio_high:.2f})"
        print(f"{one.encoder:20s}{one.contender:16s}{speed:>20s}{ratio:>26s}")
    if arguments.out is not None:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        record = {"machine": machine, "results": [asdict(one) for one in results]}
        arguments.out.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
