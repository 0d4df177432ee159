"""``rfdedup apply``: act on the verdicts of a run."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rfdedup.cli.console import Output, output_options
from rfdedup.model.text import printable

if TYPE_CHECKING:
    from rfdedup.outputs.apply import ApplySummary, Request
    from rfdedup.outputs.apply.plan import Held, Unit


class _Folder(click.Path):
    """A folder by name: an empty one, of a variable that is not set, would be the current folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("an empty name is no folder", param, ctx)
        return super().convert(value, param, ctx)


def _number(_: click.Context, __: click.Parameter, value: float | None) -> float | None:
    if value is not None and math.isnan(value):
        raise click.BadParameter("nan is no number")
    return value


_FOLDER = _Folder(path_type=Path, file_okay=False)
_LISTED = 20
_KINDS = 5
_PENDING = (
    "Warning: reviewers decided after the last run, and these verdicts do not show it: run the same `rfdedup run` "
    "command, or press Recompute on the review page, then apply"
)


@click.command("apply", short_help="Move, copy, link or delete files as the verdicts say; journaled.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--move", type=_FOLDER, metavar="DIR", help="Move dropped images to DIR, sorted by reason.")
@click.option("--copy-kept", type=_FOLDER, metavar="DIR", help="Copy kept images to DIR (reflinks where possible).")
@click.option("--hardlink-kept", type=_FOLDER, metavar="DIR", help="Hard-link kept images into DIR.")
@click.option("--delete", is_flag=True, help="Delete dropped images. Cannot be undone; asks first.")
@click.option("--dry-run", is_flag=True, help="Print the plan and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask before --delete.")
@click.option(
    "--only",
    multiple=True,
    type=click.Choice(["quality", "exact", "perceptual", "semantic"]),
    help="Act on drops of this tier only; may be repeated.",
)
@click.option(
    "--min-score", type=float, callback=_number, help="Act on semantic drops with at least this cosine similarity."
)
@click.option(
    "--sidecar",
    "sidecars",
    multiple=True,
    metavar="PATTERN",
    help="Files that travel with an image, e.g. {stem}.txt or labels/{stem}.txt; replaces the built-in list.",
)
@click.option("--no-sidecars", is_flag=True, help="Leave sidecars where they are.")
@click.option(
    "--on-label-conflict",
    type=click.Choice(["keep", "drop", "report"]),
    default="keep",
    show_default=True,
    help="A dropped image whose labels differ from its king's: stays, goes, or stops the command.",
)
@click.option(
    "--pairs",
    type=click.Choice(["keep", "follow", "off"]),
    default="keep",
    show_default=True,
    help="RAW and JPEG or HEIC of one shot: go only where both are dropped, the RAW follows its picture where the king "
    "has a RAW too, or each by its own verdict.",
)
@click.option("--class-folders", is_flag=True, help="The folder of an image is its class (ImageFolder).")
@click.option(
    "--dataset",
    "datasets",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="COCO JSON, YOLO data.yaml, CSV, Parquet or list file to rewrite as a copy; may be repeated.",
)
@click.option("--dataset-images", type=_FOLDER, help="Folder that the paths in --dataset files are relative to.")
@click.option("--path-column", help="Column of paths in CSV and Parquet files; default: the usual names.")
@click.option("--label-column", help="Column of labels in CSV files, compared with the king's.")
@click.option(
    "--root",
    "roots",
    multiple=True,
    type=_FOLDER,
    metavar="DIR",
    help="RUN was made elsewhere or by others: act on files below DIR all the same; may be repeated.",
)
@output_options
def command(
    run: Path,
    move: Path | None,
    copy_kept: Path | None,
    hardlink_kept: Path | None,
    delete: bool,
    dry_run: bool,
    yes: bool,
    only: tuple[str, ...],
    min_score: float | None,
    sidecars: tuple[str, ...],
    no_sidecars: bool,
    on_label_conflict: str,
    pairs: str,
    class_folders: bool,
    datasets: tuple[Path, ...],
    dataset_images: Path | None,
    path_column: str | None,
    label_column: str | None,
    roots: tuple[Path, ...],
    quiet: bool,
    as_json: bool,
) -> None:
    """Act on the verdicts in RUN: exactly one of --move, --copy-kept, --hardlink-kept and --delete.

    Every file and its king are checked again first; what changed since the run is skipped and listed. Nothing is
    ever overwritten. Sidecars and companions (masks, labels, XMP, the video of a live photo, Takeout JSON) travel with
    their image; one that is itself an image of the run goes only where both are dropped. A journal in RUN makes the
    command resumable and, except for --delete, reversible with `rfdedup undo`. Exit code 1 when a file was skipped or
    failed, or could not be read by the run and so is not in a clean tree.
    """
    from rfdedup.model.schemas import Tier
    from rfdedup.outputs.apply import Action, OnConflict, Pairs, Request, apply_run
    from rfdedup.outputs.apply.sidecars import DEFAULT_RULES
    from rfdedup.storage.decision_log import pending
    from rfdedup.storage.run_folder import RunFolder

    asked = [
        (Action.MOVE, move),
        (Action.COPY, copy_kept),
        (Action.LINK, hardlink_kept),
        (Action.DELETE, Path() if delete else None),
    ]
    chosen = [(action, target) for action, target in asked if target is not None]
    if len(chosen) != 1:
        raise click.UsageError("give exactly one of --move DIR, --copy-kept DIR, --hardlink-kept DIR and --delete")
    if no_sidecars and sidecars:
        raise click.UsageError("--sidecar and --no-sidecars contradict each other")
    action, target = chosen[0]
    if action != Action.DELETE and target.resolve() == run.resolve():
        raise click.UsageError(f"{target} is the run folder itself, which may be deleted one day: name another folder")
    request = Request(
        action=action,
        target=None if delete else target,
        only=frozenset(map(Tier, only)),
        min_score=min_score,
        sidecars=() if no_sidecars else sidecars or DEFAULT_RULES,
        on_conflict=OnConflict(on_label_conflict),
        pairs=Pairs(pairs),
        class_folders=class_folders,
        datasets=datasets,
        dataset_images=dataset_images,
        path_column=path_column,
        label_column=label_column,
        roots=roots,
    )
    output = Output.make(quiet=quiet, json=as_json)
    if dry_run:
        _dry_run(run, request, output)
        return
    if pending(RunFolder(run)):
        output.show(_PENDING)
    if delete and not yes:
        _confirm(apply_run(run, request, dry_run=True))
    summary = apply_run(run, request)
    _show(summary, output)
    output.result(_as_dict(summary))
    if summary.failures:
        raise click.exceptions.Exit(1)


def _confirm(summary: ApplySummary) -> None:
    total = summary.planned_total
    click.confirm(
        f"Delete {total.files} images ({_size(total.bytes)}) and their sidecars for ever? "
        "`rfdedup undo` cannot bring them back; --move DIR can be undone",
        abort=True,
        err=True,
    )


def _dry_run(run: Path, request: Request, output: Output) -> None:
    """Stream the plan: as lines, or as the list ``plan`` of one JSON object, so that memory stays flat."""
    from rfdedup.outputs.apply import apply_run
    from rfdedup.outputs.apply.plan import Held

    first = True

    def show(planned: Unit | Held) -> None:
        nonlocal first
        if output.json:
            records = [_held_dict(planned)] if isinstance(planned, Held) else _plan_dicts(planned, request)
            for record in records:
                sys.stdout.write(('{"plan": [\n' if first else ",\n") + json.dumps(record))
                first = False
        elif not output.quiet:
            lines = _held_line(planned) if isinstance(planned, Held) else _plan_lines(planned, request)
            sys.stdout.write(lines)

    summary = apply_run(run, request, dry_run=True, show=show)
    if output.json:
        sys.stdout.write(
            ('{"plan": [' if first else "\n") + "],\n" + json.dumps(_as_dict(summary), indent=2)[1:] + "\n"
        )
    _show(summary, output)


def _plan_lines(unit: Unit, request: Request) -> str:
    lines = []
    for part in unit.parts:
        why = part.stays.reason if part.stays is not None else part.reason or "kept"
        for item in part.replaced:
            lines.append(f"move  changed since  {printable(item.path)} -> {printable(item.target_path or '')}\n")
        for item in [part.image, *part.sidecars]:
            target = item.target_path
            arrow = "" if target is None else f" -> {printable(target)}"
            lines.append(f"{request.action}  {why}  {printable(item.path)}{arrow}\n")
        if part.stays is not None:
            lines.append(f"stay  {part.stays.reason}  {printable(part.image.path)}: {printable(part.stays.detail)}\n")
    return "".join(lines)


def _held_line(held: Held) -> str:
    from rfdedup.outputs.apply.names import local

    return f"stay  {held.reason}  {printable(local(held.base, held.name))}: {printable(held.detail)}\n"


def _plan_dicts(unit: Unit, request: Request) -> list[dict[str, str | int | None]]:
    from rfdedup.outputs.apply.plan import REPLACED

    return [
        {
            "do": "move" if item.role == REPLACED else str(request.action),
            "role": item.role,
            "tier": part.tier,
            "reason": part.reason,
            "path": item.path,
            "target": item.target_path,
            "bytes": item.size,
            "label_conflict": part.conflict,
            "stays": None if part.stays is None else part.stays.reason,
        }
        for part in unit.parts
        for item in [*part.replaced, part.image, *part.sidecars]
    ]


def _held_dict(held: Held) -> dict[str, str | int | None]:
    from rfdedup.outputs.apply.names import local

    path = local(held.base, held.name)
    return {"do": "stay", "reason": held.reason, "detail": held.detail, "path": path, "bytes": held.size}


def _show(summary: ApplySummary, output: Output) -> None:
    from rich.table import Table

    counts = summary.planned if summary.dry_run else summary.done
    title = f"Would {summary.action}" if summary.dry_run else f"{summary.action}: done"
    table = Table("reason", "images", "size", title=title, title_justify="left")
    for reason, count in sorted(counts.items()):
        table.add_row(reason, f"{count.files:,}", _size(count.bytes))
    total = summary.planned_total if summary.dry_run else summary.done_total
    table.add_row("total", f"{total.files:,}", _size(total.bytes), style="bold")
    output.show(table)
    for line in _notes(summary):
        output.show(line)


def _notes(summary: ApplySummary) -> list[str]:
    lines = [_PENDING] if summary.dry_run and summary.decisions_pending else []
    if summary.sidecars.files:
        lines.append(f"sidecars with them: {summary.sidecars.files:,}")
    if summary.replaced.files:
        lines.append(f"copies of what changed since, set aside in DIR.replaced: {summary.replaced.files:,}")
    if summary.already:
        lines.append(f"already done before: {summary.already:,}")
    lines.extend(
        f"stay: {count.files:,} ({reason})" for reason, count in sorted(summary.held.items()) if reason != "unreadable"
    )
    if "unreadable" in summary.held:
        lines.append(
            f"left out: {summary.held['unreadable'].files:,} files that the run could not read. They are where they "
            "were, and no copy of them is made"
        )
        lines.extend(f"  {count:,} {printable(why)}" for why, count in summary.unreadable.most_common(_KINDS))
    lines.extend(
        f"moved to another volume without their {names}: {count:,} files"
        for names, count in sorted(summary.lost.items())
    )
    for written in summary.datasets:
        lines.append(
            f"wrote {printable(written.target)}: {written.kept:,} images kept, {written.dropped:,} left out"
            + (f", {written.unknown:,} not of this run (see --dataset-images)" if written.unknown else "")
        )
    lines.extend(f"now empty: {printable(path)}" for path in summary.emptied)
    lines.extend(
        f"{problem.state}  {problem.reason}  {printable(problem.path)}: {printable(problem.detail)}"
        for problem in summary.problems[:_LISTED]
    )
    if summary.problem_count > _LISTED:
        lines.append(f"... and {summary.problem_count - _LISTED:,} more; --json lists them")
    if summary.failures:
        lines.append(
            f"{summary.failures:,} files were not handled. Changed files need a new `rfdedup run`; for the others mend "
            "the cause above and run the same command again: it does only what is missing."
        )
    if not summary.dry_run and summary.done_total.files:
        lines.append(
            "Deleted files cannot be brought back."
            if summary.action == "delete"
            else "To take this back: rfdedup undo RUN"
        )
    return lines


def _as_dict(summary: ApplySummary) -> dict[str, object]:
    def counts(values: dict[str, object]) -> dict[str, object]:
        return {reason: {"files": c.files, "bytes": c.bytes} for reason, c in sorted(values.items())}  # type: ignore[attr-defined]

    return {
        "action": str(summary.action),
        "dry_run": summary.dry_run,
        "session": summary.session,
        "planned": counts(dict(summary.planned)),
        "done": counts(dict(summary.done)),
        "stay": counts(dict(summary.held)),
        "sidecars": {"files": summary.sidecars.files, "bytes": summary.sidecars.bytes},
        "replaced": {"files": summary.replaced.files, "bytes": summary.replaced.bytes},
        "already_done": summary.already,
        "not_handled": summary.failures,
        "unreadable": dict(summary.unreadable.most_common()),
        "lost_attributes": dict(sorted(summary.lost.items())),
        "problems_total": summary.problem_count,
        "problems": [
            {"path": p.path, "state": p.state, "reason": p.reason, "detail": p.detail} for p in summary.problems
        ],
        "datasets": [
            {"source": d.source, "written": d.target, "kept": d.kept, "dropped": d.dropped, "unknown": d.unknown}
            for d in summary.datasets
        ],
        "emptied_folders": summary.emptied,
        "decisions_pending": summary.decisions_pending,
    }


def _size(count: float) -> str:
    for unit in ("B", "KB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
