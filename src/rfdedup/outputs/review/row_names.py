"""Which row of a run a user means by a path."""

from __future__ import annotations

import os

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rfdedup.model.errors import InputError
from rfdedup.model.text import path_text, printable
from rfdedup.outputs.review.snapshot import Snapshot

Rows = npt.NDArray[np.int64]


def row_named(snapshot: Snapshot, name: str) -> int:
    """The row of an image that is named by its path in the run, by its path here, or by how its path ends.

    Raises:
        InputError: there is none, or several.
    """
    table = snapshot.table
    text = path_text(name).replace(os.sep, "/")
    found = _matching(pc.equal(table["path"], text))
    if not len(found):
        found = _lying_at(table, os.path.abspath(name))  # noqa: PTH100 - the path may hold any bytes
    if not len(found):
        found = _matching(pc.ends_with(table["path"], "/" + text.lstrip("/")))
    if not len(found):
        # a frame with its film, a member with its container
        roots = pc.replace_substring(table["root"], os.sep, "/")
        whole = pc.binary_join_element_wise(roots, table["path"], "/")
        found = _matching(pc.ends_with(whole, "/" + text.lstrip("/")))
    shown = printable(name)
    if not len(found):
        raise InputError(f"{shown} is none of the {snapshot.n:,} images of {snapshot.run}")
    if len(found) > 1:
        raise InputError(f"{shown} may be {len(found):,} images of {snapshot.run}: give the whole path")
    return int(found[0])


def _lying_at(table: pa.Table, absolute: str) -> Rows:
    for root in pc.unique(table["root"]).to_pylist():
        base = os.path.abspath(root)  # noqa: PTH100 - as above
        if absolute.startswith(base.rstrip(os.sep) + os.sep):
            below = os.fsencode(absolute[len(base.rstrip(os.sep)) + 1 :].replace(os.sep, "/"))
            inside = pc.and_(pc.equal(table["root"], root), pc.equal(table["path_bytes"], pa.scalar(below)))
            found = _matching(inside)
            if len(found):
                return found
    return np.empty(0, np.int64)


def _matching(mask: pa.ChunkedArray) -> Rows:
    return np.flatnonzero(pc.fill_null(mask, False).to_numpy(zero_copy_only=False))
