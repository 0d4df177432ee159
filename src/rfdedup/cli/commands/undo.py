"""``rfdedup undo``: take back what apply or materialize did."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rfdedup.cli.console import Output, output_options
from rfdedup.model.text import printable

if TYPE_CHECKING:
    from rfdedup.outputs.apply.undo import UndoSummary
    from rfdedup.outputs.materialize import RemovedCopy

_LISTED = 20


@click.command("undo", short_help="Take back what apply or materialize did.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--last", "scope", flag_value="last", default=True, help="The last apply or copy (default).")
@click.option("--all", "scope", flag_value="all", help="Everything that was applied and copied from RUN.")
@click.option(
    "--copy", "dest", type=click.Path(path_type=Path), metavar="DEST", help="The copy in DEST, and nothing else."
)
@click.option(
    "--root",
    "roots",
    multiple=True,
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="RUN was made elsewhere or by others: touch files below DIR all the same; may be repeated.",
)
@output_options
def command(run: Path, scope: str, dest: Path | None, roots: tuple[Path, ...], quiet: bool, as_json: bool) -> None:
    """Bring files back to their names, bytes, times and permissions, as the journal in RUN noted them.

    A file that was edited, or whose old place is taken, is refused and listed; nothing is overwritten. A copy that
    `rfdedup materialize` made is removed, each file of it only where every byte is as it was written. Interrupted, the
    same command goes on. Exit code 1 when something could not be taken back.
    """
    from rfdedup.outputs.apply import undo_run
    from rfdedup.outputs.apply.database import JOURNAL_FILE
    from rfdedup.outputs.apply.undo import last_applied
    from rfdedup.outputs.materialize import copies_of, remove_copy

    output = Output.make(quiet=quiet, json=as_json)
    copies = copies_of(run)
    removed = []
    if dest is not None:
        removed = [remove_copy(run, dest, roots=roots)]
    elif copies and scope == "all":
        removed = [remove_copy(run, copy.dest, roots=roots) for copy in copies]
    elif copies and copies[0].started >= last_applied(run):
        removed = [remove_copy(run, copies[0].dest, roots=roots)]
    summary = None
    if dest is None and (not removed or (scope == "all" and (run / JOURNAL_FILE).exists())):
        summary = undo_run(run, everything=scope == "all", roots=roots)
    for copy in removed:
        _show_copy(copy, output)
    if summary is not None:
        _show(summary, output)
    output.result({**_as_dict(summary), "copies": [vars(copy) for copy in removed]})
    if (summary is not None and not summary.complete) or any(copy.refused_count for copy in removed):
        raise click.exceptions.Exit(1)


def _show_copy(copy: RemovedCopy, output: Output) -> None:
    output.show(f"removed: {copy.removed:,} files ({copy.bytes:,} bytes) of the copy in {printable(copy.dest)}")
    for name, detail in copy.refused[:_LISTED]:
        output.show(f"stays  {printable(name)}: {printable(detail)}")
    if copy.refused_count > _LISTED:
        output.show(f"... and {copy.refused_count - _LISTED:,} more; --json lists them")


def _show(summary: UndoSummary, output: Output) -> None:
    output.show(f"undone: {summary.restored:,} images ({summary.restored_bytes:,} bytes)")
    if summary.deleted:
        output.show(f"{summary.deleted:,} files were deleted; they cannot be brought back")
    for names, count in sorted(summary.lost.items()):
        output.show(f"{count:,} files without their {names}, which a copy from another volume cannot be given")
    for path, reason, detail in summary.refused[:_LISTED]:
        output.show(f"refused  {reason}  {printable(path)}: {printable(detail)}")
    if summary.refused_count > _LISTED:
        output.show(f"... and {summary.refused_count - _LISTED:,} more; --json lists them")
    if summary.refused_count:
        output.show(
            "Make room at the old places or move edited files by hand, then run the same command again. It passes over "
            "what it refuses twice, to what was applied before."
        )


def _as_dict(summary: UndoSummary | None) -> dict[str, Any]:
    from rfdedup.outputs.apply.undo import UndoSummary

    summary = UndoSummary() if summary is None else summary
    return {
        "sessions": summary.sessions,
        "restored": summary.restored,
        "restored_bytes": summary.restored_bytes,
        "deleted": summary.deleted,
        "lost_attributes": dict(sorted(summary.lost.items())),
        "refused_total": summary.refused_count,
        "refused": [{"path": path, "reason": r, "detail": d} for path, r, d in summary.refused],
    }
