"""Images of memory, written once into the run folder: workers, and commands of later days, read them from there.

They lie in Parquet files as Hugging Face writes them, ``{bytes, path}``: bytes as they came, pixels as PNG.
"""

from __future__ import annotations

import io
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image, ImageOps

from rfdedup.model.errors import InputError, RunFolderError
from rfdedup.runtime.cpus import thread_count
from rfdedup.sources.handed_over import Pair, is_missing
from rfdedup.storage.files import atomic_write, open_regular, sha256_file, sync_folder

FOLDER: Final = "images"
"""Its name in the run folder."""
PART_ROWS: Final = 16_384
PART_BYTES: Final = 1 << 30
GROUP_ROWS: Final = 16
"""Images of a row group: a second look at one reads no more than these."""
GROUP_BYTES: Final = 16 << 20
_SCHEMA: Final = pa.schema([("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())]))])
_COMPRESSION: Final = 1
"""Of PNG: higher levels take several times as long for a few percent."""
_FAST_PNG: Final = (
    *(cv2.IMWRITE_PNG_COMPRESSION, _COMPRESSION),
    *(cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE),
    *(cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_UP),
)
"""Half the time of what level 1 does by itself, for 7 % more bytes."""
_UNREADABLE: Final = (OSError, ValueError, SyntaxError, MemoryError)
"""What Pillow raises for a picture that was opened and turns out broken."""
_PNG_MODES: Final = frozenset(("1", "L", "LA", "P", "RGB", "RGBA", "I;16", "I;16B"))
_RGB_MODES: Final = frozenset(("CMYK", "YCbCr", "HSV", "LAB", "PA", "RGBX", "RGBa", "La"))


@dataclass
class Kept:
    """What was written.

    Attributes:
        parts: absolute paths of the files.
        images: how many they hold. empty: rows that held no image, and are left out.
        broken: how many could not be encoded, which are written as empty files; ``first_broken`` names one.
    """

    parts: list[str] = field(default_factory=list)
    images: int = 0
    empty: int = 0
    broken: int = 0
    first_broken: str = ""

    @property
    def notes(self) -> list[str]:
        """What was left out, in lines for people."""
        notes = []
        if self.empty:
            notes.append(f"{self.empty:,} rows of INPUT hold no image and are left out")
        if self.broken:
            notes.append(f"{self.broken:,} images of INPUT could not be read, the first is {self.first_broken}")
        return notes


def keep_images(run: Path, images: Iterable[Pair]) -> Kept:
    """Write images into a run folder, a few in memory at a time.

    A part that comes out as it lies there already stays as it is, so that nothing in it is measured again.

    Args:
        run: the run folder; the caller holds its lock.
        images: keys and images: bytes of a file, a PIL image, an array, ``{bytes, path}``, or None.

    Raises:
        InputError: two have the same key, or something is no image.
        RunFolderError: the folder cannot be written.
    """
    folder = run / FOLDER
    if folder.is_symlink():
        raise RunFolderError(f"{folder} is a symbolic link, which is not followed: remove it")
    kept = Kept()
    try:
        folder.mkdir(exist_ok=True)
        for leftover in folder.glob("part_*.tmp"):
            leftover.unlink()
        for number, part in enumerate(_parts(_encoded(images, kept))):
            path = folder / f"part_{number:05d}.parquet"
            _write(path, part)
            kept.parts.append(os.path.abspath(path))
        for old in folder.glob("part_*.parquet"):
            if os.path.abspath(old) not in kept.parts:
                old.unlink()
    except OSError as error:
        raise RunFolderError(f"cannot write {folder}: {error.strerror or error}") from None
    return kept


def is_kept(root: str, run: Path) -> bool:
    """Whether the root of an image is a file that ``run`` wrote images of memory to; also where it has been moved."""
    folder, name = os.path.split(root)
    if os.path.basename(folder) != FOLDER or not name.startswith("part_") or not name.endswith(".parquet"):
        return False
    return os.path.realpath(folder) == os.path.realpath(run / FOLDER) or not os.path.exists(root)


def _write(path: Path, groups: Iterable[list[tuple[str, bytes]]]) -> None:
    # held beside it until it is known to be another one
    fresh = path.with_name(f"{path.name}.new.tmp")
    with atomic_write(fresh) as stream, _writer(stream) as writer:
        for group in groups:
            rows = [{"bytes": data, "path": key} for key, data in group]
            writer.write_table(pa.table({"image": pa.array(rows, _SCHEMA.field("image").type)}, schema=_SCHEMA))
    if _same(path, fresh):
        fresh.unlink()
    else:
        os.replace(fresh, path)
        sync_folder(path.parent)


def _writer(stream: BinaryIO) -> pq.ParquetWriter:
    return pq.ParquetWriter(stream, _SCHEMA, compression="none", use_dictionary=False, write_statistics=False)


def _same(path: Path, fresh: Path) -> bool:
    try:
        with open_regular(path) as stream:
            if os.fstat(stream.fileno()).st_size != fresh.stat().st_size:
                return False
        return sha256_file(path) == sha256_file(fresh)
    except OSError:
        return False


def _parts(images: Iterator[tuple[str, bytes]]) -> Iterator[Iterator[list[tuple[str, bytes]]]]:
    """Row groups, by the parts that they belong to; each part is gone through before the next is asked for."""
    groups = _groups(images)
    for first in groups:

        def part(group: list[tuple[str, bytes]] = first) -> Iterator[list[tuple[str, bytes]]]:
            rows = weight = 0
            while True:
                yield group
                rows += len(group)
                weight += sum(len(data) for _, data in group)
                if rows >= PART_ROWS or weight >= PART_BYTES:
                    return
                following = next(groups, None)
                if following is None:
                    return
                group = following

        yield part()


def _groups(images: Iterator[tuple[str, bytes]]) -> Iterator[list[tuple[str, bytes]]]:
    group: list[tuple[str, bytes]] = []
    weight = 0
    for key, data in images:
        group.append((key, data))
        weight += len(data)
        if len(group) == GROUP_ROWS or weight >= GROUP_BYTES:
            yield group
            group, weight = [], 0
    if group:
        yield group


def _encoded(images: Iterable[Pair], kept: Kept) -> Iterator[tuple[str, bytes]]:
    for key, data in _in_turn(_distinct(images)):
        if data is None:
            kept.empty += 1
            continue
        if not data:
            kept.broken += 1
            kept.first_broken = kept.first_broken or repr(key)
        kept.images += 1
        yield key, data


def _distinct(images: Iterable[Pair]) -> Iterator[Pair]:
    seen: set[str] = set()
    for key, image in images:
        if key in seen:
            raise InputError(f"INPUT: the key {key!r} comes twice; keys have to tell images apart")
        try:
            key.encode()
        except UnicodeEncodeError:
            raise InputError(f"INPUT: the key {key!r} is not UTF-8") from None
        seen.add(key)
        yield key, image


def _in_turn(images: Iterator[Pair]) -> Iterator[tuple[str, bytes | None]]:
    """Images as bytes, in their order; threads compress pixels, a few images ahead."""
    threads = thread_count()
    pending: deque[tuple[str, Future[bytes] | bytes | None]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for key, image in images:
            job = _job(key, image)
            pending.append((key, pool.submit(job) if callable(job) else job))
            while pending and (len(pending) > 2 * threads or not isinstance(pending[0][1], Future)):
                yield _waited(*pending.popleft())
        while pending:
            yield _waited(*pending.popleft())


def _waited(key: str, data: Future[bytes] | bytes | None) -> tuple[str, bytes | None]:
    return key, data.result() if isinstance(data, Future) else data


def encoded(key: str, image: Any) -> bytes | None:
    """The bytes of a file that holds an image: those that came, or PNG of its pixels.

    Args:
        key: of the image, for messages.
        image: bytes; a PIL image; (h, w), (h, w, 1), (h, w, 3) or (h, w, 4) uint8, uint16 or bool, in the order RGB;
            a dict of ``bytes`` and ``path``; None, or what stands for that.

    Returns:
        None where there is no image, and nothing where a picture that was opened lazily cannot be read.

    Raises:
        InputError: it is no image.
    """
    job = _job(key, image)
    return job() if callable(job) else job


def _job(key: str, image: Any) -> bytes | Callable[[], bytes] | None:
    """Bytes, or what makes them of pixels of its own: an iterable may fill one array again and again."""
    if is_missing(image):
        return None
    if isinstance(image, bytes | bytearray | memoryview):
        return bytes(image)
    if isinstance(image, Image.Image):
        return _upright(key, image)
    if isinstance(image, np.ndarray):
        return _pixels(key, image)
    if isinstance(image, dict) and ("bytes" in image or "path" in image):
        return _of_struct(image)
    raise InputError(f"INPUT: {key!r} is a {type(image).__name__}; give bytes, a PIL image or an array of uint8")


def _of_struct(image: dict[str, Any]) -> bytes | None:
    if image.get("bytes") is not None:
        return bytes(image["bytes"])
    path = image.get("path")
    if path is None:
        return None
    try:
        with open_regular(path, follow=True) as stream:
            return stream.read()
    except OSError:
        return b""


def _upright(key: str, image: Image.Image) -> bytes | Callable[[], bytes]:
    try:
        # a copy in any case: the picture of the user stays as it is
        upright = ImageOps.exif_transpose(image)
        if upright.mode in _RGB_MODES:
            upright = upright.convert("RGBA" if upright.mode in ("PA", "RGBa", "La") else "RGB")
    except _UNREADABLE:
        return b""
    if upright.mode not in _PNG_MODES:
        raise InputError(f"INPUT: {key!r} is a PIL image of mode {image.mode}: convert it to RGB")
    return partial(_png_of_picture, upright)


def _png_of_picture(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    try:
        picture.save(stream, "PNG", compress_level=_COMPRESSION)
    except _UNREADABLE:
        return b""
    return stream.getvalue()


def _pixels(key: str, image: np.ndarray[Any, Any]) -> bytes | Callable[[], bytes]:
    channels = image.shape[2] if image.ndim == 3 else 1
    if image.dtype == np.bool_:
        image = image.astype(np.uint8) * np.uint8(255)
    if image.dtype not in (np.uint8, np.uint16) or image.ndim not in (2, 3) or channels not in (1, 3, 4):
        raise InputError(
            f"INPUT: {key!r} is an array {image.shape} of {image.dtype}; give (h, w), (h, w, 3) or (h, w, 4) of uint8"
        )
    return partial(_png_of_array, image.copy(), channels) if image.size else b""


def _png_of_array(pixels: np.ndarray[Any, Any], channels: int) -> bytes:
    if channels > 1:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR if channels == 3 else cv2.COLOR_RGBA2BGRA)
    done, data = cv2.imencode(".png", pixels, _FAST_PNG)
    return data.tobytes() if done else b""
