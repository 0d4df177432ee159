"""Films as INPUT: those that folders hold, and what each has, found out by workers: FFmpeg runs nowhere else."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Final

import pyarrow.compute as pc

from rfdedup.executors.base import Failure
from rfdedup.executors.choice import open_executor
from rfdedup.imaging import DecodeLimits
from rfdedup.model.config import make_config
from rfdedup.model.errors import InputError, MissingExtraError
from rfdedup.model.item_table import ItemTable
from rfdedup.model.items import Item
from rfdedup.sources.film import FILM_SUFFIXES, FrameChoice, is_film, plan_film, understood_films
from rfdedup.sources.folder import Scan
from rfdedup.sources.members import Contents
from rfdedup.sources.shards import KINDS

PLAN_SECONDS: Final = 600.0
"""Processor time that a film may take to say which frames it has: 20 s for 50 GB."""
_NAMED_AS_FILM: Final = rf"(?i)\.({'|'.join(sorted(suffix[1:] for suffix in FILM_SUFFIXES))})$"


@dataclass(frozen=True)
class PlanTask:
    """What a worker does with one film: its chosen frames, or why there are none, in one line."""

    choice: FrameChoice
    limits: DecodeLimits

    def __call__(self, path: str) -> Contents | str:
        try:
            return plan_film(path, self.choice, self.limits)
        except (InputError, MissingExtraError) as error:
            return str(error)


def scan_films(
    paths: Sequence[str], choice: FrameChoice, limits: DecodeLimits, progress: Callable[[int], None] | None = None
) -> Scan:
    """The chosen frames of films. A film that cannot be used is told, as long as there is another.

    Raises:
        InputError: none can be used; the message is that of the first.
        MissingExtraError: the extra ``video`` is not there.
    """
    if find_spec("av") is None:
        raise MissingExtraError("av", "video", "reading films")
    each = list(dict.fromkeys(paths))
    planned: dict[int, Contents | str] = {}
    with open_executor(make_config({"limits": {"file_seconds": PLAN_SECONDS}})) as executor:
        shards = ((number, [path]) for number, path in enumerate(each))
        for done in executor.run(PlanTask(choice, limits), shards, items=len(each)):
            result = done.results[0]
            if isinstance(result, Failure):
                result = f"INPUT {each[done.tag]!r} cannot be read as a film: {result.detail}"
            planned[done.tag] = result
            if progress is not None and isinstance(result, Contents):
                progress(len(result.items))
    found = [planned[number] for number in range(len(each))]
    films = [film for film in found if isinstance(film, Contents)]
    problems = [problem for problem in found if isinstance(problem, str)]
    if not films:
        raise InputError(problems[0])
    return Scan(
        [item for film in films for item in film.items],
        sorted(film.root for film in films),
        understood=understood_films(films, choice),
        notes=[*problems, *(note for film in films for note in film.notes)],
    )


def without_films(scanned: Scan) -> tuple[Scan, list[str]]:
    """A scan of folders without those that hold films and no image, and the paths of these films.

    A folder that holds images too goes on as it is; a note tells of the films beside them, but of live photos' ones.
    """
    items = ItemTable.of(scanned.files)
    if not len(items) or not pc.any(pc.match_substring_regex(items.keys, _NAMED_AS_FILM)).as_py():
        return scanned, []
    folders: dict[str, list[Item]] = {}
    for item in items:
        folders.setdefault(item.root, []).append(item)
    films: list[str] = []
    taken: set[str] = set()
    notes: list[str] = []
    for root, files in folders.items():
        moving = [file for file in files if is_film(file.key)]
        images = {posixpath.splitext(file.key)[0] for file in files if file.named_as_image}
        beside = [file for file in moving if posixpath.splitext(file.key)[0] not in images]
        if images and beside:
            notes.append(
                f"{root} also holds {len(beside):,} {'film' if len(beside) == 1 else 'films'}: name them as INPUT "
                "to look at their frames"
            )
        elif not images and moving and not any(posixpath.splitext(file.key)[1].lower() in KINDS for file in files):
            films += [file.absolute for file in moving]
            taken.add(root)
    rest = ItemTable.of(item for item in items if item.root not in taken) if taken else scanned.files
    roots = [root for root in scanned.roots if root not in taken]
    return replace(scanned, files=rest, roots=roots, notes=[*scanned.notes, *notes]), films
