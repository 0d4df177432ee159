"""Takes a copy away again: outputs that are still what was written, and nothing else."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from rfdedup.model.errors import RunFolderError
from rfdedup.outputs.apply.fsops import explain
from rfdedup.outputs.materialize.log import CopyLog, log_file, logs_of, read_log
from rfdedup.outputs.materialize.target import LocalTarget, Target
from rfdedup.storage.run_folder import RunFolder
from rfdedup.storage.trust import below, confirmed, refusal

MAX_LISTED = 10_000


@dataclass
class RemovedCopy:
    """What became of a copy.

    Attributes:
        dest: where it was. removed: outputs that went, and their ``bytes``. gone: those that were not there any more.
        refused: name and reason of those that stay, the first ``MAX_LISTED``; ``refused_count``.
    """

    dest: str
    removed: int = 0
    bytes: int = 0
    gone: int = 0
    refused_count: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)


def copies_of(run: Path) -> list[CopyLog]:
    """The copies of a run that were not taken away, the last one begun first; raises ``RunFolderError``."""
    return list(logs_of(run))


def remove_copy(
    run: Path,
    dest: str | os.PathLike[str],
    *,
    roots: Sequence[str | os.PathLike[str]] = (),
) -> RemovedCopy:
    """Remove what ``materialize`` wrote to a folder, as far as every byte is as it was written.

    Interrupted, the same call goes on. What was edited stays, and is told of again by the next call.

    Args:
        run: the run folder. dest: the target, as it was named or found in ``copies_of``.
        roots: folders that may be touched, for a run folder that is not the user's own here.

    Raises:
        RunFolderError: there is no such copy, its log is damaged, or it lies where nothing may be touched.
    """
    folder = RunFolder(run)
    note = confirmed(folder, folder.info(), roots)
    place = os.path.realpath(dest)
    with folder.lock():
        log = read_log(log_file(run, place))
        if log is None or log.dest != place:
            raise RunFolderError(f"nothing to undo: {run} has no copy in {place}")
        if not below(place, note.targets):
            raise refusal(folder, [place])
        target = LocalTarget(place)
        summary = RemovedCopy(place)
        left = [name for name in log.entries if not _remove(target, log, name, summary)]
        with suppress(OSError):
            target.finish()
            # the folder goes where nothing else is in it
            os.rmdir(place)
        log.keep(left)
        return summary


def _remove(target: Target, log: CopyLog, name: str, summary: RemovedCopy) -> bool:
    """Whether an output is gone now."""
    entry = log.entries[name]
    why = "it is not what was written any more"
    try:
        found = target.digest(name)
        if found is None and target.size(name) is None:
            # a call that was cut off may have left its folder
            target.prune(name)
            summary.gone += 1
            return True
        if found == entry.sha256:
            target.remove(name)
            summary.removed += 1
            summary.bytes += entry.size
            return True
    except OSError as error:
        why = explain(error)[1]
    summary.refused_count += 1
    if len(summary.refused) < MAX_LISTED:
        summary.refused.append((name, why))
    return False
