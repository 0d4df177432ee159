"""What the user named as INPUT, whatever it is: folders, images, containers and lists, in one scan."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from rfdedup.imaging import DecodeLimits
from rfdedup.keepers.globs import Glob, names_of
from rfdedup.model.errors import InputError
from rfdedup.model.item_table import ItemTable
from rfdedup.model.items import Item
from rfdedup.model.text import path_text
from rfdedup.pipeline.films import scan_films, without_films
from rfdedup.sources.film import FrameChoice, is_film
from rfdedup.sources.folder import FolderSource, Scan, resolve
from rfdedup.sources.lists import STANDARD_INPUT, Listed, listed_files, read_list
from rfdedup.sources.members import Contents
from rfdedup.sources.shards import KINDS, ShardSource, braces, container_kind, understood

_TABLE_SUFFIXES: Final = (".csv", ".tsv", ".txt")


@dataclass(frozen=True)
class InputOptions:
    """How INPUT is read.

    Attributes:
        files_from: a list of images: text, CSV, Parquet, or ``-`` for the standard input.
        null: its paths end with NUL bytes. path_column: its column of paths.
        image_column: column of image bytes of Parquet files that are INPUT.
        exclude: globs; what matches is left out.
        frames: of films that are INPUT: ``fps=X`` (None is ``fps=1``), ``every=N`` or ``keyframes``.
        most: frames of each film at most.
    """

    files_from: str | None = None
    null: bool = False
    path_column: str | None = None
    image_column: str | None = None
    exclude: tuple[str, ...] = ()
    frames: str | None = None
    most: int | None = None

    @classmethod
    def taken_from(cls, options: dict[str, Any]) -> InputOptions:
        """Take these options out of others, by their names; None counts as not given."""
        given = {field.name: options.pop(field.name, None) for field in fields(cls)}
        values = {name: value for name, value in given.items() if value is not None}
        exclude = values.get("exclude", ())
        values["exclude"] = (exclude,) if isinstance(exclude, str) else tuple(exclude)
        if "files_from" in values and values["files_from"] != STANDARD_INPUT:
            values["files_from"] = os.path.abspath(os.fspath(values["files_from"]))
        return cls(**values)


@dataclass(frozen=True)
class Inputs:
    """What the user named, and how it is read. ``scan`` says what there is.

    Attributes:
        named: folders, images, films, and containers, ranges of them in braces too.
        options: how they are read.
        limits: what one image may cost.
        without: the run folder, where it lies below one of them.
    """

    named: tuple[str, ...]
    options: InputOptions = InputOptions()
    limits: DecodeLimits = DecodeLimits()  # noqa: RUF009  frozen
    without: Path | None = None

    def scan(self, progress: Callable[[int], None] | None = None) -> Scan:
        """All images in the order of rows, and what was passed over.

        Raises:
            InputError: something that was named cannot be used; the message says what to type.
        """
        choice = FrameChoice.parse(self.options.frames, self.options.most)
        folders, files, shards, films = self._sorted_out()
        parts: list[Scan] = []
        if folders or not (files or shards or films or self.options.files_from):
            scanned, held = without_films(
                FolderSource(tuple(folders), self.limits, exclude=self.without).scan(progress)
            )
            films += held
            if not files and not shards and not films:
                _refuse_folder_of_containers(scanned)
            if scanned.roots:
                parts.append(scanned)
        if self.options.files_from is not None:
            listed = read_list(self.options.files_from, null=self.options.null, column=self.options.path_column)
            name = "the standard input" if self.options.files_from == STANDARD_INPUT else self.options.files_from
            scanned, held = without_films(_scan_of_list(listed_files(listed, name), "a list of {}"))
            films += held
            if scanned.roots or not held:
                parts.append(scanned)
        if files:
            parts.append(_scan_of_list(listed_files(files, "INPUT"), "{} by name"))
        if shards:
            source = ShardSource(tuple(dict.fromkeys(shards)), self.limits, self.options.image_column)
            parts.append(_scan_of_shards(list(source.contents(progress))))
        if not films and (self.options.frames, self.options.most) != (None, None):
            raise InputError("--frames and --most are for films, and no INPUT is one")
        if films:
            parts.append(scan_films(films, choice, self.limits, progress))
        return self._without_excluded(_together(parts))

    def given(self) -> dict[str, Any] | None:
        """What ``run.json`` keeps, to read the same again; None where the roots alone say it."""
        plain = self.options == InputOptions() and all(os.path.isdir(name) for name in self.named)
        if plain:
            return None
        options = {field.name: getattr(self.options, field.name) for field in fields(InputOptions)}
        return {"named": [os.path.abspath(name) for name in self.named], **options, "exclude": list(options["exclude"])}

    def _sorted_out(self) -> tuple[list[str], list[str], list[str], list[str]]:
        """Folders, single files, containers and films."""
        folders: list[str] = []
        files: list[str] = []
        shards: list[str] = []
        films: list[str] = []
        for name in (one for given in self.named for one in braces(given)):
            if "://" in name and not os.path.exists(name):
                raise InputError(f"INPUT {name!r} is not on this machine: copy or mount it first")
            path = resolve(name)
            if os.path.isdir(path):
                folders.append(name)
            elif container_kind(path) is not None:
                shards.append(path)
            elif is_film(path):
                films.append(path)
            elif path.lower().endswith(_TABLE_SUFFIXES):
                raise InputError(f"INPUT {name!r} is a list: give it as --files-from {name}")
            else:
                files.append(path)
        if self.options.image_column is not None and not any(container_kind(path) == "parquet" for path in shards):
            raise InputError("--image-column is for Parquet files, and no INPUT is one")
        if self.options.files_from is None and (self.options.null or self.options.path_column is not None):
            raise InputError("--null and --path-column say how a list is read: name it by --files-from")
        return folders, files, shards, films

    def _without_excluded(self, scanned: Scan) -> Scan:
        globs = [Glob(text) for text in self.options.exclude]
        if not globs:
            return scanned
        notes = list(scanned.notes)
        used = [False] * len(globs)

        def excluded(file: Item) -> bool:
            names = names_of(path_text(file.root), path_text(file.key))
            hits = [any(map(glob.matches, names)) for glob in globs]
            used[:] = [was or hit for was, hit in zip(used, hits, strict=True)]
            return any(hits)

        files = [file for file in scanned.files if not excluded(file)]
        for text, hit in zip(self.options.exclude, used, strict=True):
            if not hit:
                notes.append(f"--exclude {text!r} matches no file")
        words = f"{_files(len(scanned.files) - len(files))} excluded"
        facts = {field.name: getattr(scanned, field.name) for field in fields(Scan)}
        told = ", ".join(part for part in (scanned.understood, words) if part)
        return Scan(**{**facts, "files": files, "notes": notes, "understood": told})


def as_names(inputs: str | os.PathLike[str] | Sequence[str | os.PathLike[str]]) -> tuple[str, ...]:
    """One INPUT or several as text."""
    some = [inputs] if isinstance(inputs, str | os.PathLike) else inputs
    return tuple(os.fspath(name) for name in some)


def inputs_of(info: dict[str, Any]) -> Inputs:
    """What the run of a ``run.json`` read, to read it again.

    Raises:
        InputError: it was given on the standard input, or the note is damaged.
    """
    given = info.get("given")
    if given is None:
        return Inputs(tuple(info.get("inputs", [])))
    try:
        values = dict(given)
        named = tuple(map(str, values.pop("named")))
        options = InputOptions.taken_from(values)
    except (TypeError, ValueError, KeyError, AttributeError):
        raise InputError("run.json does not say which input the run had: run the command again by hand") from None
    if options.files_from == STANDARD_INPUT:
        raise InputError("the run read its list from the standard input: run the command again by hand")
    return Inputs(named, options)


def in_reading_order(files: Sequence[Item]) -> Sequence[Item]:
    """Files as they are read: those of a container in its order, where the plan has them by name."""
    items = ItemTable.of(files)
    if "place" not in items.said:
        return files
    return sorted(files, key=lambda file: (os.fsencode(file.root), file.place.offset if file.place else -1))


def _files(count: int) -> str:
    return f"{count:,} {'file' if count == 1 else 'files'}"


def _scan_of_list(listed: Listed, words: str) -> Scan:
    return Scan(listed.items, listed.roots, understood=words.format(_files(len(listed.items))), notes=listed.notes)


def _scan_of_shards(contents: list[tuple[str, Contents]]) -> Scan:
    holds = [found for _, found in contents]
    return Scan(
        [item for found in holds for item in found.items],
        sorted(found.root for found in holds),
        hidden=sum(found.hidden for found in holds),
        symlinks=sum(found.links for found in holds),
        understood="; ".join(understood(contents)),
        notes=[note for found in holds for note in found.notes],
        inside=sum(found.others for found in holds),
    )


def _together(parts: list[Scan]) -> Scan:
    """Several scans as one, each file once."""
    if len(parts) == 1 and not parts[0].understood:
        return parts[0]
    files: list[Item] = []
    last: bytes | None = None
    for file in sorted((file for part in parts for file in part.files), key=lambda file: (file.sort_key, file.root)):
        if file.sort_key != last:
            files.append(file)
        last = file.sort_key
    total = sum(len(part.files) for part in parts)
    return Scan(
        files,
        sorted({root for part in parts for root in part.roots}),
        hidden=sum(part.hidden for part in parts),
        symlinks=sum(part.symlinks for part in parts),
        special=sum(part.special for part in parts),
        overlapping=sum(part.overlapping for part in parts) + total - len(files),
        unreadable=[entry for part in parts for entry in part.unreadable],
        understood="; ".join(part.understood or f"{_files(len(part.files))} of folders" for part in parts),
        notes=[note for part in parts for note in part.notes],
        inside=sum(part.inside for part in parts),
    )


def _refuse_folder_of_containers(scanned: Scan) -> None:
    """Say what to type where a folder holds no image, but containers or tables that may hold some."""
    if any(file.named_as_image for file in scanned.files):
        return
    held = [file for file in scanned.files if os.path.splitext(file.key)[1].lower() in KINDS]
    if not held:
        return
    suffixes = sorted({os.path.splitext(file.key)[1] for file in held})
    place = os.path.dirname(held[0].absolute)
    example = os.path.join(place, f"*{os.path.splitext(held[0].key)[1]}")
    raise InputError(
        f"no image below {', '.join(scanned.roots)}, but {len(held):,} {', '.join(suffixes)} files that may hold some: "
        f"name these as INPUT, for example: rfdedup run {shlex.quote(place)}{example[len(place) :]} --out RUN"
    )
