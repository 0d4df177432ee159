"""The only place that touches the files of the user. Each method is one step that succeeds or raises OSError."""

from __future__ import annotations

import ctypes
import errno
import hashlib
import os
import shutil
import stat
import sys
from collections.abc import Callable
from functools import cache

from rfdedup.outputs.apply import attributes

_BLOCK = 1 << 20
_AT_FDCWD = -100
_RENAME_NOREPLACE = 1
_RENAME_EXCL = 4
_FICLONE = 0x40049409
_SPECIAL = stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX
_WINDOWS_PLAIN_PATH = 240
"""Longer paths need the ``\\\\?\\`` prefix on Windows; directories already at 248 characters."""

_BITS_64 = (1 << 64) - 1

_READ_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_WRITE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


class FsOps:
    """Calls of the operating system, with the differences between systems hidden. Paths are absolute str."""

    def lstat(self, path: str) -> os.stat_result:
        return os.lstat(native(path))

    def names(self, folder: str) -> list[str]:
        """Names in a folder, in any order."""
        return os.listdir(native(folder))

    def read(self, path: str, limit: int) -> bytes:
        """The first ``limit`` bytes of a regular file; symlinks are not followed."""
        handle = os.open(native(path), _READ_FLAGS)
        with os.fdopen(handle, "rb") as stream:
            return stream.read(limit)

    def digest(self, path: str) -> str:
        """SHA-256 of a regular file as hex; symlinks are not followed."""
        handle = os.open(native(path), _READ_FLAGS)
        try:
            total = hashlib.sha256()
            while block := os.read(handle, _BLOCK):
                total.update(block)
            return total.hexdigest()
        finally:
            os.close(handle)

    def rename(self, source: str, target: str) -> None:
        """Give a file another name on the same volume, in one step.

        Raises:
            FileExistsError: there is something at ``target``; it is never overwritten.
        """
        _rename_exclusive()(native(source), native(target))

    def link(self, source: str, target: str) -> None:
        """Give a file a second name. Never overwrites."""
        os.link(native(source), native(target))

    def unlink(self, path: str) -> None:
        """Remove a name. A read-only file goes as any other, on Windows too."""
        path = native(path)
        try:
            os.unlink(path)
        except PermissionError:
            if os.name != "nt":
                raise
            mode = os.lstat(path).st_mode
            os.chmod(path, stat.S_IWRITE)
            try:
                os.unlink(path)
            except OSError:
                os.chmod(path, mode)
                raise

    def mkdir(self, path: str) -> None:
        os.mkdir(native(path))

    def rmdir(self, path: str) -> None:
        os.rmdir(native(path))

    def copy(self, source: str, target: str, whole: bool = False) -> tuple[str, ...]:
        """Copy bytes, times and permission bits into a new file and make it durable.

        Shares the blocks (reflink) where the file system can. ``target`` must not exist. The setuid, setgid and sticky
        bits and the capabilities of programs are never copied: they would give the rights of one owner to another.

        Args:
            whole: the copy takes the place of ``source``: it gets its owner and group, too.

        Returns:
            What the copy does not have of what ``whole`` asks for: ``owner``, ``group``, ``special bits``,
            ``extended attributes``.
        """
        source, target = native(source), native(target)
        if _clone_file(source, target):
            status = os.lstat(target)
            if status.st_mode & _SPECIAL:
                os.chmod(target, status.st_mode & 0o777)
            self.sync_file(target)
            return ()
        lost: tuple[str, ...] = ()
        reader = os.open(source, _READ_FLAGS)
        try:
            writer = os.open(target, _WRITE_FLAGS, 0o600)
            try:
                if not _share_blocks(reader, writer):
                    while block := os.read(reader, _BLOCK):
                        _write_all(writer, block)
                if os.name != "nt":
                    lost = attributes.copy(reader, writer, owner=whole)
                _sync(writer)
            finally:
                os.close(writer)
        finally:
            os.close(reader)
        if os.name == "nt":
            # closing a file that was written to sets its time there
            shutil.copystat(source, target, follow_symlinks=False)
        return lost if whole else ()

    def sync_file(self, path: str) -> None:
        """Make the bytes of a file durable."""
        handle = os.open(native(path), _READ_FLAGS)
        try:
            _sync(handle)
        finally:
            os.close(handle)

    def write(self, path: str, data: bytes) -> None:
        """Make a new, durable file that holds ``data``."""
        writer = os.open(native(path), _WRITE_FLAGS, 0o644)
        try:
            _write_all(writer, data)
            _sync(writer)
        finally:
            os.close(writer)

    def sync_folder(self, folder: str) -> None:
        """Make renames in ``folder`` durable. Windows has no such call; NTFS orders its own journal."""
        if os.name == "nt":
            return
        handle = os.open(folder, os.O_RDONLY)
        try:
            _sync(handle)
        except OSError as error:
            # file systems without folder sync (some FUSE and network ones) say so; there is nothing to wait for
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):
                raise
        finally:
            os.close(handle)

    def set_mtime(self, path: str, mtime_ns: int) -> None:
        path = native(path)
        os.utime(path, ns=(os.lstat(path).st_atime_ns, mtime_ns))

    def chmod(self, path: str, mode: int) -> None:
        os.chmod(native(path), mode)

    def ignores_case(self, folder: str) -> bool:
        """Whether the volume below ``folder`` (or its nearest existing ancestor) takes ``a`` and ``A`` for one."""
        while True:
            parent, leaf = os.path.split(folder)
            other = leaf.swapcase()
            if not leaf:
                return sys.platform in ("win32", "darwin")
            if other != leaf:
                try:
                    here = self.lstat(folder)
                except OSError:
                    folder = parent
                    continue
                try:
                    return same_file(here, self.lstat(os.path.join(parent, other)))
                except OSError:
                    return False
            folder = parent


def native(path: str, *, windows: bool = os.name == "nt") -> str:
    """``path`` in the form that the system takes at any length."""
    if not windows or len(path) < _WINDOWS_PLAIN_PATH or path.startswith("\\\\?\\"):
        return path
    path = path.replace("/", "\\")
    return "\\\\?\\UNC\\" + path[2:] if path.startswith("\\\\") else "\\\\?\\" + path


def same_file(a: os.stat_result, b: os.stat_result) -> bool:
    return a.st_ino == b.st_ino and a.st_dev == b.st_dev


def inode_of(status: os.stat_result) -> int:
    """The inode number in 64 bits; some Windows volumes use 128."""
    return status.st_ino & _BITS_64


def is_regular(status: os.stat_result) -> bool:
    return stat.S_ISREG(status.st_mode)


_REASONS: dict[int, tuple[str, str]] = {
    errno.EEXIST: ("occupied", "something is at the new place already"),
    errno.ENOENT: ("missing", "it is not there any more"),
    errno.ENOSPC: ("disk-full", "free some space and run the same command again"),
    errno.EROFS: ("read-only", "the volume is mounted read-only"),
    errno.EACCES: ("permission", "make the file and its folder writable, then run the same command again"),
    errno.EPERM: ("permission", "make the file and its folder writable, then run the same command again"),
    errno.EXDEV: ("other-device", "hard links need DIR on the volume of the images; use --copy-kept"),
    errno.ENOTSUP: ("not-supported", "the volume has no hard links; use --copy-kept"),
    errno.ENAMETOOLONG: ("name-too-long", "choose a shorter DIR"),
    errno.ELOOP: ("symlink", "it has become a symbolic link"),
    errno.EBUSY: ("in-use", "another program has it open; close that and run the same command again"),
    errno.ENOTDIR: ("occupied", "a file stands where a folder is needed"),
}
if hasattr(errno, "EDQUOT"):
    _REASONS[errno.EDQUOT] = _REASONS[errno.ENOSPC]
_WINDOWS_REASONS: dict[int, int] = {
    32: errno.EBUSY,
    33: errno.EBUSY,
    206: errno.ENAMETOOLONG,
    1: errno.ENOTSUP,
    112: errno.ENOSPC,
    17: errno.EXDEV,
}


def explain(error: OSError) -> tuple[str, str]:
    """A machine-readable reason, and words with the way out."""
    number = _WINDOWS_REASONS.get(getattr(error, "winerror", None) or 0, error.errno or 0)
    reason, advice = _REASONS.get(number, ("io-error", "check the disk"))
    return reason, f"{error.strerror or error}: {advice}"


def crosses_devices(error: OSError) -> bool:
    return error.errno == errno.EXDEV or getattr(error, "winerror", None) == 17


def _sync(handle: int) -> None:
    if sys.platform == "darwin":
        import fcntl

        try:
            # fsync of macOS leaves the data in the cache of the drive
            fcntl.fcntl(handle, fcntl.F_FULLFSYNC)
            return
        except OSError:
            pass
    os.fsync(handle)


def _write_all(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def _clone_file(source: str, target: str) -> bool:
    """Copy on write of APFS. False where it cannot be had; a file that exists is left for the caller to meet."""
    if sys.platform != "darwin":
        return False
    library = ctypes.CDLL(None, use_errno=True)
    return int(library.clonefile(os.fsencode(source), os.fsencode(target), 0)) == 0


def _share_blocks(reader: int, writer: int) -> bool:
    """Reflink of btrfs, XFS and others. False where the file system has none."""
    if sys.platform != "linux":
        return False
    import fcntl

    try:
        fcntl.ioctl(writer, _FICLONE, reader)
    except OSError:
        return False
    return True


@cache
def _rename_exclusive() -> Callable[[str, str], None]:
    if os.name == "nt":
        return os.rename
    library = ctypes.CDLL(None, use_errno=True)
    if hasattr(library, "renameat2"):
        rename2 = library.renameat2

        def call(source: bytes, target: bytes) -> int:
            return int(rename2(_AT_FDCWD, source, _AT_FDCWD, target, _RENAME_NOREPLACE))
    elif hasattr(library, "renamex_np"):
        renamex = library.renamex_np

        def call(source: bytes, target: bytes) -> int:
            return int(renamex(source, target, _RENAME_EXCL))
    else:
        return rename_by_link

    def rename(source: str, target: str) -> None:
        if call(os.fsencode(source), os.fsencode(target)) == 0:
            return
        number = ctypes.get_errno()
        if number in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
            rename_by_link(source, target)
            return
        raise OSError(number, os.strerror(number), source, None, target)

    return rename


def rename_by_link(source: str, target: str) -> None:
    """Rename without overwriting where the system has no such call: a second name, then the first one goes.

    Volumes without hard links get a look before the rename, which leaves a short race.
    """
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.ENOSYS):
            raise
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), source, None, target) from None
        os.rename(source, target)
        return
    try:
        os.unlink(source)
    except OSError:
        os.unlink(target)
        raise
