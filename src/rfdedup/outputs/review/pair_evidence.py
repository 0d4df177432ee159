"""Two images of a run held against each other: what the run found, or what a comparison of the files finds now."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any, Final

import numpy as np

from rfdedup.comparison import VIEW_SIDE, View, compare, sentence
from rfdedup.features.hashes import sha256
from rfdedup.features.settings import limits_of
from rfdedup.model.errors import ImageError
from rfdedup.model.evidence import Evidence, fields_of
from rfdedup.outputs.report.drawn_proofs import Proof, draw, view_of_bytes
from rfdedup.outputs.report.sentences import evidence_in, parts
from rfdedup.outputs.review.snapshot import Snapshot
from rfdedup.stages.compare import change_limits

_HELD: Final = 8
"""Drawn pairs that are held: a page asks for both pictures of a pair."""


class PairEvidence:
    """Compares pairs of rows of one snapshot on demand, one pair at a time."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        config = snapshot.config
        self._limits, self._bounds = limits_of(config), change_limits(config)
        # the memory of one comparison at a time, however many tabs ask
        self._lock = threading.Lock()
        self._drawn: OrderedDict[tuple[int, int], Proof] = OrderedDict()

    def evidence(self, king: int, subject: int) -> dict[str, Any]:
        """What holds two rows for the same, or tells them apart.

        Returns:
            ``kind`` (identical, copy, moment or different), ``says`` (``sentences.parts``), ``measured`` (numbers by
            name) and ``from``: run, bytes, or now.

        Raises:
            ImageError: the run did not compare them, and a file cannot be read or has changed.
        """
        table = self._snapshot.table
        if table["sha256"][king].as_py() is not None and table["sha256"][king] == table["sha256"][subject]:
            return {"kind": "identical", "says": [["identical"]], "measured": {}, "from": "bytes"}
        known = self._snapshot.evidence_of(np.array([subject])).to_pylist()
        if known and known[0]["king_row"] == king:
            sizes = [(table["width"][row].as_py(), table["height"][row].as_py()) for row in (subject, king)]
            return _told(evidence_in(known[0]), sizes[0], sizes[1], "run")
        with self._lock:
            mine, theirs = self._view(subject), self._view(king)
            found = compare(mine, theirs, self._bounds)
        return _told(found, (mine.width, mine.height), (theirs.width, theirs.height), "now")

    def pictures(self, king: int, subject: int) -> Proof:
        """The overlay and the change map as JPEGs, drawn from the files as they are.

        Raises:
            ImageError: a file cannot be read or has changed.
        """
        key = king, subject
        with self._lock:
            if key not in self._drawn:
                self._drawn[key] = draw(self._view(subject), self._view(king), self._bounds, VIEW_SIDE)
                while len(self._drawn) > _HELD:
                    self._drawn.popitem(last=False)
            return self._drawn[key]

    def _view(self, row: int) -> View:
        data = self._snapshot.file_bytes(row)
        if sha256(data) != self._snapshot.table["sha256"][row].as_py():
            raise ImageError("changed", "its bytes are not those that the run read")
        return view_of_bytes(data, self._limits)


def _told(found: Evidence, mine: tuple[int, int], theirs: tuple[int, int], source: str) -> dict[str, Any]:
    measured = fields_of(found)
    kind = measured.pop("kind")
    del measured["kind_in_series"]
    return {"kind": kind, "says": parts(sentence(found, mine, theirs)), "measured": measured, "from": source}
