"""Films: which frames are taken and when they are shown; each has the same pixels however it is reached."""

from __future__ import annotations

import builtins
import random
import tracemalloc
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from films import as_ppm, frames_of, moving_square, photo, write_film
from rfdedup.imaging import DecodeLimits
from rfdedup.model.errors import InputError, MissingExtraError
from rfdedup.model.items import Item
from rfdedup.sources import containers
from rfdedup.sources.film import FilmSource, FrameChoice, plan_film
from rfdedup.sources.film_reading import FilmFrames
from rfdedup.sources.reading import FileReader

READER = FileReader(DecodeLimits())
KINDS: dict[str, dict[str, Any]] = {
    "closed.mp4": {},
    "open.mp4": {"options": {"x264-params": "open-gop=1:keyint=12:bframes=3:scenecut=0"}},
    "refreshed.mp4": {"gop": 20, "options": {"x264-params": "intra-refresh=1:keyint=20:scenecut=0"}},
    "h264.avi": {},
    "mpeg4.avi": {"codec": "mpeg4"},
    "mpeg2.mpg": {"codec": "mpeg2video"},
    "stream.ts": {},
    "vp8.webm": {"codec": "libvpx"},
    "vp9.webm": {"codec": "libvpx-vp9", "options": {"cpu-used": "8", "lag-in-frames": "10"}},
    "intra.avi": {"codec": "mjpeg"},
}


def frames(path: Path, choice: str = "every=1") -> list[Item]:
    return plan_film(str(path), FrameChoice.parse(choice), DecodeLimits()).items


def read(items: list[Item]) -> list[Any]:
    return list(READER.fetch(items))


@pytest.mark.parametrize("name", KINDS)
def test_a_frame_is_the_same_however_it_is_reached(name: str, tmp_path: Path) -> None:
    path = write_film(tmp_path / name, moving_square(50, photo(0, 160, 120)), **KINDS[name])
    items = frames(path)
    wanted = [as_ppm(picture) for picture in frames_of(path)]
    assert [item.frame for item in items] == list(range(50))
    assert read(items) == wanted
    order = random.Random(name).sample(range(50), 50)
    assert read([items[i] for i in order]) == [wanted[i] for i in order]
    for i in (49, 13, 24, 0):
        # by a seek alone, as another worker has it
        with path.open("rb") as stream:
            place = items[i].place
            assert place is not None
            assert FilmFrames(stream).read(items[i], place) == wanted[i]


def test_frames_are_chosen_by_when_they_are_shown() -> None:
    times = [0, 40, 80, 990, 1010, 5000, 5040]
    base = Fraction(1, 1000)

    def chosen(text: str, most: int | None = None, end: int = 5080) -> list[int]:
        return FrameChoice.parse(text, most).chosen(times, [0, 1010], end, base)

    # what is shown at 0, 1, 2, 3, 4 and 5 s: a frame that stays for seconds is taken once
    assert chosen("fps=1") == [0, 3, 4, 5]
    assert chosen("fps=0.2") == [0, 5]
    assert chosen("fps=1/5") == [0, 5]
    assert chosen("fps=1000") == [0, 1, 2, 3, 4, 5, 6]
    assert chosen("fps=25") == [0, 1, 2, 3, 4, 5, 6]
    assert chosen("fps=1", end=6001) == [0, 3, 4, 5, 6]
    assert chosen("every=3") == [0, 3, 6]
    assert chosen("keyframes") == [0, 4]
    assert chosen("every=1", most=3) == [0, 2, 4]
    assert chosen("every=1", most=100) == list(range(7))


@pytest.mark.parametrize("text", ["fps=0", "fps=", "fps=1/0", "fps=-1", "every=0", "every=x", "all", "", "fps=1e9"])
def test_other_choices_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="fps=X, every=N or keyframes"):
        FrameChoice.parse(text)
    for most in (0, -1, "5"):
        with pytest.raises(InputError, match="at least one"):
            FrameChoice.parse("fps=1", most)  # type: ignore[arg-type]


def test_a_film_of_a_variable_rate_keeps_its_times_and_numbers(tmp_path: Path) -> None:
    times = [0, 40, 80, 3000, 3040, 9000, 9500]
    path = write_film(tmp_path / "clip.mkv", moving_square(7, photo(1, 160, 120)), times=times)
    items = frames(path, "fps=1")
    assert [(item.key, item.frame, item.time) for item in items] == [
        ("f000000_t0000.000", 0, 0.0),
        ("f000002_t0000.080", 2, 0.08),
        ("f000003_t0003.000", 3, 3.0),
        ("f000004_t0003.040", 4, 3.04),
        ("f000005_t0009.000", 5, 9.0),
    ]
    assert {item.camera for item in items} == {"clip.mkv"}
    whole = frames_of(path)
    assert read(items) == [as_ppm(whole[i]) for i in (0, 2, 3, 4, 5)]


@pytest.mark.parametrize("turned", [90, 180, -90])
def test_a_turned_film_is_read_upright(turned: int, tmp_path: Path) -> None:
    picture = photo(2, 160, 96)
    path = write_film(tmp_path / "clip.mp4", [picture] * 3, turned=turned)
    items = frames(path)
    shown = [as_ppm(np.rot90(one, turned // 90)) for one in frames_of(path)]
    assert read(items) == shown
    assert {item.size for item in items} == {len(shown[0])}


def test_a_film_without_its_tail_gives_what_comes_before(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    write_film(path, moving_square(48, photo(3, 160, 120)), options={"movflags": "faststart"})
    whole = [as_ppm(picture) for picture in frames_of(path)]
    # with its index before the pictures, as films for the web have it
    av_faststart(path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    found = plan_film(str(path), FrameChoice.parse("every=1"), DecodeLimits())
    assert 12 < len(found.items) < 48
    assert len(found.notes) == 1
    assert "damaged or cut off" in found.notes[0]
    read_back = read(found.items)
    good = [i for i, one in enumerate(read_back) if isinstance(one, bytes)]
    assert len(good) >= 12
    assert all(read_back[i] == whole[i] for i in good)
    assert all(one[0] == "corrupt" for one in read_back if not isinstance(one, bytes))


def av_faststart(path: Path) -> None:
    import av

    moved = path.with_name("moved.mp4")
    with av.open(str(path)) as old, av.open(str(moved), "w", options={"movflags": "faststart"}) as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                new.mux(packet)
    moved.replace(path)


def test_frames_after_a_damage_are_faults_until_the_next_keyframe(tmp_path: Path) -> None:
    path = write_film(tmp_path / "clip.mkv", moving_square(48, photo(4, 160, 120)))
    whole = [as_ppm(picture) for picture in frames_of(path)]
    import av

    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        at = next(packet.pos for packet in packets if packet.is_keyframe and packet.pts > 800)
    data = bytearray(path.read_bytes())
    data[at + 20 : at + 400] = bytes(380)
    path.write_bytes(data)
    items = frames(path)
    found = read(items)
    good = [i for i, one in enumerate(found) if isinstance(one, bytes)]
    assert 12 <= len(good) < 48
    assert all(found[i] == whole[items[i].frame or 0] for i in good)
    assert {one[0] for one in found if not isinstance(one, bytes)} <= {"corrupt"}
    # the same frames alone
    for i in (0, 11, 20, 30, len(items) - 1):
        containers._films._open.clear()
        assert read([items[i]]) == [found[i]]


@pytest.mark.parametrize("content", [b"", b"no film", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"])
def test_what_is_no_film_is_one_line(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"clip\.mp4") as caught:
        frames(path)
    assert "\n" not in str(caught.value)


def test_the_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_film(tmp_path / "clip.mp4", [photo(5, 64, 64)] * 2)
    items = frames(path)
    real: Callable[..., Any] = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "av":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    containers._films._open.clear()
    with pytest.raises(MissingExtraError, match=r"\[video\]"):
        frames(path)
    assert read(items)[0][0] == "unsupported-format"


def test_a_long_film_never_holds_more_than_a_few_frames(tmp_path: Path) -> None:
    pictures = moving_square(10_000, photo(6, 160, 120))
    path = write_film(tmp_path / "long.mp4", pictures, gop=250, options={"preset": "ultrafast"})
    frame = 3 * 160 * 120
    items = frames(path)
    assert len(items) == 10_000
    me = psutil.Process()
    before = me.memory_info().rss
    tracemalloc.start()
    most = count = 0
    for found in READER.fetch(items):
        assert isinstance(found, bytes)
        count += 1
        if count % 500 == 0:
            most = max(most, me.memory_info().rss)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 10_000
    assert peak < 20 * frame
    assert most - before < 200 * frame


def test_a_source_tells_how_many_frames_it_took(tmp_path: Path) -> None:
    path = write_film(tmp_path / "clip.mp4", moving_square(50, photo(7, 64, 64)))
    told: list[int] = []
    found = [held for _, held in FilmSource((str(path),)).contents(told.append)]
    assert (told, found[0].frames, len(found[0].items)) == ([2], 50, 2)


def test_real_films_are_read_alike_in_any_order(shared_data: Path) -> None:
    for path in sorted((shared_data / "video").glob("*.mp4")):
        items = frames(path, "fps=2")
        found = read(items)
        assert len(items) >= 4
        assert all(isinstance(one, bytes) for one in found)
        order = random.Random(0).sample(range(len(items)), 4)
        assert read([items[i] for i in order]) == [found[i] for i in order]
        whole = frames_of(path)
        assert [found[i] for i in order] == [as_ppm(whole[items[i].frame or 0]) for i in order]
