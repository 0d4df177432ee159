"""``torchscript:FILE``: a TorchScript network that the user brings, such as SSCD's.

A TorchScript file is a program: loading and running it executes what it says, within torch's own operators. Use
files of people you trust. On the CPU it is converted once to an OpenVINO network in the cache, which runs without
torch from then on.
"""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

from rfdedup.encoders import cache
from rfdedup.encoders.base import Encoder, ModelCard, Runtime
from rfdedup.encoders.checkpoint import require_torch
from rfdedup.encoders.devices import resolve_device
from rfdedup.encoders.file_input import FileInput, describe, parse_input
from rfdedup.encoders.model_encoder import ModelEncoder
from rfdedup.model.errors import EncoderError
from rfdedup.storage.files import read_regular

REVISION = 1
"""Raise when embeddings of the same file change their meaning."""
DEFAULTS = {"rfdedup.size": "288", "rfdedup.normalisation": "imagenet"}
"""Those of SSCD (Pizzi et al., CVPR 2022); a TorchScript file does not say its own."""


def load(file: Path, *, device: str, precision: str, **options: Any) -> Encoder:
    """Load a TorchScript network that takes float (n, 3, H, W) and returns (n, dim).

    Args:
        file: what ``torch.jit.save`` wrote.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        precision: not ``int8``.
        options: ``size`` (288 if not given), ``normalisation`` (imagenet if not given), ``resize``.

    Raises:
        EncoderError: the file cannot be used; the message says why.
        MissingExtraError: torch is needed and not installed.
    """
    where = f"torchscript:{file}"
    if precision == "int8":
        raise EncoderError(f"{where} has no int8 form; use --precision auto")
    said = parse_input(options, DEFAULTS, where)
    if said.layout == "nhwc":
        raise EncoderError(f"{where}: layout nhwc is not supported; TorchScript networks take (n, 3, H, W)")
    try:
        data = read_regular(file, follow=True)
    except OSError as error:
        raise EncoderError(f"cannot read encoder {file}: {error.strerror or error}") from None
    digest = hashlib.sha256(data).hexdigest()
    size = said.size or (0, 0)
    facts = {
        "name": "torchscript",
        "weights_sha256": digest,
        "revision": REVISION,
        "input": json.loads(json.dumps([size, said.mean, said.std, said.resize])),
    }
    device = resolve_device(device)
    if device == "cpu":
        runtime, dim = _openvino(data, said, facts, file, precision)
    else:
        runtime, dim = _torch(data, said, file, device, precision)
    card = ModelCard(
        name=where,
        dim=dim,
        input=said.spec(size),
        normalisation=describe(said.mean, said.std),
        licence="unknown (brought by the user)",
        weights_sha256=digest,
        source=str(file),
    )
    return ModelEncoder(card, runtime, f"torchscript-{cache.entry_id(facts)}")


def _openvino(data: bytes, said: FileInput, facts: dict[str, Any], file: Path, precision: str) -> tuple[Runtime, int]:
    from rfdedup.encoders.openvino_graph import adapt
    from rfdedup.encoders.openvino_runtime import OpenVinoRuntime, first_line

    where = f"torchscript:{file}"

    def write(target: Path) -> None:
        import openvino

        network = _network(data, where)
        height, width = said.size or (0, 0)
        try:
            graph = openvino.convert_model(network, input=[([-1, 3, height, width], openvino.Type.f32)])
        # the converter raises errors of many kinds for a program that it cannot follow
        except Exception as error:
            raise EncoderError(f"{where}: OpenVINO cannot convert it: {first_line(error)}") from error
        adapt(graph, said, where)
        openvino.save_model(graph, target, compress_to_fp16=False)

    entry = cache.find("torchscript", facts) or cache.store("torchscript", facts, write)
    runtime = OpenVinoRuntime(entry.model, name=where, precision=precision)
    return runtime, runtime.dim


def _torch(data: bytes, said: FileInput, file: Path, device: str, precision: str) -> tuple[Runtime, int]:
    import numpy as np

    network = _network(data, f"torchscript:{file}")
    from rfdedup.encoders.torch_runtime import Normalised, TorchRuntime

    mean, std, size = said.mean or (), said.std or (), said.size or (0, 0)
    module = Normalised(network, mean, std)
    runtime = TorchRuntime(module, (*size, 3), name=f"torchscript:{file}", device=device, precision=precision)
    return runtime, int(runtime.infer(np.zeros((1, *size, 3), np.uint8)).shape[1])


def _network(data: bytes, where: str) -> Any:
    torch = require_torch(f"reading {where}")
    try:
        return torch.jit.load(io.BytesIO(data), map_location="cpu").eval()
    except (RuntimeError, ValueError, EOFError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise EncoderError(f"{where} is not a TorchScript file ({reason[:160]})") from None
