"""What a comparison found, as parts that either language of the pages puts together again."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

import pyarrow as pa

from rfdedup.comparison import sentence
from rfdedup.model.evidence import Evidence
from rfdedup.storage.comparisons import evidence_of

Part = list[Any]
"""Key of ``sentences.json`` and the number in it, if any; or English words alone that have no key."""


def parts(text: str) -> list[Part]:
    """An English sentence of ``comparison.sentence`` as parts that ``told`` and the pages put together."""
    out: list[Part] = []
    rest = text
    while rest:
        for key, pattern in _patterns():
            found = pattern.match(rest)
            if found is not None:
                out.append([key, *map(float, found.groups())])
                rest = rest[found.end() :]
                break
        else:
            # words that nobody has translated are shown as they are
            words, _, rest = rest.partition(", ")
            out.append([words])
    return out


def told(said: list[Part], language: int = 0) -> str:
    """Parts as one sentence, in English (0) or Vietnamese (1)."""
    texts = sentence_texts()
    return ", ".join(
        texts[key][language].replace("{a}", f"{values[0]:.4g}" if values else "") if key in texts else key
        for key, *values in said
    )


def compared(evidence: pa.Table, verdicts: pa.Table) -> dict[int, tuple[str, list[Part]]]:
    """Kind and sentence of each row of evidence, by the row of the verdicts.

    Args:
        evidence: some rows of ``schemas.EVIDENCE``.
        verdicts: all rows, columns ``width`` and ``height``.
    """
    sizes = [
        list(zip(*(verdicts[name].take(evidence[of]).to_pylist() for name in ("width", "height")), strict=True))
        for of in ("row", "king_row")
    ]
    out: dict[int, tuple[str, list[Part]]] = {}
    for facts, mine, theirs in zip(evidence.to_pylist(), *sizes, strict=True):
        found = evidence_in(facts)
        known = all(isinstance(side, int) and side > 0 for side in (*mine, *theirs))
        out[facts["row"]] = facts["same"], parts(sentence(found, mine, theirs)) if known else []
    return out


def evidence_in(facts: dict[str, Any]) -> Evidence:
    """The evidence in a row of ``schemas.EVIDENCE``."""
    return evidence_of({**facts, "kind": facts["same"], "kind_in_series": facts["same"]})


@cache
def sentence_texts() -> dict[str, list[str]]:
    """Each part in English and Vietnamese."""
    text = files("rfdedup.outputs.report").joinpath("assets", "sentences.json").read_text(encoding="utf-8")
    texts: dict[str, list[str]] = json.loads(text)
    return texts


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    return [
        (key, re.compile(re.escape(english).replace(r"\{a\}", r"(\d[\d.e+-]*)") + r"(?:, |\Z)"))
        for key, (english, _) in sentence_texts().items()
    ]
