"""``rfdedup plan``: what a run will take, before it is started."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rfdedup.cli.commands.run import config_options, input_options, nested, taken_inputs
from rfdedup.cli.console import Output, output_options

if TYPE_CHECKING:
    from rich.table import Table

    from rfdedup.pipeline.planning import Plan
    from rfdedup.pipeline.planning.forecast import Range


_Rows = dict[str, tuple["Range", Callable[[float], str]]]
"""Of a table: name to the forecast and how a number of it is shown."""


@click.command("plan", short_help="Forecast time, memory and disk of a run.")
@click.argument("inputs", nargs=-1, metavar="INPUT...", type=click.Path(path_type=str))
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="RUN", help="Run folder; what it holds already is not counted."
)
@click.option(
    "--measure",
    type=click.IntRange(min=16),
    default=400,
    show_default=True,
    metavar="N",
    help="Files that go through the passes now; more make the ranges narrower.",
)
@input_options
@config_options
@output_options
def command(
    inputs: tuple[str, ...],
    out: Path | None,
    measure: int,
    quiet: bool,
    as_json: bool,
    config: Path | None,
    **flags: Any,
) -> None:
    """Forecast what `rfdedup run` takes with the same options: time, memory and disk.

    Some files go through the real passes in a temporary folder. INPUT and RUN are only read.
    """
    import psutil

    from rfdedup.cli.progress import TerminalProgress, WarningsOnly
    from rfdedup.pipeline.planning import plan_run
    from rfdedup.storage.config_file import load_config

    source = taken_inputs(inputs, flags)
    settings = load_config(config, nested(flags))
    output = Output.make(quiet=quiet, json=as_json)
    # what the interpreter and the imports took; a run pays it too
    try:
        started = max(time.time() - psutil.Process().create_time(), 0.0)
    except (psutil.Error, OSError):
        started = 0.0
    if quiet or as_json:
        plan = plan_run(source, settings, out=out, measure=measure, progress=WarningsOnly(), started=started)
    else:
        with TerminalProgress() as progress:
            plan = plan_run(source, settings, out=out, measure=measure, progress=progress, started=started)
    size = plan.bytes / 1e9
    output.show(f"{plan.files:,} files, {size:,.1f} GB; {plan.measured:,} measured in {plan.took:.0f} s")
    for table in _tables(plan):
        output.show(table)
        output.show("")
    for note in plan.notes:
        output.show(f"- {note}")
    output.result(plan.as_dict())


def _tables(plan: Plan) -> list[Table]:
    from rich.table import Table

    def table(title: str, rows: _Rows) -> Table:
        made = Table(title=title, title_justify="left", show_edge=False, pad_edge=False)
        made.add_column("")
        for name in ("likely", "from", "to"):
            made.add_column(name, justify="right")
        for name, (value, shown) in rows.items():
            made.add_row(name, shown(value.likely), shown(value.low), shown(value.high))
        return made

    times: _Rows = {name: (value, _duration) for name, value in plan.stages.items()}
    times["in all"] = (plan.seconds, _duration)
    times["images/s"] = (plan.images_per_second, _count)
    tables = [table("Time", times)]
    if plan.passing:
        tables.append(table("Images left after each tier", {k: (v, _count) for k, v in plan.passing.items()}))
        space = {f"memory, {name} process": (value, _bytes) for name, value in plan.memory.items()}
        tables.append(table("Space", {**space, "disk for RUN": (plan.disk, _bytes)}))
    return tables


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02d} min"


def _bytes(value: float) -> str:
    return f"{value / 1e9:,.1f} GB" if value >= 1e9 else f"{value / 1e6:,.0f} MB"
