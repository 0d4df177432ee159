"""The tables that show an evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

from rich.console import RenderableType
from rich.table import Table

from rfdedup.model.text import printable
from rfdedup.outputs.evaluation import Evaluation, Ratio

_SHOWN = 10


def score_tables(scores: Evaluation, *, curve: bool = True) -> Iterator[RenderableType]:
    """Tables of the scores, of recall by kind and of the curve, and the first few mistakes."""
    main = Table("score", "value", title="Verdicts against the truth", title_justify="left")
    for name, value in (
        ("files that truth and run name", str(scores.files)),
        ("precision of duplicate drops", str(scores.precision)),
        ("recall of copies", str(scores.recall)),
        ("pair precision", str(scores.pair_precision)),
        ("pair recall", str(scores.pair_recall)),
        ("group precision", str(scores.group_precision)),
        ("group recall", str(scores.group_recall)),
        ("original or its exact copy kept", str(scores.kings)),
        ("pictures lost", f"{scores.sources_lost} of {scores.sources}"),
        ("  of these judged junk in every copy", str(scores.sources_called_junk)),
        ("junk not kept", str(scores.junk)),
        ("broken files told", str(scores.broken)),
        ("good images called junk", str(scores.good_called_junk)),
        ("originals called junk", str(scores.originals_called_junk)),
    ):
        main.add_row(name, value)
    yield main
    if scores.recall_by_kind:
        yield _by_kind("Recall by kind of copy", scores.recall_by_kind)
    if scores.junk_by_kind:
        yield _by_kind("Not kept by kind of junk", scores.junk_by_kind)
    if curve and scores.curve:
        table = Table("cosine at least", "links right", "copies joined", title="Thresholds", title_justify="left")
        for point in scores.curve:
            table.add_row(f"{point.threshold:.2f}", str(point.right), str(point.joined))
        yield table
    yield from _mistakes("wrong drops (file ← king)", [f"{a} ← {b}" for a, b in scores.wrong])
    yield from _mistakes("copies not found", list(scores.missed))
    yield from _mistakes("originals not kept (original ← kept)", [f"{a} ← {b}" for a, b in scores.wrong_kings])
    yield from _mistakes("good images called junk", [f"{a}: {why}" for a, why in scores.false_junk])


def _by_kind(title: str, ratios: Mapping[str, Ratio]) -> Table:
    table = Table("kind", "share", title=title, title_justify="left")
    for kind, ratio in ratios.items():
        table.add_row(printable(kind), str(ratio))
    return table


def _mistakes(title: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield f"{len(lines)} {title}" + (f", the first {_SHOWN}:" if len(lines) > _SHOWN else ":")
        yield from (f"  {printable(line)}" for line in islice(lines, _SHOWN))
