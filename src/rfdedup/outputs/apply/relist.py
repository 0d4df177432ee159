"""Rewrites the user's data-set files after apply: finds the images they name, asks the journal, writes copies."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rfdedup.model.errors import ConfigError
from rfdedup.model.items import Identity
from rfdedup.outputs.apply import datasets
from rfdedup.outputs.apply.before import Before
from rfdedup.outputs.apply.catalog import Catalog, Known
from rfdedup.outputs.apply.datasets import Ask
from rfdedup.outputs.apply.execute import Executor
from rfdedup.outputs.apply.fsops import FsOps, explain
from rfdedup.outputs.apply.plan import Action, Options
from rfdedup.outputs.apply.sidecars import Signature

_SUFFIXES = (".json", ".yaml", ".yml", ".csv", ".tsv", ".parquet", ".txt")
_MAX_BYTES = 8 << 30


@dataclass
class Rewritten:
    """One data-set file: where its copy is, and how many of its images stayed, went, or are not of this run."""

    source: str
    target: str
    kept: int = 0
    dropped: int = 0
    unknown: int = 0


@dataclass
class Relister:
    """Data-set files of one apply. ``images`` is a folder that their paths may be relative to."""

    fs: FsOps
    catalog: Catalog
    options: Options
    images: str | None = None
    path_column: str | None = None
    label_column: str | None = None
    announce: Callable[[str], None] = lambda _: None
    """Told of each file that is about to be written."""
    written: list[Rewritten] = field(default_factory=list)

    def check(self, files: list[str]) -> None:
        """Read every file once, so that a bad one is found before anything else happens.

        Raises:
            ConfigError: a file is missing, of a kind that is not known, or not what its suffix says.
        """
        for file in files:
            if not file.lower().endswith(_SUFFIXES):
                raise ConfigError(f"--dataset {file}: known are {', '.join(_SUFFIXES)}")
            if _is_yaml(file):
                for _, path in self._yolo(file)[2]:
                    self._read(path)
            else:
                self._maker(file)(lambda entry: entry)

    def labels(self, files: list[str]) -> dict[Identity, Signature]:
        """Classes that the data-set files give to images of the run, by root and name."""
        found: dict[Identity, Signature] = {}
        for file in files:
            suffix = os.path.splitext(file)[1].lower()
            if suffix == ".json":
                classes = datasets.coco_labels(self._read(file), file)
            elif suffix in (".csv", ".tsv") and self.label_column is not None:
                classes = datasets.csv_labels(self._read(file), self.path_column, self.label_column, file)
            else:
                continue
            for entry, signature in classes.items():
                known = self._find(entry, self._bases(file))
                if known is not None:
                    key = (known[0].root, known[0].name)
                    found[key] = {**found.get(key, {}), **signature}
        return found

    def rewrite(self, file: str, executor: Executor, before: Before) -> None:
        """Write the copy of one file, and of the lists that a ``data.yaml`` names."""
        if _is_yaml(file):
            self._rewrite_yolo(file, executor, before)
        else:
            self._write(file, self._bases(file), self._maker(file), executor, before)

    def _maker(self, file: str) -> Callable[[Ask], bytes]:
        data = self._read(file)
        match os.path.splitext(file)[1].lower():
            case ".json":
                return lambda ask: datasets.rewrite_coco(data, ask, file)
            case ".parquet":
                return lambda ask: datasets.rewrite_parquet(data, ask, self.path_column, file)
            case ".txt":
                return lambda ask: datasets.rewrite_list(data, ask)
            case _:
                return lambda ask: datasets.rewrite_csv(data, ask, self.path_column, file)

    def _yolo(self, file: str) -> tuple[dict[str, Any], str, list[tuple[str, str]]]:
        """A ``data.yaml``, the folder that its entries are relative to, and its list files with their paths."""
        value = datasets.read_yolo(self._read(file), file)
        base = os.path.normpath(os.path.join(os.path.dirname(file), str(value.get("path") or "")))
        lists = [(name, os.path.normpath(os.path.join(base, name))) for name in datasets.yolo_lists(value)]
        return value, base, lists

    def _rewrite_yolo(self, file: str, executor: Executor, before: Before) -> None:
        value, base, lists = self._yolo(file)
        names: dict[str, str] = {}
        for name, path in lists:
            bases = [os.path.dirname(path), base, *self._bases(file)]
            target = self._write(path, bases, self._maker(path), executor, before)
            names[name] = target if os.path.isabs(name) else os.path.relpath(target, self._moved(base))
        changed = datasets.rename_lists(value, names)
        if not self.options.action.takes_away and os.path.isabs(str(value.get("path", ""))):
            changed["path"] = self._moved(base)
        self._write(file, [], lambda _: datasets.write_yolo(changed), executor, before)

    def _write(
        self, file: str, bases: list[str], make: Callable[[Ask], bytes], executor: Executor, before: Before
    ) -> str:
        target = self._free(self._target(file))
        entry = Rewritten(file, target)
        data = make(self._ask(entry, bases, before))
        folder, leaf = os.path.split(file)
        self.announce(target)
        executor.write(folder, os.fsencode(leaf), target, data)
        self.written.append(entry)
        return target

    def _ask(self, count: Rewritten, bases: list[str], before: Before) -> Ask:
        def ask(entry: str) -> str | None:
            found = self._find(entry, bases)
            if found is None and self._left_before(entry, bases, before):
                count.dropped += 1
                return None
            if found is None:
                count.unknown += 1
                return entry
            known, base = found
            new = self._new_entry(entry, known, base, before)
            if new is None:
                count.dropped += 1
            else:
                count.kept += 1
            return new

        return ask

    def _new_entry(self, entry: str, known: Known, base: str | None, before: Before) -> str | None:
        if self.options.action.takes_away:
            return None if before.handled(known) else entry
        place = before.new_place(known)
        if place is None or base is None:
            return place
        relative = os.path.relpath(place, self._moved(base))
        return entry if os.path.normpath(entry) == relative else relative.replace(os.sep, "/")

    def _left_before(self, entry: str, bases: list[str], before: Before) -> bool:
        """Whether an earlier apply took the file away that ``entry`` names, so that the last run did not see it."""
        if not self.options.action.takes_away:
            return False
        for base in [None] if os.path.isabs(entry) else bases:
            path = os.path.normpath(entry if base is None else os.path.join(base, entry))
            place = self.catalog.locate(path)
            if place is not None and before.left(*place):
                return True
        return False

    def _find(self, entry: str, bases: list[str]) -> tuple[Known, str | None] | None:
        """The image that ``entry`` names, and the folder that it is relative to."""
        for base in [None] if os.path.isabs(entry) else bases:
            path = os.path.normpath(entry if base is None else os.path.join(base, entry))
            place = self.catalog.locate(path)
            known = None if place is None else self.catalog.find(*place)
            if known is not None:
                return known, base
        return None

    def _bases(self, file: str) -> list[str]:
        named = [] if self.images is None else [self.images]
        return [*named, os.path.dirname(file), *self.catalog.roots]

    def _moved(self, folder: str) -> str:
        """Where a folder of the raw tree is in the clean one."""
        if self.options.action.takes_away or self.options.target is None:
            return folder
        for root in self.catalog.roots:
            if folder == root or folder.startswith(root.rstrip(os.sep) + os.sep):
                return os.path.normpath(os.path.join(self.options.target, os.path.relpath(folder, root)))
        return self.options.target

    def _target(self, file: str) -> str:
        folder, leaf = os.path.split(file)
        if not self.options.action.takes_away:
            return os.path.join(self._moved(folder), leaf)
        stem, suffix = os.path.splitext(leaf)
        return os.path.join(folder, f"{stem}.clean{suffix}")

    def _free(self, path: str) -> str:
        stem, suffix = os.path.splitext(path)
        number = 1
        while os.path.lexists(path):
            number += 1
            path = f"{stem}-{number}{suffix}"
        return path

    def _read(self, file: str) -> bytes:
        try:
            return self.fs.read(file, _MAX_BYTES)
        except OSError as error:
            raise ConfigError(f"cannot read {file}: {explain(error)[1]}") from None


def labels_of_run(
    run: Path, files: list[str], images: str | None, path_column: str | None, label_column: str | None
) -> dict[Identity, Signature]:
    """Classes that data-set files give to the images of a run, by root and name.

    Raises:
        ConfigError: a file is missing or not what its suffix says.
        RunFolderError: the run is damaged.
    """
    with Catalog.build(run) as catalog:
        relister = Relister(FsOps(), catalog, Options(Action.COPY), images, path_column, label_column)
        relister.check(files)
        return relister.labels(files)


def _is_yaml(file: str) -> bool:
    return file.lower().endswith((".yaml", ".yml"))
