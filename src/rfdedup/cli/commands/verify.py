"""``rfdedup verify``: prove every drop again."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from rfdedup.cli.console import Output, output_options
from rfdedup.model.text import printable

_LISTED = 20


@click.command("verify", short_help="Recompute every proof; exit 1 if one fails.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--encoder", metavar="NAME", help="The encoder of the run, if its file was moved.")
@click.option("--weights", type=click.Path(path_type=Path), help="Its weights, if they were moved.")
@output_options
def command(run: Path, encoder: str | None, weights: Path | None, quiet: bool, as_json: bool) -> None:
    """Compute every drop of RUN again from the files: bytes, measurements, hashes and embeddings.

    A drop fails when its file or its king is missing or changed, or when what is measured now does not bear out what
    RUN says. Reads only. Exit code 1 when one fails.
    """
    from rfdedup.cli.progress import TerminalProgress
    from rfdedup.outputs.verification.verify import verify_run
    from rfdedup.runtime.progress import Silent

    output = Output.make(quiet=quiet, json=as_json)
    if quiet or as_json:
        found = verify_run(run, encoder=encoder, weights=weights, progress=Silent())
    else:
        with TerminalProgress() as progress:
            found = verify_run(run, encoder=encoder, weights=weights, progress=progress)
    for failed in found.failed[:_LISTED]:
        what = f"{printable(failed.path)}: {printable(failed.detail)}"
        output.show(f"failed  {failed.tier}  {failed.reason}  {what}")
    if found.failed_count > _LISTED:
        output.show(f"... and {found.failed_count - _LISTED:,} more; --json lists them")
    tiers = ", ".join(f"{count:,} {tier}" for tier, count in sorted(found.checked.items()))
    output.show(f"{found.checked.total():,} drops checked ({tiers or 'none'}), {found.failed_count:,} failed")
    output.result(
        {
            "run": str(run),
            "checked": dict(found.checked),
            "checked_total": found.checked.total(),
            "failed_total": found.failed_count,
            "failed": [asdict(failed) for failed in found.failed],
        }
    )
    if found.failed_count:
        raise click.exceptions.Exit(1)
