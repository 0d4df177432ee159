"""Whether a file's name agrees with its content. Content decides; a name that says otherwise is a flag."""

from __future__ import annotations

import posixpath

from rfdedup.imaging import raw

_SUFFIXES: dict[str, set[str] | frozenset[str]] = {
    "jpeg": {".jpg", ".jpeg", ".jpe", ".jfif"},
    "png": {".png", ".apng"},
    "webp": {".webp"},
    "avif": {".avif"},
    "tiff": {".tif", ".tiff"},
    "bmp": {".bmp", ".dib"},
    "gif": {".gif"},
    "ppm": {".ppm", ".pgm", ".pbm", ".pnm"},
    "heif": {".heic", ".heif", ".hif"},
    "raw": raw.SUFFIXES,
}


def suffix_fits(path: str, format_name: str) -> bool:
    """Whether the suffix of ``path`` is one of the format's, or there is none."""
    # a million names go through here: pathlib takes ten times as long
    suffix = posixpath.splitext(path)[1].lower()
    return suffix in ("", ".") or suffix in _SUFFIXES.get(format_name, {suffix})
