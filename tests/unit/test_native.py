"""Loops in C are used where they were compiled, and done without where they were not."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from compiling import HEADERS, builder
from rfdedup.neighbors import registers
from rfdedup.runtime import native

needs_loops = pytest.mark.skipif(not native.available(), reason="no loops were compiled for this machine")
on_x86 = pytest.mark.skipif(not native.supports("v3"), reason="needs an x86 processor with AVX2")

SEEN = """
import json
from rfdedup.neighbors import registers
from rfdedup.runtime import native
print(json.dumps([native.told(), sorted(native._loaded().features), registers.programs(), native.held_back()]))
"""


def seen(most: str) -> list[object]:
    """What a process finds that is told to use no more than ``most``."""
    done = subprocess.run(
        [sys.executable, "-c", SEEN],
        env={**os.environ, "RFDEDUP_MAX_ISA": most},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return list(json.loads(done.stdout))


@pytest.fixture
def afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was loaded is looked for again."""
    monkeypatch.setattr(native, "_loaded", native._loaded.__wrapped__)


@on_x86
def test_lesser_processors_can_be_played() -> None:
    told, features, programs, held = seen("avx2")
    assert str(told).startswith("compiled, for v3")
    assert set(features) == {"v3"}
    assert programs == ["avx2"]
    assert held
    told, features, programs, held = seen("sse4")
    assert (told, features, programs, held) == ("compiled, for v2", [], [], True)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/cpuinfo")
@needs_loops
def test_what_a_processor_has_is_what_the_system_says() -> None:
    flags = set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
    names = {"vbmi": "avx512vbmi", "vnni": "avx512_vnni", "avxvnni": "avx_vnni", "dotprod": "asimddp"}
    features = native._loaded.__wrapped__().features
    if not native.held_back():
        for name, flag in names.items():
            assert (name in features) == (flag in flags), name
        assert ("v3" in features) == ({"avx2", "fma", "bmi2", "f16c", "movbe"} <= flags)
        assert ("v4" in features) == ({"avx512f", "avx512bw", "avx512vl", "avx512dq", "avx512cd"} <= flags)


PROGRAMS = {
    "v2": ("linux-x86_64", None, ""),
    "v3": ("linux-x86_64", "avx2", ""),
    "v4": ("linux-x86_64", "vnni", ""),
    "neon": ("linux-aarch64", None, "cortex-a72"),
    "dotprod": ("linux-aarch64", "dotprod", "neoverse-n1"),
}
"""For each level: the system, what multiplies codes, and the processor that is emulated on others."""


@pytest.mark.skipif(sys.platform != "linux", reason="its programs are for Linux")
@pytest.mark.parametrize("level", PROGRAMS)
def test_loops_of_every_level_give_the_same(level: str, tmp_path: Path) -> None:
    """Checksums of what a program without any library computes (``native/driver.c``); those of ARM by emulation."""
    build = builder()
    name, product, processor = PROGRAMS[level]
    runner: list[str] = []
    if build.TARGETS[name].machine != build.TARGETS[build.here()].machine:
        emulator = shutil.which("qemu-aarch64-static") if processor else None
        if emulator is None:
            pytest.skip(f"needs {'qemu-aarch64-static' if processor else name}")
        runner = [emulator, "-cpu", processor]
    elif level != native._levels()[-1] and not native.supports(
        level, *([product] if level == "v4" and product else [])
    ):
        pytest.skip(f"needs a processor of {level}")
    cpu = build.LEVELS[build.TARGETS[name].machine][level][0]
    sources = [HEADERS / "driver.c", *(build.PACKAGE / source for source in build.EVERYWHERE)]
    options = ["-static", "-Wl,-e,_start", "-fno-sanitize=all", f"-mcpu={cpu}"]
    if product is not None:
        sources.append(build.PACKAGE / "neighbors" / f"products_{product}.c")
        options += [f"-DPRODUCT=reach_{product}", f"-DSHAPE=shape_{product}"]
    build.compile_c(build.TARGETS[name], sources, tmp_path / level, options)
    done = subprocess.run(
        [*runner, str(tmp_path / level)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )
    lines = done.stdout.splitlines()
    if product is not None:
        assert lines.pop() == "products right"
    # of what all processors gave that it was run on
    assert hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16] == "148d5c6865255914", done.stdout


@pytest.mark.usefixtures("afresh")
def test_a_package_without_libraries_does_without(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(native, "FOLDER", tmp_path / "loops")
    assert not native.available()
    assert not native.supports()
    assert registers.programs() == ()
    assert native.told() == "plain versions run: none were compiled when the package was built"
    with pytest.raises(RuntimeError):
        native.function("sums", "pnnnp")


@pytest.mark.usefixtures("afresh")
def test_libraries_of_another_system_or_none_at_all_are_done_without(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(native, "FOLDER", tmp_path)
    (tmp_path / native.SOURCES).write_text("", encoding="utf-8")
    assert not native.available()
    for levels in native._LEVELS.values():
        for level in levels:
            for suffix in native.SUFFIXES.values():
                (tmp_path / f"{level}.{suffix}").write_bytes(b"no library")
    assert not native.available()


@needs_loops
def test_libraries_made_of_other_sources_are_done_without(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "sums.c").write_bytes(b"int sums;\r\n")
    digest = builder().digest(tmp_path / "sums.c")
    lines = f"{digest}  sums.c\n{'0' * 64}  not_here.c\n"
    (tmp_path / native.SOURCES).write_text(lines, encoding="utf-8")
    assert native._of_these_sources(tmp_path, tmp_path)
    (tmp_path / "sums.c").write_text("int sums = 1;\n", encoding="utf-8")
    assert not native._of_these_sources(tmp_path, tmp_path)


def test_where_this_machine_has_a_compiler_the_loops_are_used() -> None:
    build = builder()
    assert native.available(), f"run {sys.executable} scripts/build_native.py"
    listed = {line.split("  ", 1)[1] for line in (native.FOLDER / native.SOURCES).read_text("utf-8").splitlines()}
    folder = native.PACKAGE
    sources = {path.relative_to(folder).as_posix() for kind in ("*.c", "*.h") for path in folder.rglob(kind)}
    target = build.TARGETS[build.here()]
    for_others = {source for other in build.TARGETS.values() for source in other.more}
    for machine, levels in build.LEVELS.items():
        if machine != target.machine:
            for_others |= {source for _, more in levels.values() for source in more}
    assert sources - listed <= for_others
    assert listed <= sources
