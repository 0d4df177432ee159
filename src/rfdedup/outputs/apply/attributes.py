"""What a file has beside its bytes: owner, group, mode, times and extended attributes, brought to a copy of it."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import stat
import sys

OWNER, GROUP, SPECIAL_BITS, EXTENDED = "owner", "group", "special bits", "extended attributes"

_SPECIAL = stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX
_PRIVILEGES = frozenset({"security.capability", "security.ima", "security.evm"})
"""Rights of a program, and what the system signs anew by itself."""
_OF_THE_SYSTEM = frozenset({"security.selinux", "security.SMACK64"})
"""Labels that the system gives each new file by its place."""
_ACLS = frozenset({"system.posix_acl_access"})
_COPYFILE_ACL, _COPYFILE_XATTR = 1, 4
_PLAIN_FLAGS = 0xFFFF & ~(0x2 | 0x4)
"""Flags of a file on macOS and BSD that its owner sets, but for those that forbid to rename it."""


def copy(reader: int, writer: int, *, owner: bool) -> tuple[str, ...]:
    """Give one open file the attributes of another; not on Windows, where paths are needed.

    Args:
        reader, writer: file descriptors of the original and of the copy.
        owner: owner and group too, as far as the user may.

    Returns:
        What the copy does not have, in fixed order. Setuid, setgid and sticky bits are never given to it.

    Raises:
        OSError: times or permission bits cannot be set.
    """
    lost: list[str] = []
    seen = os.fstat(reader)
    if owner:
        # before the mode: the system may take bits away from a file that changes hands
        lost += _give(seen, writer)
    if seen.st_mode & _SPECIAL:
        lost.append(SPECIAL_BITS)
    if not _copy_extended(reader, writer):
        lost.append(EXTENDED)
    os.fchmod(writer, stat.S_IMODE(seen.st_mode) & ~_SPECIAL)
    _copy_flags(seen, writer)
    os.utime(writer, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    return tuple(lost)


def _give(seen: os.stat_result, writer: int) -> list[str]:
    mine = os.fstat(writer)
    if (mine.st_uid, mine.st_gid) == (seen.st_uid, seen.st_gid):
        return []
    # a user who may not give a file away may still choose among the groups that she is in
    for user, group, lost in (
        (seen.st_uid, seen.st_gid, []),
        (-1, seen.st_gid, [OWNER] if mine.st_uid != seen.st_uid else []),
    ):
        try:
            os.fchown(writer, user, group)
        except OSError as error:
            if error.errno not in _REFUSED:
                raise
            continue
        return lost
    return [name for name, same in ((OWNER, mine.st_uid == seen.st_uid), (GROUP, False)) if not same]


_REFUSED = (errno.EPERM, errno.EACCES, errno.EINVAL, errno.ENOTSUP, errno.ENOSYS)


def _copy_extended(reader: int, writer: int) -> bool:
    """Whether all extended attributes could be copied, access control lists included."""
    if sys.platform == "darwin":
        library = ctypes.CDLL(None, use_errno=True)
        return int(library.fcopyfile(reader, writer, None, _COPYFILE_ACL | _COPYFILE_XATTR)) == 0
    if sys.platform != "linux":
        return True
    try:
        wanted = os.listxattr(reader)
    except OSError:
        return True
    whole = True
    for name in wanted:
        if name in _OF_THE_SYSTEM:
            continue
        try:
            if name in _PRIVILEGES:
                whole = False
                continue
            os.setxattr(writer, name, os.getxattr(reader, name))
        except OSError:
            whole = False
    with contextlib.suppress(OSError):
        for name in _ACLS.difference(wanted).intersection(os.listxattr(writer)):
            # the folder gave it to the new file
            os.removexattr(writer, name)
    return whole


def _copy_flags(seen: os.stat_result, writer: int) -> None:
    flags = getattr(seen, "st_flags", 0) & _PLAIN_FLAGS
    if flags and sys.platform == "darwin":
        ctypes.CDLL(None, use_errno=True).fchflags(writer, flags)
