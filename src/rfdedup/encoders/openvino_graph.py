"""Networks that users bring, made to take uint8 (n, H, W, 3): layout and normalisation are put into the graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rfdedup.encoders.file_input import FileInput
from rfdedup.encoders.openvino_runtime import first_line
from rfdedup.model.errors import EncoderError


def adapt(graph: Any, said: FileInput, where: str) -> tuple[tuple[int, int], bool]:
    """Change ``graph`` in place to take uint8 (n, H, W, 3) images.

    Args:
        graph: an ``openvino.Model`` with one image input, uint8 or float, NHWC or NCHW.
        said: what file and user say about the input; the graph itself comes first where it has fixed sizes.
        where: the file, for messages.

    Returns:
        (height, width) of the input, and whether the network normalises by itself.

    Raises:
        EncoderError: the input is something else, or not enough is known about it.
    """
    import openvino

    if len(graph.inputs) != 1:
        names = ", ".join(port.any_name for port in graph.inputs)
        raise EncoderError(f"{where} has {len(graph.inputs)} inputs ({names}); an encoder takes one image batch")
    port = graph.inputs[0]
    shape, kind = port.partial_shape, port.element_type.to_string()
    layout = _layout(shape, said, where)
    size = _size(shape, layout, said, where)
    if kind == "u8":
        if said.mean is not None:
            raise EncoderError(f"{where} takes uint8, so it normalises by itself; leave out the normalisation")
    elif kind not in ("f32", "f16"):
        raise EncoderError(f"{where} takes {kind}; an encoder takes uint8 or float images")
    elif said.mean is None or said.std is None:
        raise EncoderError(
            f"{where} takes float images and does not say how they are normalised; give the option normalisation: "
            "imagenet, clip, unit (0-1), signed (-1 to 1), none (0-255) or mean/std"
        )
    try:
        shape[1 if layout == "nhwc" else 2], shape[2 if layout == "nhwc" else 3] = size
        graph.reshape({port: shape})
        steps = openvino.preprocess.PrePostProcessor(graph)
        image = steps.input()
        image.tensor().set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC"))
        if kind != "u8":
            image.preprocess().convert_element_type(port.element_type)
            image.preprocess().mean(list(said.mean)).scale(list(said.std))  # type: ignore[arg-type]
        image.model().set_layout(openvino.Layout(layout.upper()))
        steps.output(0).tensor().set_element_type(openvino.Type.f32)
        steps.build()
    except RuntimeError as error:
        raise EncoderError(f"{where}: OpenVINO cannot adapt its input: {first_line(error)}") from None
    return size, kind == "u8"


def _layout(shape: Any, said: FileInput, where: str) -> str:
    if shape.rank.is_dynamic or len(shape) != 4:
        raise EncoderError(
            f"{where} takes an input of shape {shape}; an encoder takes images, (n, 3, H, W) or (n, H, W, 3)"
        )
    axes = {"nchw": 1, "nhwc": 3}
    possible = [name for name, axis in axes.items() if not shape[axis].is_dynamic and shape[axis].get_length() == 3]
    possible = possible or [name for name, axis in axes.items() if shape[axis].is_dynamic]
    if said.layout is not None:
        possible = [name for name in possible if name == said.layout]
    if len(possible) != 1:
        what = "may be nchw or nhwc; give the option layout" if possible else "has no place for 3 colours"
        raise EncoderError(f"{where} takes an input of shape {shape}, which {what}")
    return possible[0]


def _size(shape: Any, layout: str, said: FileInput, where: str) -> tuple[int, int]:
    axes = (1, 2) if layout == "nhwc" else (2, 3)
    size = []
    for place, axis in enumerate(axes):
        wanted = said.size[place] if said.size is not None else None
        fixed = None if shape[axis].is_dynamic else shape[axis].get_length()
        if wanted is not None and fixed is not None and wanted != fixed:
            raise EncoderError(f"{where} takes images of {shape}; size = {said.size[0]}x{said.size[1]} does not fit")  # type: ignore[index]
        side = fixed or wanted
        if side is None:
            raise EncoderError(f"{where} takes images of any size; give the option size, such as 224 or 256x128")
        size.append(side)
    return size[0], size[1]


def read_graph(data: bytes, where: Path) -> Any:
    """Parse an ONNX file that was read into memory, so that what is hashed is what runs.

    Raises:
        EncoderError: it is not a network that OpenVINO can read, or keeps its weights in other files.
    """
    import io

    import openvino

    try:
        return openvino.Core().read_model(io.BytesIO(data))
    except RuntimeError as error:
        raise EncoderError(
            f"{where} is not an ONNX network that OpenVINO can read ({first_line(error)}); "
            "weights must be inside the file"
        ) from None
