"""Image files of a run, as the page shows them."""

from __future__ import annotations

import os

from rfdedup.imaging import decode
from rfdedup.model.errors import ImageError, RunFolderError
from rfdedup.outputs.alike import read_image
from rfdedup.outputs.apply.names import check_relative

PICTURE_SIDES = (640, 1280, 4096)
"""Longest sides that pictures are served in, pixels."""
_QUALITY = 90


def read_file(root: str, path: bytes) -> bytes:
    """The bytes of an image file of the run.

    Args:
        root: folder (or file) that was scanned.
        path: below the root, ``/``-separated, exact.

    Raises:
        RunFolderError: the path leads out of the root.
        ImageError: the file is gone or cannot be read.
    """
    file = inside = os.fsencode(root)
    if path:
        file += os.sep.encode() + check_relative(path, "verdicts.parquet").replace(b"/", os.sep.encode())
    real, inside = os.path.realpath(file), os.path.realpath(inside)
    if real != inside and os.path.commonpath([real, inside]) != inside:
        raise RunFolderError("verdicts.parquet holds a path that leads out of its folder")
    return read_image(os.fsdecode(real))


def picture(data: bytes, side: int) -> bytes:
    """The image in the bytes of a file as a JPEG, upright and at most ``side`` pixels long.

    Raises:
        ImageError: it cannot be decoded.
    """
    import cv2

    rgb = decode(data, longest=side).rgb
    ok, encoded = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not ok:
        raise ImageError("corrupt", "the picture cannot be encoded")
    return bytes(encoded.tobytes())
