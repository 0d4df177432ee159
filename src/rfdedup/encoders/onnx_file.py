"""``onnx:FILE``: an ONNX network that the user brings, run by OpenVINO."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from rfdedup.encoders.base import Encoder, ModelCard
from rfdedup.encoders.file_input import describe, parse_input
from rfdedup.encoders.model_encoder import ModelEncoder
from rfdedup.model.errors import EncoderError
from rfdedup.storage.files import read_regular

REVISION = 1
"""Raise when embeddings of the same file change their meaning."""


def load(file: Path, *, device: str, precision: str, **options: Any) -> Encoder:
    """Load an ONNX network with one image input; its first output is the embedding.

    Args:
        file: ONNX file with its weights inside. A batch dimension may be dynamic or fixed.
        device: ``auto`` or ``cpu``.
        precision: not ``int8``: a quantised ONNX file is that already.
        options: ``size``, ``layout``, ``normalisation``, ``resize``; they outrank the file's ``rfdedup.*`` metadata.

    Raises:
        EncoderError: the file cannot be used; the message says why.
    """
    from rfdedup.encoders.openvino_graph import adapt, read_graph
    from rfdedup.encoders.openvino_runtime import OpenVinoRuntime

    if device not in ("auto", "cpu"):
        raise EncoderError(f"onnx:{file} runs on the CPU only; leave out --device {device}")
    if precision == "int8":
        raise EncoderError(f"onnx:{file} runs in the precision of its graph; bring a quantised ONNX file for int8")
    try:
        data = read_regular(file, follow=True)
    except OSError as error:
        raise EncoderError(f"cannot read encoder {file}: {error.strerror or error}") from None
    digest = hashlib.sha256(data).hexdigest()
    graph = read_graph(data, file)
    metadata = _metadata(graph)
    said = parse_input(options, metadata, f"onnx:{file}")
    size, normalises = adapt(graph, said, f"onnx:{file}")
    runtime = OpenVinoRuntime(graph, name=f"onnx:{file.name}", precision=precision)
    spec = said.spec(size)
    card = ModelCard(
        name=f"onnx:{file}",
        dim=runtime.dim,
        input=spec,
        normalisation=describe(None, None) if normalises else describe(said.mean, said.std),
        licence=metadata.get("licence") or metadata.get("license") or "unknown (brought by the user)",
        weights_sha256=digest,
        source=str(file),
    )
    decided = hashlib.sha256(repr((digest, spec, said.mean, said.std, said.layout)).encode()).hexdigest()
    return ModelEncoder(card, runtime, f"onnx-{REVISION}-{decided[:20]}")


def _metadata(graph: Any) -> dict[str, str]:
    """The ``metadata_props`` of the ONNX file."""
    if not graph.has_rt_info(["framework"]):
        return {}
    return {str(key): str(value) for key, value in graph.get_rt_info(["framework"]).value.items()}
