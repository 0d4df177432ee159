"""What a worker does with one file in each pass. Picklable tasks; the same in every executor.

Each worker imports this module: what only the main process needs is elsewhere.
"""

from __future__ import annotations

import ctypes
import os
import sys
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from rfdedup.encoders.preprocess import InputSpec
from rfdedup.errors import ImageError
from rfdedup.files import NotRegularError, open_regular
from rfdedup.imaging import Limits, decode, raw, tiff
from rfdedup.measure import at_least, measure_picture
from rfdedup.sources.folder import SourceFile, storable_time
from rfdedup.tiers import quality
from rfdedup.view import decode_for, serves, write_view

_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
"""Numbers of these options in glibc's malloc.h."""
_LARGEST_KEPT: Final = 32 << 20
_MOST_KEPT: Final = 128 << 20

Fault = tuple[str, str]
"""Kind and detail of an ``ImageError``, as it travels between processes."""


class FilesLost(Exception):  # noqa: N818 - no error of the user's: the round starts again without them
    """Files that pass 1 could read and a later look could not; ``faults`` by row."""

    def __init__(self, faults: dict[int, Fault]) -> None:
        super().__init__(f"{len(faults)} files cannot be read again")
        self.faults = faults


def set_up_worker() -> None:
    """Make a process fit for many pictures: workers are the parallelism, so libraries stay on one thread each."""
    import cv2

    cv2.setNumThreads(1)
    keep_freed_memory()


def keep_freed_memory() -> None:
    """Let glibc use freed memory again rather than return it: the page faults of fresh arrays cost a fifth of pass 1.

    Elsewhere the allocator is left as it is.
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(_M_MMAP_THRESHOLD, _LARGEST_KEPT)
            mallopt(_M_TRIM_THRESHOLD, _MOST_KEPT)


@dataclass(frozen=True)
class MeasureTask:
    """Pass 1: read once, decode once, measure quality and hashes.

    With ``spec``, the same pixels become the encoder's input, written into shared memory. ``prepared`` in the result
    says whether they did: few pictures have to be decoded larger for the encoder than for the rest.
    """

    limits: Limits
    scale: Literal["640", "native"]
    spec: InputSpec | None = None

    def __call__(self, file: SourceFile, out: npt.NDArray[np.uint8] | None = None) -> dict[str, Any] | Fault:
        try:
            data = read_stable(file, self.limits)
            picture = decode(data, at_least=at_least(self.scale), limits=self.limits)
            if picture.format == "tiff":
                refuse_masters(file, data)
            measured, grey = measure_picture(data, picture, scale=self.scale)
            prepared = False
            if self.spec is not None and out is not None and serves(picture, self.spec):
                write_view(picture, self.spec, out, grey)
                prepared = True
        except ImageError as error:
            return error.kind, error.detail
        return {**vars(measured), "prepared": prepared}


@dataclass(frozen=True, slots=True)
class FullSize:
    """Measurements of ``Measurement`` by the same names, of a picture decoded whole."""

    fineness: float
    content: float


@dataclass(frozen=True)
class FullSizeTask:
    """Third look, at the few pictures whose size is in doubt."""

    limits: Limits

    def __call__(self, file: SourceFile) -> FullSize | Fault:
        try:
            grey = decode(read_stable(file, self.limits), limits=self.limits).grey()
        except ImageError as error:
            return error.kind, error.detail
        inside, content = quality.inside_borders(grey)
        return FullSize(quality.fineness(quality.spectrum(inside)), content)


@dataclass(frozen=True)
class PrepareTask:
    """Pass 2, for what pass 1 did not prepare: read again, decode, write the encoder's input into shared memory."""

    limits: Limits
    spec: InputSpec

    def __call__(self, file: SourceFile, out: npt.NDArray[np.uint8]) -> Fault | None:
        try:
            write_view(decode_for(read_stable(file, self.limits), self.spec, self.limits), self.spec, out)
        except ImageError as error:
            return error.kind, error.detail
        return None


def refuse_masters(file: SourceFile, data: bytes) -> None:
    """Raise ``ImageError`` for a TIFF that is named as a RAW master where its tags leave open whether it is one."""
    if raw.named_raw(file.path) and tiff.may_be_raw(data):
        raise ImageError(
            "unsupported-format", "named as a RAW master, which its tags leave open: rename it to .tif if it is none"
        )


def read_stable(file: SourceFile, limits: Limits) -> bytes:
    """Bytes of a file that is still the one that was scanned.

    Raises:
        ImageError: ``unreadable``, ``too-large``, or ``unstable`` when size, time or inode changed since the scan.
    """
    if file.size > limits.max_bytes:
        raise ImageError("too-large", f"{file.size} bytes; the limit is {limits.max_bytes}")
    try:
        # a pipe or device that took its place since the scan would keep whoever opens it waiting
        with open_regular(file.absolute) as stream:
            data = stream.read()
            status = os.fstat(stream.fileno())
    except NotRegularError as error:
        raise ImageError("unstable", f"{error.strerror} any more; run again when it is at rest") from None
    except OSError as error:
        raise ImageError("unreadable", error.strerror or str(error)) from None
    # Windows numbers a file differently through a name and through a handle on some volumes
    replaced = os.name != "nt" and status.st_ino != file.inode
    if replaced or (status.st_size, storable_time(status), len(data)) != (file.size, file.mtime_ns, file.size):
        raise ImageError("unstable", "the file changed while the run was reading it; run again when it is at rest")
    return data
