"""What Python hands over as INPUT: names of files, or images with their keys, whatever library holds them.

No library is imported for what nobody handed over: objects are told by the package that made them.
"""

from __future__ import annotations

import operator
import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from PIL import Image

from rfdedup.model.errors import InputError
from rfdedup.sources.members import safe_key

Pair = tuple[str, Any]
"""Key and image of one row; the image is None where the row holds none."""

_NUMBER_WIDTH: Final = 9
_ONE_IMAGE: Final = (bytes, bytearray, memoryview, Image.Image)


def taken(inputs: Any, column: str | None = None) -> list[str] | Iterator[Pair]:
    """Names of files, folders and containers, or images with their keys, one after the other.

    Args:
        inputs: see ``refine``. It is gone through once and never changed.
        column: of a ``datasets.Dataset``, where it has several columns of images.

    Raises:
        InputError: it is nothing that images can be taken from; in the iterator too.
    """
    if isinstance(inputs, str | os.PathLike):
        return [os.fspath(inputs)]
    if isinstance(inputs, _ONE_IMAGE):
        raise InputError("INPUT is a single image: hand over a list of images")
    package = type(inputs).__module__.partition(".")[0]
    if package == "datasets":
        return _of_dataset(inputs, column)
    if isinstance(inputs, Mapping):
        return _pairs(iter(inputs.items()))
    if package in ("pandas", "polars", "pyarrow") and hasattr(inputs, "columns"):
        raise InputError(f"INPUT is a {package} table: hand over its column of paths or images")
    if package == "pyarrow" and isinstance(inputs, pa.Array | pa.ChunkedArray):
        return _told_apart(value.as_py() for value in inputs)
    if package == "pandas" and hasattr(inputs, "items") and hasattr(inputs, "index"):
        return _of_series(inputs)
    if isinstance(inputs, np.ndarray) and inputs.ndim not in (1, 4):
        raise InputError(f"INPUT is an array {inputs.shape}: hand over a list of images, or one array (n, h, w, 3)")
    if not isinstance(inputs, Iterable):
        raise InputError(f"INPUT is a {type(inputs).__name__}, and no images can be taken from that")
    return _told_apart(iter(inputs))


def _told_apart(values: Iterator[Any]) -> list[str] | Iterator[Pair]:
    """Names, images, or pairs, by the first value that is there."""
    ahead: list[Any] = []
    for value in values:
        ahead.append(value)
        if not is_missing(value):
            break
    if not ahead:
        return []
    if is_missing(ahead[-1]):
        raise InputError("INPUT holds nothing but empty places")
    rest = chain(ahead, values)
    if isinstance(ahead[-1], str | os.PathLike):
        return _names(rest)
    if isinstance(ahead[-1], tuple | list) and len(ahead[-1]) == 2 and not _is_image(ahead[-1][0]):
        return _pairs(rest)
    return ((number_key(place), value) for place, value in enumerate(rest))


def _names(values: Iterable[Any]) -> list[str]:
    names = []
    for place, value in enumerate(values):
        if isinstance(value, str | os.PathLike):
            names.append(os.fsdecode(os.fspath(value)))
        elif not is_missing(value):
            raise InputError(f"INPUT: place {place} holds a {type(value).__name__}, and the first one is a path")
    return names


def _pairs(values: Iterable[Any]) -> Iterator[Pair]:
    for place, value in enumerate(values):
        if is_missing(value):
            continue
        if not isinstance(value, tuple | list) or len(value) != 2:
            raise InputError(f"INPUT: place {place} holds a {type(value).__name__}, and the first one is (key, image)")
        yield key_text(value[0]), value[1]


def _of_series(series: Any) -> list[str] | Iterator[Pair]:
    """A pandas column: paths, or images by its index."""
    first = next((value for value in series if not is_missing(value)), None)
    if first is None or isinstance(first, str | os.PathLike):
        return _told_apart(iter(series))
    return _pairs(iter(series.items()))


def _of_dataset(dataset: Any, column: str | None) -> list[str] | Iterator[Pair]:
    """A ``datasets.Dataset``: the bytes of its images as they are stored, or their paths where it holds only these."""
    features = getattr(dataset, "features", None)
    if isinstance(dataset, Mapping):
        raise InputError(f"INPUT holds several splits: hand over one of them, {', '.join(map(repr, dataset))}")
    if not hasattr(dataset, "select_columns"):
        raise InputError(f"INPUT is a {type(dataset).__name__}, and no images can be taken from that")
    if column is None:
        images = [name for name, kind in (features or {}).items() if type(kind).__name__ == "Image"]
        if len(images) != 1:
            known = ", ".join(images or features or ["unknown columns"])
            raise InputError(f"INPUT: say which column of the Dataset holds the images by image_column; it has {known}")
        column = images[0]
    elif features is not None and column not in features:
        raise InputError(f"INPUT has no column {column!r}; it has {', '.join(features)}")
    some = dataset.select_columns([column])
    if features is not None and type(features[column]).__name__ == "Image":
        # a picture as it is stored: nothing is decoded, and bytes stay what they are
        some = some.cast_column(column, type(features[column])(decode=False))
    some = some.with_format(None)
    if _holds_paths_only(some, column):
        return _names(row[column]["path"] for row in some if row[column] is not None)
    return ((number_key(place), row[column]) for place, row in enumerate(some))


def _holds_paths_only(dataset: Any, column: str) -> bool:
    table = getattr(dataset, "data", None)
    if table is None:
        return False
    values = table.column(column)
    if not pa.types.is_struct(values.type) or {"bytes", "path"} - {field.name for field in values.type}:
        return False
    data, paths = (pc.struct_field(values, name) for name in ("bytes", "path"))
    return bool(data.null_count == len(values) > paths.null_count)


def is_missing(value: Any) -> bool:
    """Whether a place of a column holds nothing: None, or what a library has for that."""
    return value is None or type(value).__name__ == "NAType" or (isinstance(value, float) and value != value)


def _is_image(value: Any) -> bool:
    return isinstance(value, (*_ONE_IMAGE, np.ndarray, dict))


def number_key(number: int) -> str:
    """The key of a row that has only its number: ``int`` gives that back."""
    return f"{number:0{_NUMBER_WIDTH}d}"


def key_text(key: Any) -> str:
    """A key as it stands in the column ``path``: numbers with leading zeros, text as a relative name.

    Raises:
        InputError: it names nothing.
    """
    if isinstance(key, str | os.PathLike):
        text = safe_key(os.fsdecode(os.fspath(key)))
    elif isinstance(key, bool | bytes) or is_missing(key):
        raise InputError(f"INPUT: {key!r} is no key of an image; give text or a number")
    else:
        try:
            number = operator.index(key)
        except TypeError:
            text = safe_key(str(key))
        else:
            text = number_key(number) if number >= 0 else str(number)
    if not text:
        raise InputError(f"INPUT: the key {key!r} names nothing")
    return text
