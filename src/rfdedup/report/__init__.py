"""The report of a run: one HTML file that opens from disk, without network."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from rfdedup.config import make_config
from rfdedup.errors import ConfigError
from rfdedup.report.pictures import proof_pictures
from rfdedup.report.render import write_report
from rfdedup.run_folder import RunFolder
from rfdedup.store import previews_of

__all__ = ["report_run", "write_report"]


def report_run(folder: RunFolder) -> Path:
    """Write the report of a finished run with all pictures that can be had. The caller holds the folder's lock.

    Raises:
        RunFolderError: the tables are missing or damaged, or the page cannot be written.
    """
    try:
        proofs = partial(proof_pictures, folder, make_config(folder.info().get("config") or {}))
    except ConfigError:
        # another version wrote it: what it found is shown, and nothing is drawn again
        return write_report(folder, partial(previews_of, folder.path))
    return write_report(folder, partial(previews_of, folder.path), proofs=proofs)
