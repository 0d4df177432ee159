"""Networks on the CPU by OpenVINO: one single-threaded stream a core."""

from __future__ import annotations

import os
import queue
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from rfdedup.encoders.base import Embeddings
from rfdedup.encoders.preprocess import Rgb
from rfdedup.errors import EncoderError

os.environ.setdefault("OPENVINO_TELEMETRY_OPTOUT", "1")

HINTS = {"fp32": "f32", "bf16": "bf16", "fp16": "f16", "int8": "f32"}
"""Inference precision that OpenVINO is asked for. A quantised network carries its int8 parts in its graph."""
BATCH = 16


def usable_cores() -> int:
    """Physical cores that this process may use; at least 1."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    physical = psutil.cpu_count(logical=False) or allowed
    return max(1, min(allowed, physical))


def cpu_precisions() -> tuple[str, ...]:
    """Precisions that this CPU computes in natively, the best for embeddings first."""
    import openvino

    capabilities = set(openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"))
    return tuple(name for name in ("bf16", "fp16", "fp32") if name.upper() in capabilities or name == "fp32")


class OpenVinoRuntime:
    """A network whose input is one image batch and whose first output is its embeddings.

    Every image is inferred by itself, so that a row cannot depend on its neighbours; cores are kept busy by
    streams, not by batches, which also keeps activations in a core's cache.

    Args:
        model: ONNX or OpenVINO XML file.
        name: of the encoder, for messages.
        precision: ``auto`` takes the best that the CPU computes in natively.
        streams: concurrent inferences; the usable cores when None.

    Raises:
        EncoderError: the file is not a network, or the CPU cannot compute in ``precision``.
    """

    device = "cpu"

    def __init__(self, model: Path, *, name: str, precision: str = "auto", streams: int | None = None) -> None:
        import openvino

        self.batch = BATCH
        self.streams = streams or usable_cores()
        self.precision = cpu_precisions()[0] if precision == "auto" else precision
        try:
            core = openvino.Core()
            graph = core.read_model(model)
            shape = graph.inputs[0].partial_shape
            shape[0] = 1
            graph.reshape(shape)
            self._compiled = core.compile_model(
                graph,
                "CPU",
                {
                    "INFERENCE_PRECISION_HINT": HINTS[self.precision],
                    "NUM_STREAMS": self.streams,
                    "INFERENCE_NUM_THREADS": self.streams,
                    "ENABLE_CPU_PINNING": False,
                },
            )
        except RuntimeError as error:
            raise EncoderError(f"encoder {name}: OpenVINO cannot use {model}: {first_line(error)}") from None
        used = self._compiled.get_property("INFERENCE_PRECISION_HINT").to_string()
        if used != HINTS[self.precision]:
            raise EncoderError(
                f"this CPU cannot compute in {self.precision} (it offers {', '.join(cpu_precisions())}); "
                "use --precision auto"
            )
        self._requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for _ in range(self.streams):
            self._requests.put(self._compiled.create_infer_request())

    def infer(self, batch: Rgb) -> Embeddings:
        """(n, height, width, 3) uint8 -> (n, dim) float32. Callers beyond ``streams`` wait."""
        request = self._requests.get()
        try:
            rows = []
            for image in batch:
                request.infer([image[None]], share_inputs=True)
                rows.append(np.array(request.get_output_tensor(0).data[0], np.float32))
            return np.stack(rows)
        finally:
            self._requests.put(request)


def first_line(error: Exception) -> str:
    """The line of an OpenVINO message that says what is wrong, without the source locations around it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(("Exception from", "Check '"))]
    return (telling or lines or ["unknown error"])[0]
