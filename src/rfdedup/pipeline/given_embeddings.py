"""Vectors that were made elsewhere take the place of an encoder: each goes to the image that its key names."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rfdedup.encoders.base import cache_key
from rfdedup.encoders.given_vectors import GivenVectors, load_vectors
from rfdedup.model.config import RunConfig
from rfdedup.model.errors import ConfigError, InputError
from rfdedup.model.image_set import ImageSet
from rfdedup.model.item_table import ItemTable
from rfdedup.model.items import Item
from rfdedup.runtime.progress import Watch
from rfdedup.storage.feature_store import FeatureStore

Rows = npt.NDArray[np.int64]

IN_MEMORY: Final = "python:"
"""What ``semantic.embeddings`` says of vectors that no file holds."""


@dataclass(frozen=True)
class Wanted:
    """What ``refine`` was given: a path or vectors of memory, and the column of keys."""

    given: Any
    key: str | None

    def load(self, scratch: Path) -> GivenVectors:
        """Raises ``InputError`` where it cannot be used; see ``load_vectors``."""
        return load_vectors(self.given, self.key, scratch)


def wanted_vectors(config: RunConfig, handed_over: Any = None) -> Wanted | None:
    """The vectors that a configuration, or the caller, puts in the place of an encoder; None where there are none.

    Raises:
        ConfigError: other options contradict them, or no file holds them any more.
    """
    named = config.semantic.embeddings
    if named is None:
        if config.semantic.embeddings_key is not None:
            raise ConfigError("--key names a column of --embeddings: give these as well")
        return None
    if named == IN_MEMORY and handed_over is None:
        raise ConfigError("the embeddings of this run were handed over in Python, and no file holds them: run it there")
    if "semantic" not in config.tiers:
        raise ConfigError("--embeddings are for tier 3: add semantic to --tiers")
    if config.same == "meaning" and config.semantic.threshold == "auto":
        raise ConfigError("no threshold is known for --embeddings: give one, for example --threshold 0.9")
    if config.same == "meaning" and config.semantic.max_false_pairs is not None:
        raise ConfigError("--max-false-pairs edits images and embeds them, which --embeddings cannot: give --threshold")
    return Wanted(named if handed_over is None else handed_over, config.semantic.embeddings_key)


def place_vectors(vectors: GivenVectors, image_set: ImageSet, store: FeatureStore, watch: Watch) -> None:
    """Put the vectors of images that could be read into the store, under the digest of all vectors.

    Raises:
        InputError: none of them is of any of these images.
    """
    readable = np.flatnonzero(image_set.features["error"].is_null().to_numpy())
    files = ItemTable.of(image_set.files).take(readable)
    at = joined(files, vectors.ids)
    found = np.flatnonzero(at >= 0)
    if not len(found):
        first = files[0].key if len(files) else "no image"
        raise InputError(
            f"{vectors.name}: no key names an image of INPUT; the first key is {vectors.ids[0].as_py()!r}, the first "
            f"image {first!r}; --key says which column holds the keys"
        )
    key, faulty = cache_key(vectors.encoder), 0
    lacking = readable[at < 0]
    rows, at = readable[found], at[found]
    shard, place = image_set.shard[rows], image_set.row[rows]
    with watch.stage("join", len(rows)):
        for number in np.unique(shard).tolist():
            here = np.flatnonzero(shard == number)
            values, good = vectors.unit(at[here])
            faulty += int((~good).sum())
            lacking = np.concatenate([lacking, rows[here[~good]]])
            if good.any() and not store.embedded(number, key)[place[here[good]]].all():
                store.set_embeddings(number, key, place[here[good]].astype(np.int64), values[good])
            watch.advance(len(here))
    if len(lacking):
        broken = f" ({faulty:,} vectors are zero or not finite)" if faulty else ""
        watch.warn(
            f"--embeddings: {len(lacking):,} of {len(readable):,} images have no vector{broken}, the first is "
            f"{image_set.files[int(lacking.min())].key!r}; only hashes look for their copies"
        )


def joined(files: ItemTable, ids: pa.Array) -> Rows:
    """For each file the place of its key in ``ids``, or -1, (n,) int64.

    A key is an absolute path, a path below the input, that with the input's own name in front, or one of these without
    its suffix, as webdataset has it; a number is that of the file's name. The first of these that fits counts. What
    names several files names none.

    Args:
        files: n items.
        ids: string or int64, each once.
    """
    at = np.full(len(files), -1, np.int64)
    taken = np.zeros(len(ids), np.bool_)

    def note(rows: Rows, found: pa.Array) -> None:
        places = found.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        places[places >= 0] = np.where(taken[places[places >= 0]], -1, places[places >= 0])
        used, counts = np.unique(places[places >= 0], return_counts=True)
        alone = np.isin(places, used[counts == 1])
        at[rows[alone]] = places[alone]
        taken[used] = True

    if pa.types.is_string(ids.type):
        spelled = _spelled(ids)
        for name in _NAMES:
            rows = np.flatnonzero(at < 0)
            if not len(rows):
                return at
            some = pa.array([_text(name(item)) for item in files.take(rows)], pa.string())
            note(rows, pc.index_in(some, value_set=spelled))
        digits = pc.match_substring_regex(ids, r"\A[0-9]{1,18}\z")
        if not pc.all(digits).as_py():
            return at
        ids = ids.cast(pa.int64())
    rows = np.flatnonzero(at < 0)
    numbers = pa.array([_number(item.key) for item in files.take(rows)], pa.int64())
    note(rows, pc.index_in(numbers, value_set=ids, skip_nulls=True))
    return at


def _below_root(item: Item) -> str:
    return f"{os.path.basename(item.root.rstrip(os.sep))}/{item.key}"


def _until_dot(item: Item) -> str:
    folder, slash, leaf = item.key.rpartition("/")
    return folder + slash + leaf.split(".", 1)[0]


_NAMES: Final[tuple[Callable[[Item], str], ...]] = (
    lambda item: item.absolute,
    lambda item: item.key,
    _below_root,
    lambda item: os.path.splitext(item.key)[0],
    lambda item: os.path.splitext(_below_root(item))[0],
    _until_dot,
)
"""What a key may be, the surest first."""


def _text(name: str) -> str | None:
    """What is not UTF-8 is no key of a table."""
    return None if any("\udc80" <= c <= "\udcff" for c in name) else name


def _number(key: str) -> int | None:
    stem = key.rsplit("/", 1)[-1].split(".", 1)[0]
    return int(stem) if stem.isascii() and stem.isdigit() and len(stem) <= 18 else None


def _spelled(ids: pa.Array) -> pa.Array:
    """Keys as files are named: without ``./``, absolute ones without links on the way, as INPUT is looked at."""
    folders: dict[str, str] = {}
    out = []
    for text in ids.to_pylist():
        if os.path.isabs(text):
            folder, leaf = os.path.split(text)
            if folder not in folders:
                folders[folder] = os.path.realpath(folder)
            text = os.path.join(folders[folder], leaf)
        out.append(text.removeprefix("./"))
    return pa.array(out, pa.string())


def lacking_vectors(image_set: ImageSet, store: FeatureStore, key: str, rows: Rows) -> npt.NDArray[np.bool_]:
    """Which of ``rows`` have no vector in the store, (len(rows),) bool."""
    lacks = np.ones(len(rows), np.bool_)
    shard, place = image_set.shard[rows], image_set.row[rows]
    for number in np.unique(shard).tolist():
        here = shard == number
        lacks[here] = ~store.embedded(number, key)[place[here]]
    return lacks


def refused_here(config: RunConfig, command: str) -> None:
    """Commands that look at what an encoder does.

    Raises:
        ConfigError: the configuration has vectors in its place.
    """
    if config.semantic.embeddings is not None:
        raise ConfigError(f"{command} measures an encoder, and --embeddings take its place: leave them out here")
