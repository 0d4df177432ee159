"""Where a file is that a table names by its root and its name in bytes."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import Any

from rfdedup.model.faults import Fault
from rfdedup.model.items import Identity, Item, Place, storable_time
from rfdedup.sources.film_reading import FILM


@dataclass(frozen=True, slots=True)
class FoundFile:
    """Where a file is: ``file``, or the ``problem`` with it."""

    key: Identity
    file: Item | None
    problem: Fault = ("", "")


PLACE_COLUMNS = ("bytes", "source", "offset", "length", "version")
"""Columns of the verdicts that say, beside root and name, where an image lies inside a container."""


def member_at(root: str, name: bytes, facts: dict[str, Any]) -> Item | None:
    """The member of a container that a row of the verdicts names; None where the row names a file.

    It is no news from the container: what reads it tells whether that changed.

    Args:
        root: absolute path of the container. name: of the member.
        facts: ``PLACE_COLUMNS`` of the row.
    """
    if facts["source"] is None:
        return None
    offset, length, size = (int(facts[column] or 0) for column in ("offset", "length", "bytes"))
    if facts["source"] != FILM:
        # times may be negative, places are not
        offset = max(offset, 0)
    place = Place(offset, max(length, 0), str(facts["source"]))
    return Item(root, os.fsdecode(name), max(size, 0), 0, 0, 0, 1, version=facts["version"], place=place)


def look_at(root: str, name: bytes, key: Identity | None = None) -> FoundFile:
    """The file ``name`` below ``root``; links are not followed. ``key`` is what it is asked for, if that is another."""
    wanted = (root, name) if key is None else key
    text = os.fsdecode(name)
    try:
        status = os.lstat(os.path.join(root, *text.split("/")))
    except FileNotFoundError:
        return FoundFile(wanted, None, ("missing", "the file is not there any more"))
    except OSError as error:
        return FoundFile(wanted, None, ("unreadable", error.strerror or str(error)))
    if not stat.S_ISREG(status.st_mode):
        return FoundFile(wanted, None, ("changed", "it is no regular file any more"))
    identity = status.st_ino, status.st_dev, status.st_nlink
    return FoundFile(wanted, Item(root, text, status.st_size, storable_time(status), *identity))
