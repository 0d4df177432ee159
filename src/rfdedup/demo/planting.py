"""Plant copies and junk among photos, with the truth beside them: for the demo, the tests and the benchmark.

Three styles make the same kinds of edit in different ways (libraries, resamplers, chroma subsampling,
offsets, shapes of watermarks), and amounts are drawn from a seed, so nothing can be tuned to one planter.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from rfdedup.demo.edits import COPY_KINDS, STYLES, make_broken, make_copy, make_junk
from rfdedup.demo.style import Pixels, Random, Style
from rfdedup.model.errors import InputError
from rfdedup.outputs.truth import GENUINE_KINDS, PLANTED_BROKEN, PLANTED_JUNK, TruthRow, write_truth

PHOTOS = Path(__file__).parent / "photos"
"""Folder of the photos that ship with the package; LICENSES.md beside them names their authors."""

DEFAULT_KINDS = (
    "exact",
    "half",
    "upscale",
    "q30",
    "q10",
    "crop10",
    "brighter",
    "grey",
    "watermark",
    "border",
    "rotate2",
)
"""The kinds of copy that near-duplicate tools are commonly compared on."""

_THREADS = 4


@dataclass(frozen=True)
class Planted:
    """A planted set: ``images`` is the folder to refine, ``truth`` the CSV file that describes it."""

    images: Path
    truth: Path
    rows: tuple[TruthRow, ...]


def shipped_photos() -> list[Path]:
    """The photos that ship with the package, sorted by name."""
    return sorted(PHOTOS.glob("*.jpg"))


def plant(
    sources: Sequence[Path],
    out: Path,
    *,
    seed: int = 0,
    style: str = "default",
    kinds: Sequence[str] = DEFAULT_KINDS,
    per_source: int | None = None,
    junk: Sequence[str] = PLANTED_JUNK + PLANTED_BROKEN,
    junk_every: int = 3,
    neutral_names: bool = False,
) -> Planted:
    """Write originals (unchanged bytes), copies and junk to ``out/images`` and the truth to ``out/truth.csv``.

    Args:
        sources: distinct photos; each becomes one group of the truth.
        out: a folder that does not hold a planted set yet.
        seed: decides amounts, offsets and which kinds are drawn. Same arguments, same bytes.
        style: a name in ``edits.STYLES``.
        kinds: kinds of copy, from ``edits.COPY_KINDS``.
        per_source: how many of the kinds each photo gets, drawn at random; None gives it all.
        junk: kinds of junk and broken files, planted in turn.
        junk_every: one such file for every this many photos; 0 for none.
        neutral_names: name files by chance and not by kind, so that a tool which keeps the first name of a
            group is neither helped nor harmed.

    Raises:
        InputError: no photos, an unknown kind or style, a photo that cannot be read, ``out`` in use.
    """
    _check("style", [style], STYLES)
    _check("kind of copy", kinds, COPY_KINDS)
    _check("kind of junk", junk, PLANTED_JUNK + PLANTED_BROKEN)
    if not sources:
        raise InputError("there are no photos to plant copies of")
    images = out / "images"
    if images.exists() and any(images.iterdir()):
        raise InputError(f"{images} already holds files; plant into a new folder")
    images.mkdir(parents=True, exist_ok=True)

    planter = _Planter(images, STYLES[style], seed, neutral_names)

    def one(number: int) -> list[TruthRow]:
        chosen = list(kinds)
        if per_source is not None:
            drawn = planter.random(number, "kinds").permutation(len(chosen))[:per_source]
            chosen = [chosen[i] for i in sorted(drawn)]
        if junk and junk_every and number % junk_every == 0:
            chosen.append(junk[number // junk_every % len(junk)])
        return planter.plant(sources[number], number, chosen)

    # edits and encoders leave the interpreter lock, so threads are enough and nothing needs to be pickled
    with ThreadPoolExecutor(_THREADS) as pool:
        rows = tuple(row for group in pool.map(one, range(len(sources))) for row in group)
    truth = out / "truth.csv"
    write_truth(truth, rows)
    return Planted(images, truth, rows)


@dataclass(frozen=True)
class _Planter:
    images: Path
    style: Style
    seed: int
    neutral_names: bool

    def plant(self, source: Path, number: int, kinds: Sequence[str]) -> list[TruthRow]:
        content, pixels, suffix = _read(source)
        group = f"{number:05d}"
        stem = f"{group}_{re.sub(r'[^a-z0-9]+', '-', source.stem.lower()).strip('-')[:24]}"
        rows: list[TruthRow] = []
        for kind in ("original", *kinds):
            rng, form = self.random(number, kind), "jpg"
            if kind in GENUINE_KINDS:
                data, form = content, suffix
            elif kind in PLANTED_JUNK:
                data = make_junk(kind, pixels, rng, self.style)
            elif kind in PLANTED_BROKEN:
                data = make_broken(kind, pixels, rng, self.style)
            else:
                data, form = make_copy(kind, pixels, rng, self.style)
            label = f"{rng.integers(1 << 32):08x}" if self.neutral_names else kind
            name = f"{stem}_{label}.{form}"
            (self.images / name).write_bytes(data)
            spoilt = kind in PLANTED_JUNK + PLANTED_BROKEN
            rows.append(TruthRow(name, None if spoilt else group, kind, rows[0].path if rows else name))
        return rows

    def random(self, number: int, purpose: str) -> Random:
        return np.random.default_rng([self.seed, number, zlib.crc32(f"{self.style.name}/{purpose}".encode())])


def _read(source: Path) -> tuple[bytes, Pixels, str]:
    try:
        content = source.read_bytes()
        with Image.open(source) as opened:
            suffix = {"JPEG": "jpg", "MPO": "jpg"}.get(opened.format or "", (opened.format or "img").lower())
            pixels = np.asarray(ImageOps.exif_transpose(opened).convert("RGB"))
    except OSError as error:
        raise InputError(f"cannot plant copies of {source}: {error}") from None
    return content, pixels, suffix


def _check(what: str, names: Sequence[str], known: Sequence[str] | dict[str, Style]) -> None:
    for name in names:
        if name not in known:
            raise InputError(f"unknown {what} {name!r}; known are {', '.join(known)}")
