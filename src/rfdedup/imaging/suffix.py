"""Whether a file's name agrees with its content. Content decides; a name that says otherwise is a flag."""

from __future__ import annotations

from pathlib import PurePosixPath

_SUFFIXES = {
    "jpeg": {".jpg", ".jpeg", ".jpe", ".jfif"},
    "png": {".png", ".apng"},
    "webp": {".webp"},
    "avif": {".avif"},
    "tiff": {".tif", ".tiff"},
    "bmp": {".bmp", ".dib"},
    "gif": {".gif"},
    "ppm": {".ppm", ".pgm", ".pbm", ".pnm"},
    "heif": {".heic", ".heif", ".hif"},
}


def suffix_fits(path: str, format_name: str) -> bool:
    """Whether the suffix of ``path`` is one of the format's, or there is none."""
    suffix = PurePosixPath(path).suffix.lower()
    return not suffix or suffix in _SUFFIXES.get(format_name, {suffix})
