"""``same``: each input as what it is, without what was dropped."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import numpy as np

from rfdedup.model.errors import ConfigError
from rfdedup.model.items import storable_time, version_of
from rfdedup.outputs.apply.names import local
from rfdedup.outputs.materialize.names import Names, portable
from rfdedup.outputs.materialize.pieces import MANIFEST, Piece, Refusal
from rfdedup.outputs.materialize.rows import Images, RunRows, suffixed, uri_of
from rfdedup.outputs.materialize.same_datasets import DatasetFiles
from rfdedup.outputs.materialize.same_table import write_table
from rfdedup.outputs.materialize.same_tar import write_tar
from rfdedup.outputs.materialize.same_zip import write_zip
from rfdedup.outputs.materialize.selection import Beside, Selection
from rfdedup.outputs.materialize.target import Sink
from rfdedup.sources.shards import container_kind
from rfdedup.storage.files import open_regular

_BLOCK: Final = 1 << 20
_WRITERS: Final[dict[str, Callable[..., list[Refusal]]]] = {"tar": write_tar, "zip": write_zip, "parquet": write_table}


@dataclass(frozen=True)
class SameLayout:
    """Folders keep names, times and what lies beside their images; containers keep names, order and packed bytes.

    Attributes:
        rows: of the run. selection: what goes. images: reads them.
        places: where each input lies below the target. containers: all that were given, also those without images.
        datasets: data-set files of folders.
    """

    rows: RunRows
    selection: Selection
    images: Images
    places: dict[str, str]
    containers: tuple[str, ...]
    datasets: DatasetFiles

    def pieces(self) -> Iterator[Piece]:
        """Outputs in the order of inputs.

        Raises:
            ConfigError: a container is not on this machine.
        """
        names = Names()
        names.take(MANIFEST, "")
        taken: set[str] = set()
        for facts in self.rows.facts(sorted(self.selection.targets)):
            row, time = facts["row"], facts["mtime_ns"]
            name = _not_ours(self.selection.targets[row], taken)
            write = partial(write_image, self.images, facts)
            yield Piece(name, facts["bytes"] or 0, (row,), write, mtime_ns=time)
            for beside in self.selection.beside.get(row, ()):
                yield beside_piece(beside, _not_ours(beside.target, taken), row)
        rewritten = [root for root in self.containers if container_kind(root) is not None]
        for root in rewritten:
            yield self._container(root, names.take(portable(self.places[root]), root))
        for facts in self.rows.facts(self._loose(rewritten)):
            place = "/".join(part for part in (self.places[facts["root"]], suffixed(facts)) if part)
            name = names.take(portable(place), uri_of(facts["root"], facts) + facts["path"])
            write = partial(write_image, self.images, facts)
            yield Piece(name, facts["bytes"] or 0, (facts["row"],), write, mtime_ns=facts["mtime_ns"])
        for piece in self.datasets.pieces():
            yield replace(piece, name=_not_ours(piece.name, taken))

    def _loose(self, rewritten: list[str]) -> list[int]:
        """Images that are neither files of folders here nor in containers: each becomes a file of its own."""
        inside = np.isin(self.rows.root, [self.rows.roots.index(r) for r in rewritten if r in self.rows.roots])
        some = self.rows.reading_order(np.flatnonzero(self.selection.included & ~inside))
        return [row for row in some.tolist() if row not in self.selection.targets]

    def _container(self, root: str, name: str) -> Piece:
        if "://" in root:
            raise ConfigError(f"--as same needs containers on this machine, and {root} is not: choose another --as")
        try:
            status = os.stat(root)
            size, time = status.st_size, storable_time(status)
        except OSError:
            # its images are refused when their turn comes
            size, time = 0, None
        some = self.rows.of_root(root)
        going = some[self.selection.included[some]]
        keys = [os.fsdecode(name) for name in self.rows.table["path_bytes"].take(going).to_pylist()]
        write = partial(self._write, str(container_kind(root)), root, some)
        return Piece(name, size, tuple(going.tolist()), write, tuple(keys), time)

    def _write(self, kind: str, root: str, some: Any, sink: Sink) -> list[Refusal]:
        facts = self.rows.places(some)
        goes = set(some[self.selection.included[some]].tolist())
        version = self.rows.table["version"][some[0]].as_py() if len(some) else _version(root)
        return _WRITERS[kind](root, version, facts, goes, sink)


def write_image(images: Images, facts: dict[str, Any], sink: Sink) -> list[Refusal]:
    """Write one image, or say why not."""
    for data in images.of([facts]):
        if isinstance(data, tuple):
            return [Refusal(facts["row"], *data)]
        sink.write(data)
    return []


def beside_piece(beside: Beside, name: str, row: int) -> Piece:
    """A file that goes along with an image, with its time."""
    path = local(beside.base, beside.name)
    try:
        status = os.lstat(path)
        size, time = status.st_size, storable_time(status)
    except OSError:
        size, time = 0, None
    return Piece(name, size, (), partial(_copy, path), mtime_ns=time, of=row)


def _copy(path: str, sink: Sink) -> list[Refusal]:
    with open_regular(path) as stream:
        while block := stream.read(_BLOCK):
            sink.write(block)
    return []


def _not_ours(name: str, taken: set[str]) -> str:
    """Another name for what is called as the table of the copy is; else the name itself."""
    if name.casefold() == MANIFEST:
        name = f"{name[:-8]}~{name[-8:]}"
        while name in taken:
            name = f"~{name}"
        taken.add(name)
    return name


def _version(root: str) -> str | None:
    try:
        return version_of(os.stat(root))
    except OSError:
        return None
