"""``rfdedup undo``: take back what apply did."""

from __future__ import annotations

from pathlib import Path

import click

from rfdedup.cli.console import Output, output_options
from rfdedup.model.text import printable

_LISTED = 20


@click.command("undo", short_help="Take back what apply did.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--last", "scope", flag_value="last", default=True, help="The last apply (default).")
@click.option("--all", "scope", flag_value="all", help="Everything that was applied from RUN.")
@click.option(
    "--root",
    "roots",
    multiple=True,
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="RUN was made elsewhere or by others: touch files below DIR all the same; may be repeated.",
)
@output_options
def command(run: Path, scope: str, roots: tuple[Path, ...], quiet: bool, as_json: bool) -> None:
    """Bring files back to their names, bytes, times and permissions, as the journal in RUN noted them.

    A file that was edited, or whose old place is taken, is refused and listed; nothing is overwritten. Interrupted,
    the same command goes on. Exit code 1 when something could not be taken back.
    """
    from rfdedup.outputs.apply import undo_run

    output = Output.make(quiet=quiet, json=as_json)
    summary = undo_run(run, everything=scope == "all", roots=roots)
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
    output.result(
        {
            "sessions": summary.sessions,
            "restored": summary.restored,
            "restored_bytes": summary.restored_bytes,
            "deleted": summary.deleted,
            "lost_attributes": dict(sorted(summary.lost.items())),
            "refused_total": summary.refused_count,
            "refused": [{"path": path, "reason": r, "detail": d} for path, r, d in summary.refused],
        }
    )
    if not summary.complete:
        raise click.exceptions.Exit(1)
