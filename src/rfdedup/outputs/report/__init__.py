"""The report of a run: one HTML file that opens from disk, without network."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from rfdedup.model.config import make_config
from rfdedup.model.errors import ConfigError
from rfdedup.outputs.report.drawn_proofs import proof_pictures
from rfdedup.outputs.report.render import write_report
from rfdedup.storage.feature_store import previews_of
from rfdedup.storage.run_folder import RunFolder

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
