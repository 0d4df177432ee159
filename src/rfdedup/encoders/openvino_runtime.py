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
from rfdedup.model.errors import EncoderError
from rfdedup.runtime import native
from rfdedup.runtime.cpus import thread_count

os.environ.setdefault("OPENVINO_TELEMETRY_OPTOUT", "1")

HINTS = {"fp32": "f32", "bf16": "bf16", "fp16": "f16", "int8": "f32"}
"""Inference precision that OpenVINO is asked for. A quantised network carries its int8 parts in its graph."""
BATCH = 16


def usable_cores() -> int:
    """Physical cores that this process may use; at least 1."""
    allowed = thread_count()
    physical = psutil.cpu_count(logical=False) or allowed
    return max(1, min(allowed, physical))


def cpu_precisions() -> tuple[str, ...]:
    """Precisions that this CPU computes in natively, the best for embeddings first.

    Raises:
        EncoderError: OpenVINO cannot be used here.
    """
    import openvino

    try:
        capabilities = set(openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"))
    except RuntimeError as error:
        raise EncoderError(f"OpenVINO cannot be used: {first_line(error)}") from None
    if native.held_back():
        # OpenVINO asks the processor, its kernels what they may use of it
        capabilities -= {"BF16", "FP16"}
    return tuple(name for name in ("bf16", "fp16", "fp32") if name.upper() in capabilities or name == "fp32")


class _Request:
    """One inference at a time, with its input bound once: OpenVINO's own call binds it anew for every image."""

    def __init__(self, request: Any, shape: tuple[int, ...]) -> None:
        import openvino

        self._request = request
        self._input = np.zeros(shape, np.uint8)
        request.set_input_tensor(openvino.Tensor(self._input, shared_memory=True))

    def run(self, images: Rgb) -> Embeddings:
        """(n, height, width, 3) uint8, n at most that of the network -> (n, dim) float32."""
        self._input[: len(images)] = images
        self._input[len(images) :] = 0
        output = self.output()
        return output.reshape(len(output), -1)[: len(images)]

    def output(self) -> Embeddings:
        """What the network makes of its present input, in the network's shape, float32."""
        self._request.start_async()
        self._request.wait()
        # a copy: the next inference writes into the same memory
        return np.array(self._request.get_output_tensor(0).data, np.float32)


class OpenVinoRuntime:
    """A network whose input is one uint8 batch (n, H, W, 3) and whose first output is its embeddings.

    Every image is inferred by itself, so that a row cannot depend on its neighbours; cores are kept busy by
    streams, not by batches, which also keeps activations in a core's cache. A network that insists on a larger
    batch gets one, filled up with black images.

    Args:
        model: ONNX or OpenVINO XML file, or an ``openvino.Model``, which is changed.
        name: of the encoder, for messages.
        precision: ``auto`` takes the best that the CPU computes in natively.
        streams: concurrent inferences; the usable cores when None.

    Attributes:
        dim: length of an embedding.

    Raises:
        EncoderError: the file is not a network, its output is not one vector an image, or the CPU cannot compute
            in ``precision``.
    """

    device = "cpu"

    def __init__(self, model: Path | Any, *, name: str, precision: str = "auto", streams: int | None = None) -> None:
        import openvino

        # the first call fills a table under a lock while it holds the interpreter's: two threads that both make it
        # wait for each other for ever
        openvino.Type.u8.to_dtype()
        self.batch = BATCH
        self.streams = streams or usable_cores()
        self.precision = cpu_precisions()[0] if precision == "auto" else precision
        try:
            core = openvino.Core()
            graph = core.read_model(model) if isinstance(model, Path) else model
            shape = graph.inputs[0].partial_shape
            self._fixed = 1 if shape[0].is_dynamic else shape[0].get_length()
            shape[0] = self._fixed
            graph.reshape(shape)
            # OpenVINO builds the streams of one network in parallel, and for quantised graphs that races: about one
            # load in ten of an int8 ResNet computed something else. Networks of one stream each do not.
            quantised = any(one.get_type_name() == "FakeQuantize" for one in graph.get_ops())
            together = 1 if quantised else self.streams
            settings = {
                "INFERENCE_PRECISION_HINT": HINTS[self.precision],
                "NUM_STREAMS": together,
                "INFERENCE_NUM_THREADS": together,
                "ENABLE_CPU_PINNING": False,
            }
            compiled = [core.compile_model(graph, "CPU", settings) for _ in range(self.streams // together)]
        except RuntimeError as error:
            raise EncoderError(f"encoder {name}: OpenVINO cannot use the network: {first_line(error)}") from None
        used = compiled[0].get_property("INFERENCE_PRECISION_HINT").to_string()
        if used != HINTS[self.precision]:
            raise EncoderError(
                f"this CPU cannot compute in {self.precision} (it offers {', '.join(cpu_precisions())}); "
                "use --precision auto"
            )
        self._shape = tuple(int(side) for side in shape.to_shape())
        self._requests: queue.SimpleQueue[_Request] = queue.SimpleQueue()
        for network in compiled:
            for _ in range(together):
                self._requests.put(_Request(network.create_infer_request(), self._shape))
        self.dim = self._output_dim(compiled[0].outputs[0].partial_shape, name)

    def infer(self, batch: Rgb) -> Embeddings:
        """(n, height, width, 3) uint8 -> (n, dim) float32. Callers beyond ``streams`` wait."""
        request = self._requests.get()
        try:
            starts = range(0, len(batch), self._fixed)
            return np.concatenate([request.run(batch[start : start + self._fixed]) for start in starts])
        finally:
            self._requests.put(request)

    def _output_dim(self, known: Any, name: str) -> int:
        shape = tuple(known.to_shape()) if known.is_static else None
        if shape is None:
            request = self._requests.get()
            shape = request.output().shape
            self._requests.put(request)
        if len(shape) < 2 or shape[0] != self._fixed or any(side != 1 for side in shape[2:]):
            raise EncoderError(
                f"encoder {name}: the first output has shape {shape}; an encoder returns one vector an image, (n, dim)"
            )
        return int(shape[1])


def first_line(error: Exception) -> str:
    """The line of an OpenVINO message that says what is wrong, without the source locations around it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(("Exception from", "Check '"))]
    return (telling or lines or ["unknown error"])[0]
