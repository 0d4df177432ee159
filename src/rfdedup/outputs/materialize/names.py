"""Names that any system can hold, each given once: what a container calls its members leads nowhere."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from dataclasses import dataclass, field
from typing import Final

_MAX_PART: Final = 200
"""Bytes of one part of a name: common file systems take 255, and numbers and suffixes are appended."""
_MAX_SUFFIX: Final = 20
_FORBIDDEN: Final = re.compile(r'[\x00-\x1f\x7f<>:"\\|?*]')
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)", re.IGNORECASE)
_EMPTY: Final = "_"


def portable(name: str) -> str:
    """A ``/``-separated name as one that Linux, macOS and Windows take, below any folder.

    Bytes that are not UTF-8 become ``%FF``; characters that Windows forbids and ``..`` become ``_``; names of its
    devices get ``_`` before them; parts that are too long are cut, with a digest of the whole.
    """
    parts = [_portable_part(part) for part in name.split("/") if part not in ("", ".")]
    return "/".join(parts) or _EMPTY


def _portable_part(part: str) -> str:
    if part == "..":
        return "__"
    text = "".join(f"%{ord(c) & 0xFF:02X}" if "\udc80" <= c <= "\udcff" else c for c in part)
    text = text.encode("utf-8", "replace").decode("utf-8")
    text = unicodedata.normalize("NFC", _FORBIDDEN.sub("_", text))
    bare = text.rstrip(". ")
    text = bare + "_" * (len(text) - len(bare))
    if _RESERVED.fullmatch(text.split(".", 1)[0].rstrip()):
        text = f"_{text}"
    return text if len(text.encode()) <= _MAX_PART else _cut(text)


def _cut(text: str) -> str:
    stem, suffix = os.path.splitext(text)
    if len(suffix.encode()) > _MAX_SUFFIX:
        stem, suffix = text, ""
    mark = f"~{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    room = _MAX_PART - len(mark) - len(suffix.encode())
    return stem.encode()[:room].decode("utf-8", "ignore") + mark + suffix


def fold(name: str) -> str:
    """The same for all names that a volume which ignores case and Unicode normalisation takes for one."""
    return unicodedata.normalize("NFC", name.casefold())


@dataclass
class Names:
    """Gives names, each once, and none that is another's folder, whatever the case of letters.

    Attributes:
        by_stem: two names are the same if they are so without their suffix, because labels are called by it.
    """

    by_stem: bool = False
    _taken: set[bytes] = field(default_factory=set)
    _folders: set[bytes] = field(default_factory=set)

    def take(self, wanted: str, origin: str) -> str:
        """``wanted``, a portable name, or one like it that nobody has; the same for the same calls in the same order.

        Args:
            wanted: the name. origin: whose it is, which makes an other name of its own.
        """
        folder, slash, leaf = wanted.rpartition("/")
        folder = self._folder(folder, origin) if folder else ""
        stem, dot, suffix = _split(leaf)
        number = 0
        while True:
            mark = "" if number == 0 else f"~{_digest(f'{origin}|{number}')[:8]}"
            name = f"{folder}{slash}{stem}{mark}{dot}{suffix}"
            key = _key(f"{folder}{slash}{stem}{mark}" if self.by_stem else name)
            if key not in self._taken and key not in self._folders:
                self._taken.add(key)
                return name
            number += 1

    def _folder(self, folder: str, origin: str) -> str:
        made = ""
        for part in folder.split("/"):
            number, name = 0, f"{made}{part}"
            while _key(name) in self._taken:
                number += 1
                name = f"{made}{part}~{_digest(f'{origin}|{part}|{number}')[:8]}"
            self._folders.add(_key(name))
            made = f"{name}/"
        return made[:-1]


def _split(leaf: str) -> tuple[str, str, str]:
    stem, dot, suffix = leaf.rpartition(".")
    return (stem, dot, suffix) if dot and stem else (leaf, "", "")


def _key(name: str) -> bytes:
    return hashlib.blake2b(fold(name).encode("utf-8", "surrogateescape"), digest_size=16).digest()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
