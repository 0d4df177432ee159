"""Reading what a scan found, a file or a member of a container, as long as it is still the same."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType

from rfdedup.imaging import DecodeLimits
from rfdedup.model.errors import ImageError
from rfdedup.model.faults import Fault
from rfdedup.model.items import Item, storable_time
from rfdedup.sources.containers import read_member
from rfdedup.storage.files import NotRegularError, open_regular


def read_stable(file: Item, limits: DecodeLimits) -> bytes:
    """Bytes of an item that is still the one that was scanned.

    Raises:
        ImageError: ``unreadable``, ``too-large``, or ``unstable`` when size, time or inode changed since the scan; of
            its container, where it lies in one. See ``containers.read_member`` for what else may be wrong there.
    """
    if file.size > limits.max_bytes:
        raise ImageError("too-large", f"{file.size} bytes; the limit is {limits.max_bytes}")
    if file.place is not None:
        return read_member(file, file.place, limits)
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


@dataclass(frozen=True)
class FileReader:
    """The reader of files and of members of containers; a process holds a few containers open."""

    limits: DecodeLimits

    def fetch(self, items: Sequence[Item]) -> Iterator[bytes | Fault]:
        """See ``Reader.fetch``."""
        for item in items:
            try:
                found: bytes | Fault = read_stable(item, self.limits)
            except ImageError as error:
                found = error.kind, error.detail
            yield found

    def __enter__(self) -> FileReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass
