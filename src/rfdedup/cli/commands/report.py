"""``rfdedup report``: rewrite the report of a finished run."""

from __future__ import annotations

import time
from pathlib import Path

import click

from rfdedup.cli.console import Output, output_options


@click.command("report")
@click.argument("run", type=click.Path(path_type=Path))
@output_options
def command(run: Path, quiet: bool, as_json: bool) -> None:
    """Rewrite RUN/report.html from the tables of RUN. Open it in a browser; it needs no network."""
    from rfdedup.outputs.report import report_run
    from rfdedup.storage.run_folder import RunFolder

    output = Output.make(quiet=quiet, json=as_json)
    folder = RunFolder.open(run)
    began = time.perf_counter()
    with folder.lock():
        page = report_run(folder)
    size = page.stat().st_size
    seconds = round(time.perf_counter() - began, 2)
    output.show(f"{page} ({size / 1e6:.1f} MB, {seconds} s)")
    output.result({"report": str(page), "bytes": size, "seconds": seconds})
