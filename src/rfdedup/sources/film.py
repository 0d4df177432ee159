"""Films: which of their frames are images of a data set, chosen by when they are shown. Nothing is decoded for that."""

from __future__ import annotations

import os
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

import numpy as np

from rfdedup.imaging import DecodeLimits
from rfdedup.model.errors import InputError
from rfdedup.model.items import Item, Place
from rfdedup.sources.film_reading import FILM, OpenFilm, ppm_header
from rfdedup.sources.members import Contents, opened
from rfdedup.sources.plan import cut
from rfdedup.sources.reading import FileReader

FILM_SUFFIXES: Final = frozenset(
    f".{suffix}"
    for suffix in (
        *("mp4", "m4v", "mov", "qt", "mkv", "webm", "avi", "mpg", "mpeg", "m2v", "vob", "ts", "mts", "m2ts"),
        *("wmv", "asf", "flv", "ogv", "3gp", "mxf", "ivf", "dv"),
    )
)
_RATE: Final = re.compile(r"fps=(\d{1,6}(?:\.\d{1,6})?|\d{1,6}/\d{1,6})")
_EVERY: Final = re.compile(r"every=(\d{1,9})")
_DIGITS: Final = 6
_SHORT: Final = 0.98
"""Share of what a film says that it holds below which it is told that frames are missing."""


def is_film(path: str) -> bool:
    """Whether a file is a film by its name."""
    return os.path.splitext(path)[1].lower() in FILM_SUFFIXES


@dataclass(frozen=True)
class FrameChoice:
    """Which frames of a film are looked at.

    Attributes:
        kind: ``fps``: what is shown at each of so many times a second; ``every``: each so-manieth frame; ``keyframes``.
        rate: of ``fps``. step: of ``every``.
        most: frames of a film at most, spread evenly over those that would be chosen.
    """

    kind: Literal["fps", "every", "keyframes"] = "fps"
    rate: Fraction = Fraction(1)
    step: int = 1
    most: int | None = None

    @classmethod
    def parse(cls, text: str | None, most: int | None = None) -> FrameChoice:
        """What ``--frames`` and ``--most`` ask for; None is ``fps=1``.

        Raises:
            InputError: they cannot be used.
        """
        if most is not None and (not isinstance(most, int) or most < 1):
            raise InputError(f"--most {most}: a film has at least one frame")
        if text is None:
            return cls(most=most)
        if text == "keyframes":
            return cls("keyframes", most=most)
        rate, every = _RATE.fullmatch(str(text)), _EVERY.fullmatch(str(text))
        try:
            if rate and (value := Fraction(rate[1])) > 0:
                return cls("fps", value, most=most)
        except ZeroDivisionError:
            pass
        if every and int(every[1]) > 0:
            return cls("every", step=int(every[1]), most=most)
        raise InputError(f"--frames {text!r} is not fps=X, every=N or keyframes")

    def __str__(self) -> str:
        told = {"fps": f"fps={float(self.rate):g}", "every": f"every={self.step}", "keyframes": "keyframes"}[self.kind]
        return told if self.most is None else f"{told}, at most {self.most:,} of a film"

    def chosen(self, times: Sequence[int], keys: Sequence[int], end: int, base: Fraction) -> list[int]:
        """Numbers of the chosen frames, ascending.

        Args:
            times: when each frame is shown, in ticks since the first, ascending. keys: those of keyframes.
            end: when the last one is not shown any more. base: seconds of a tick.
        """
        if self.kind == "every":
            found = list(range(0, len(times), self.step))
        elif self.kind == "keyframes":
            known = set(keys)
            found = [number for number, time in enumerate(times) if time in known]
        else:
            up, down = (base * self.rate).as_integer_ratio()
            # a frame is shown until the next: is one of the instants 0, 1 / rate, 2 / rate, ... within that time?
            ends = [*times[1:], end]
            shown = enumerate(zip(times, ends, strict=True))
            found = [n for n, (time, last) in shown if -(-time * up // down) * down < last * up]
        if self.most is not None and len(found) > self.most:
            found = [found[i * len(found) // self.most] for i in range(self.most)]
        return found


def plan_film(root: str, choice: FrameChoice, limits: DecodeLimits) -> Contents:
    """The chosen frames of a film, by its packets: it is read once, and nothing is decoded.

    Frames are numbered from 0 in the order in which they are shown, from the first keyframe on. What lies behind a
    damage is left out and told.

    Args:
        root: absolute path. choice: of frames. limits: what one frame may cost.

    Raises:
        InputError: it cannot be read, is no film, or holds no frame that can be decoded.
        MissingExtraError: the extra ``video`` is not there.
    """
    with opened(root) as (stream, contents):
        try:
            film = OpenFilm(stream)
        except InputError as error:
            raise InputError(f"INPUT {root!r} is no film that can be read, or a damaged one: {error}") from None
        if film.width * film.height > limits.max_pixels or max(film.width, film.height) > limits.max_side:
            raise InputError(f"INPUT {root!r}: frames of {film.width} x {film.height} pixels are beyond the limit")
        index = _index(film)
        if not index.times:
            raise InputError(f"INPUT {root!r} holds no frame that can be decoded: a keyframe is missing")
        base = Fraction(film.stream.time_base or 1)
        first = index.times[0]
        times = [time - first for time in index.times]
        chosen = choice.chosen(times, [key - first for key in index.keys], index.end - first, base)
        size = len(ppm_header(film.width, film.height)) + 3 * film.width * film.height
        digits = max(_DIGITS, len(str(len(times) - 1)))
        for number in chosen:
            time = index.times[number]
            seconds = float(times[number] * base)
            place = Place(time, time - index.keys[bisect_right(index.keys, time) - 1], FILM)
            key = f"f{number:0{digits}d}_t{seconds:08.3f}"
            contents.add(key, size, place, frame=number, time=seconds)
        contents.frames = len(times)
        if missing := _missing(film, index, base):
            contents.notes.append(f"{root}: {missing}; the {len(times):,} frames before that are used")
        return contents


@dataclass
class _Index:
    """What the packets of a film say.

    Attributes:
        times: of all frames that are shown, ascending, in ticks. keys: of keyframes, ascending.
        end: when the last frame ends. packets: all that there are.
        backwards: whether its times begin anew on the way, and it was read no further.
    """

    times: list[int]
    keys: list[int]
    end: int
    packets: int = 0
    backwards: bool = False


def _index(film: OpenFilm) -> _Index:
    found = _Index([], [], 0)
    times: set[int] = set()
    last = lasts = 0
    of_vp8 = film.stream.codec_context.name in ("vp8", "libvpx")
    for packet in film.packets():
        time = film.time_of(packet)
        found.packets += 1
        if packet.is_keyframe:
            if found.keys and time <= found.keys[-1]:
                found.backwards = True
                break
            found.keys.append(time)
        # VP8 has packets of frames that are never shown (RFC 6386, section 9.1, show_frame)
        hidden = packet.is_discard or (of_vp8 and not memoryview(packet)[0] & 0x10)
        if not hidden and found.keys and time >= found.keys[0]:
            times.add(time)
            if time >= last or len(times) == 1:
                last, lasts = time, int(packet.duration or 0)
    found.times = sorted(times)
    if found.times and lasts < 1:
        # as long as the others on average
        lasts = max((last - found.times[0]) // max(len(times) - 1, 1), 1)
    found.end = last + lasts
    return found


def _missing(film: OpenFilm, index: _Index, base: Fraction) -> str | None:
    """What a film says that it holds and does not, in words."""
    if index.backwards:
        return "its times begin anew on the way"
    container = film.container.format.name
    if film.stream.frames > index.packets and container.startswith("mov"):
        return f"it is damaged or cut off: it says that it holds {film.stream.frames:,} frames"
    says = film.container.duration
    if says is None or not container.startswith(("matroska", "mov", "asf", "flv", "avi")):
        # others estimate it
        return None
    start = film.container.start_time or 0
    ends = float(index.end * base) - start / 1e6
    if ends < _SHORT * says / 1e6 - 1.0:
        return f"it is damaged or cut off: it says that it lasts {says / 1e6:.1f} s and ends after {ends:.1f} s"
    return None


@dataclass(frozen=True)
class FilmSource:
    """The chosen frames of films.

    Attributes:
        paths: absolute paths. choice: of frames. limits: what one frame may cost.
    """

    paths: tuple[str, ...]
    choice: FrameChoice = FrameChoice()
    limits: DecodeLimits = DecodeLimits()  # noqa: RUF009  frozen

    def contents(self, progress: Callable[[int], None] | None = None) -> Iterator[tuple[str, Contents]]:
        """What each film holds; raises ``InputError`` where one cannot be used."""
        for path in self.paths:
            found = plan_film(path, self.choice, self.limits)
            if progress is not None:
                progress(len(found.items))
            yield FILM, found

    def plan(self) -> list[list[Item]]:
        """See ``Source.plan``."""
        items = sorted((item for _, found in self.contents() for item in found.items), key=lambda item: item.sort_key)
        return cut(items, np.ones(len(items), np.bool_))

    def open(self) -> FileReader:
        """See ``Source.open``."""
        return FileReader(self.limits)


def understood_films(films: Sequence[Contents], choice: FrameChoice) -> str:
    """What films were taken for, in words: ``2 films, 120 of 3,000 frames (fps=1)``."""
    count, images, frames = len(films), sum(len(film.items) for film in films), sum(film.frames for film in films)
    return f"{count:,} {'film' if count == 1 else 'films'}, {images:,} of {frames:,} frames ({choice})"
