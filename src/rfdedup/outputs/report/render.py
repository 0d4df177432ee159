"""Renders the report of a run folder into one file that runs without network."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from jinja2 import Environment, FunctionLoader, StrictUndefined, Template
from markupsafe import Markup

from rfdedup.model.errors import RunFolderError
from rfdedup.model.text import printable
from rfdedup.outputs.report.contents import PageLimits, contents, image_fields, shown_drops, shown_rows
from rfdedup.outputs.report.drawn_proofs import Proof, Proofs
from rfdedup.outputs.report.sentences import sentence_texts
from rfdedup.storage.files import atomic_write, explain
from rfdedup.storage.run_folder import RunFolder

ECHARTS = "echarts-6.1.0.min.js"
PREVIEW_FOLDER = "report_previews"
_BATCH = 2048
"""Previews that are in memory at a time."""

Previews = Callable[[npt.NDArray[np.int64]], list[bytes | None]]
"""Small JPEGs of verdict rows, in the order asked for; None where there is none."""


@dataclass(frozen=True)
class PageSize:
    """How many bytes of previews (before base64) lie inside the page, and how many in a folder beside it.

    Together with all else the report stays below 30 MB.
    """

    inside: int = 12 << 20
    beside: int = 8 << 20


def write_report(
    folder: RunFolder,
    previews: Previews,
    *,
    proofs: Proofs | None = None,
    limits: PageLimits | None = None,
    size: PageSize | None = None,
) -> Path:
    """Write ``report.html`` into a run folder, from its tables alone and what pictures are given.

    Args:
        folder: a finished run.
        previews: gives the small JPEGs of verdict rows.
        proofs: gives the pictures that show what comparisons found; None for a page without these.
        limits: how many groups and images the page lists; what was left out is said on the page.
        size: how many bytes of previews are kept in the page and beside it.

    Returns:
        Path of the page.

    Raises:
        RunFolderError: the tables are missing or damaged, or the page cannot be written.
    """
    info = folder.info()
    page = contents(folder.verdicts(), folder.links(), info, limits or PageLimits(), folder.evidence())
    shown = {} if proofs is None else proofs(shown_drops(page))
    room = size or PageSize()
    room = replace(room, inside=max(0, room.inside - sum(len(part) for proof in shown.values() for part in proof)))
    inside, beside, left_out = _place_previews(folder.path, shown_rows(page), previews, room)
    page["previews"] = {"beside": beside, "left_out": left_out, "folder": PREVIEW_FOLDER}
    page["image_fields"] = image_fields
    page["run"] = _run(folder, info)
    with atomic_write(folder.report) as stream:
        for part in template("report.html.j2").stream(
            page=page,
            data=_json(page),
            inside=inside,
            proofs=_encoded_proofs(shown),
            texts=_json({**_texts(), **{f"say_{key}": pair for key, pair in sentence_texts().items()}}),
            styles=Markup(_asset("report.css")),  # noqa: S704 - shipped with the package
            scripts=[Markup(_asset(ECHARTS)), Markup(_asset("report.js"))],  # noqa: S704 - shipped with the package
            policy=_policy(),
            t=_translated,
            nested=_flat,
        ):
            stream.write(part.encode("utf-8"))
    return folder.report


def _encoded_proofs(proofs: dict[int, Proof]) -> dict[int, tuple[str, str]]:
    return {row: (encoded(overlay), encoded(change)) for row, (overlay, change) in proofs.items()}


def _run(folder: RunFolder, info: dict[str, Any]) -> dict[str, Any]:
    command = info.get("command")
    words = " ".join(str(word) for word in command) if isinstance(command, list) else str(command or "")
    return {
        "name": printable(folder.path.resolve().name),
        "version": str(info.get("version", "")),
        "finished": str(info.get("finished") or info.get("created") or ""),
        "command": printable(words),
        "encoder": info.get("encoder") or {},
        "scan": info.get("scan") or {},
        "stages": info.get("stages") or [],
        "seconds": info.get("seconds"),
        "peak_memory": {kind: bytes_ for kind, bytes_ in (info.get("peak_rss_bytes") or {}).items() if bytes_},
        "config": printable_tree(info.get("config") or {}),
    }


def printable_tree(value: Any) -> Any:
    """The same nested value with every string safe to show."""
    if isinstance(value, dict):
        return {str(key): printable_tree(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [printable_tree(entry) for entry in value]
    return printable(value) if isinstance(value, str) else value


def _place_previews(
    run: Path, rows: npt.NDArray[np.int64], previews: Previews, size: PageSize
) -> tuple[dict[int, str], list[int], int]:
    """Previews for the page (base64 by row), rows whose preview lies in the folder, and how many found no room.

    The folder is replaced as a whole, so it never holds pictures of an older run.
    """
    target = run / PREVIEW_FOLDER
    try:
        if target.exists():
            shutil.rmtree(target)
        inside: dict[int, str] = {}
        beside: list[int] = []
        used = left_out = 0
        for row, jpeg in _in_batches(rows, previews):
            used += len(jpeg)
            if used <= size.inside:
                inside[row] = encoded(jpeg)
            elif used <= size.inside + size.beside:
                target.mkdir(exist_ok=True)
                (target / f"{row}.jpg").write_bytes(jpeg)
                beside.append(row)
            else:
                left_out += 1
    except OSError as error:
        raise RunFolderError(f"cannot write {target}: {explain(error)}") from error
    return inside, beside, left_out


def _in_batches(rows: npt.NDArray[np.int64], previews: Previews) -> Iterator[tuple[int, bytes]]:
    for start in range(0, rows.size, _BATCH):
        batch = rows[start : start + _BATCH]
        for row, jpeg in zip(batch.tolist(), previews(batch), strict=True):
            if jpeg is not None:
                yield row, jpeg


def _policy() -> str:
    """Content security policy: the scripts and styles of this very page, its own pictures, and no network."""
    script = " ".join(_hash(_asset(name)) for name in (ECHARTS, "report.js"))
    return (
        f"default-src 'none'; script-src {script}; style-src {_hash(_asset('report.css'))}; "
        "img-src data: 'self'; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}'"


def _json(value: Any) -> Markup:
    """JSON that cannot end the script element that holds it."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704 - every < is escaped, so no tag can begin


def _flat(value: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, entry in value.items():
        if isinstance(entry, dict):
            yield from _flat(entry, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", entry if isinstance(entry, str) else json.dumps(entry)


def _translated(key: str) -> Markup:
    """A text of the page in English, marked so that the switch can change it."""
    return Markup('<span data-t="{}">{}</span>').format(key, _texts()[key][0])


@cache
def _texts() -> dict[str, list[str]]:
    texts: dict[str, list[str]] = json.loads(_asset("texts.json"))
    return texts


@cache
def _asset(name: str) -> str:
    return files("rfdedup.outputs.report").joinpath("assets", name).read_text(encoding="utf-8")


def encoded(jpeg: bytes) -> str:
    """Base64 text of a preview, as ``data:`` addresses take it."""
    return base64.b64encode(jpeg).decode("ascii")


def template(name: str) -> Template:
    """A page that ships with the package; what is put into it is escaped."""
    environment = Environment(
        loader=FunctionLoader(_asset),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
