"""Fault tests 1, 2, 3, 7 and 8: files that lie, in a process of their own, with its memory watched."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from image_samples import png_of_size, samples, saved, scene
from rfdedup.imaging import ERROR_KINDS
from rfdedup.pipeline.measuring import plain_words
from rfdedup.pipeline.results import Run

# reads paths from stdin; prints one JSON line a file and the peak memory at the end
SCRIPT = """
import json, sys
import psutil
from rfdedup.model.errors import ImageError
from rfdedup.features.measurement import measure
peak = 0
for line in sys.stdin:
    with open(line.rstrip("\\n"), "rb") as stream:
        data = stream.read()
    try:
        found = measure(data)
        verdict = [found.format, found.sha256, found.dhash, found.phash, found.sharpness, found.detail]
    except ImageError as error:
        verdict = [error.kind]
    peak = max(peak, psutil.Process().memory_info().rss)
    print(json.dumps(verdict), flush=True)
print(json.dumps(peak))
"""


def run(files: list[Path]) -> tuple[list[list[object]], float]:
    """Verdict of each file, and the peak memory in MiB."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        input="".join(f"{file}\n" for file in files),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Traceback" not in done.stderr
    *verdicts, peak = map(json.loads, done.stdout.splitlines())
    return verdicts, peak / 2**20


def all_known(verdicts: list[list[object]]) -> bool:
    return all(len(verdict) == 6 or verdict[0] in ERROR_KINDS for verdict in verdicts)


def test_hostile_corpus(shared_data: Path) -> None:
    files = sorted((shared_data / "hostile").iterdir()) + sorted((shared_data / "exif").iterdir())
    assert len(files) > 1000
    verdicts, peak = run(files)
    assert len(verdicts) == len(files)
    assert all_known(verdicts)
    assert peak < 1024
    pictures = sum(len(verdict) == 6 for verdict in verdicts)
    assert 400 < pictures < len(files) - 400
    exif = verdicts[-len(list((shared_data / "exif").iterdir())) :]
    assert all(len(verdict) == 6 for verdict in exif[-20:])
    assert run(files[::9])[0] == verdicts[::9]


def test_generated_hostile_files(tmp_path: Path) -> None:
    good = samples()
    files = {
        "empty.jpg": b"",
        "text.png": b"not a picture\n",
        "half.jpg": good["jpeg"][: len(good["jpeg"]) // 2],
        "half_progressive.jpg": good["jpeg-progressive"][: len(good["jpeg-progressive"]) // 2],
        "bomb170.png": png_of_size(13_100, 13_000, b"x\x9c"),
        "bomb400.png": png_of_size(20_000, 20_000, b"x\x9c"),
        "postscript.jpg": b"%!PS-Adobe-3.0\n(boom) print\n",
        "layers.jpg": b"8BPS\0\1" + b"\0" * 200,
        "png_named.jpg": good["png"],
        "jpeg_named.png": good["jpeg"],
        "cmyk.jpg": saved(scene().convert("CMYK"), "JPEG"),
        "alpha.png": saved(scene().convert("RGBA"), "PNG"),
        "deep.png": saved(scene().convert("I;16"), "PNG"),
        "palette.gif": good["gif-animated"],
    }
    paths = []
    for name, data in files.items():
        paths.append(tmp_path / name)
        paths[-1].write_bytes(data)
    verdicts, peak = run(paths)
    assert [verdict[0] for verdict in verdicts] == [
        *("empty", "not-an-image", "truncated", "truncated", "too-large", "too-large"),
        *("unsupported-format", "unsupported-format", "png", "jpeg", "jpeg", "png", "png", "gif"),
    ]
    assert peak < 512
    assert run(paths)[0] == verdicts


def test_what_decoders_print_goes_to_the_ledger_and_not_to_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    tiff = bytearray(saved(scene(64, 48), "TIFF", compression="packbits"))
    directory = int.from_bytes(tiff[4:8], "little")
    for entry in range(int.from_bytes(tiff[directory : directory + 2], "little")):
        at = directory + 2 + 12 * entry
        if int.from_bytes(tiff[at : at + 2], "little") == 277:  # samples per pixel, which libtiff complains about
            tiff[at + 8 : at + 12] = (0x12).to_bytes(4, "little")
    (tmp_path / "in" / "noisy.tif").write_bytes(tiff)
    (tmp_path / "in" / "quiet.png").write_bytes(saved(scene(64, 48, 2), "PNG"))
    words = [sys.executable, "-m", "rfdedup", "run", str(tmp_path / "in"), "--out", str(tmp_path / "run")]
    done = subprocess.run([*words, "--tiers", "hash"], capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    noisy, quiet = Run.open(tmp_path / "run").verdicts.to_pylist()
    assert "\n" not in noisy["decoder_warnings"]
    assert quiet["decoder_warnings"] is None


def test_words_of_a_decoder_are_one_line_that_is_the_same_each_time() -> None:
    one = plain_words("[ WARN:0@1.234] bad\x1b[31m tag\n at 0x7f00aa11\n")
    assert one == plain_words("[ WARN:0@9.876] bad\x1b[31m tag\n at 0x7fbbbb00\n") == "[ WARN:0] bad [31m tag at 0x…"
    assert plain_words(" \n") is plain_words(None) is None


@pytest.mark.long
def test_a_real_bomb_takes_no_memory(tmp_path: Path) -> None:
    import zlib

    packer = zlib.compressobj(9)
    row = bytes(20_001)
    body = b"".join(packer.compress(row) for _ in range(20_000)) + packer.flush()
    bomb = tmp_path / "bomb.png"
    bomb.write_bytes(png_of_size(20_000, 20_000, body))
    verdicts, peak = run([bomb])
    assert verdicts == [["too-large"]]
    assert peak < 512
