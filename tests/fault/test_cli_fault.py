"""What the system takes from a command ends in one line and an exit code, never in a traceback."""

from __future__ import annotations

import os
import resource
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from rfdedup.cli import main
from rfdedup.demo.planting import shipped_photos
from rfdedup.storage.run_folder import RUN_JSON
from synthetic_run import make_run

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="needs /dev/full and the limits of Linux"),
    pytest.mark.timeout(120),
]
COMMAND = f"{shlex.quote(sys.executable)} -c 'from rfdedup.cli.main import main; main()'"


def shell(words: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a line of a shell, in which RF is the command."""
    where = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), **environment}
    line = words.replace("RF", COMMAND)
    return subprocess.run(["bash", "-c", line], cwd=folder, env={**os.environ, **where}, capture_output=True, text=True)


def one_line(done: subprocess.CompletedProcess[str], code: int, words: str) -> None:
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    (line,) = done.stderr.splitlines()
    assert words in line
    assert done.returncode == code


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return make_run(tmp_path / "run", features=True).path


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    for name in ("a.jpg", "b.jpg"):
        (folder / name).write_bytes(shipped_photos()[0].read_bytes())
    return folder


@pytest.mark.parametrize(
    "words", ["export run --format csv", "export run --format json", "report run --json", "--help"]
)
def test_a_full_output_is_told(words: str, run: Path) -> None:
    one_line(shell(f"RF {words} > /dev/full", run.parent), 2, "the disk is full")


def test_a_full_error_output_changes_no_exit_code(run: Path) -> None:
    assert shell("RF verify nowhere 2> /dev/full", run.parent).returncode == 2
    assert shell("RF export run --format txt 2> /dev/full", run.parent).returncode == 0


def test_a_reader_that_goes_away_is_no_failure_of_ours(run: Path) -> None:
    done = shell("RF export run --format json | head -c 1; echo", run.parent)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_run_without_standard_streams_runs(closed: str, images: Path) -> None:
    done = shell(f"RF run images --out out --tiers hash {closed}", images.parent)
    assert done.returncode == 0
    assert (images.parent / "out" / "verdicts.parquet").is_file()


def test_the_current_folder_is_gone(images: Path) -> None:
    words = f"mkdir gone; cd gone; rmdir ../gone; RF run {shlex.quote(str(images))} --out {images.parent}/out"
    done = shell(words, images.parent)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "error: the current folder does not exist any more; change to one that does"


def test_files_may_be_no_larger_than_a_limit(images: Path) -> None:
    one_line(shell("ulimit -f 4; RF run images --out out --tiers hash --quiet", images.parent), 2, "ulimit -f")


@pytest.mark.parametrize("command", ["export run --format csv", "run images --out out", "verify run"])
def test_little_address_space_is_told(command: str, run: Path) -> None:
    one_line(shell(f"ulimit -v 600000; RF {command}", run.parent), 2, "of address space")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "not enough memory"),
        (RuntimeError("can't start new thread"), "not enough memory"),
        (ImportError("libx.so: failed to map segment from shared object"), "a library cannot be loaded"),
        (OSError(5, "Input/output error", "/data/x\ny"), "/data/x\\ny: Input/output error"),
        (FileNotFoundError(2, "No such file or directory", "x"), "x: No such file or directory"),
        (PermissionError(13, "Permission denied", b"x"), "x: permission denied"),
    ],
)
def test_what_nobody_expected_is_one_line(
    error: Exception, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(main.app, "main", fails)
    with pytest.raises(SystemExit) as ended:
        main.main(["doctor"])
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line


def test_a_fault_of_ours_is_still_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(main.app, "main", fails)
    with pytest.raises(RuntimeError, match="a bug"):
        main.main(["doctor"])


@pytest.mark.skipif(resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY, reason="memory is limited")
def test_without_a_limit_nothing_is_said_of_it() -> None:
    main._check_address_space()


@pytest.mark.parametrize("out", ["x" * 300, "images/a.jpg/run"])
def test_a_run_folder_that_cannot_be_is_told(out: str, images: Path) -> None:
    one_line(shell(f"RF run images --out {out} --quiet", images.parent), 2, "cannot use --out")


@pytest.mark.parametrize("place", ["pipe", "folder"])
@pytest.mark.parametrize(
    "words", ["verify run", "report run", "export run --format txt", "undo run", "evaluate run --truth t"]
)
def test_a_run_json_that_is_no_file_is_told_at_once(place: str, words: str, run: Path) -> None:
    (run / RUN_JSON).unlink()
    if place == "pipe":
        os.mkfifo(run / RUN_JSON)
    else:
        (run / RUN_JSON).mkdir()
    one_line(shell(f"timeout 30 RF {words}", run.parent), 2, f"it is a {place}")


def test_no_process_table_is_told(images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rfdedup.executors.local import WorkerLimits, executor
    from rfdedup.model.errors import WorkerError

    real = executor.Path
    monkeypatch.setattr(executor, "Path", lambda name: real(str(name).replace("/proc", str(images))))
    with executor.LocalExecutor(1, WorkerLimits()) as workers, pytest.raises(WorkerError, match="/proc"):
        list(workers.run(len, [(0, ["file"])], items=1))


def test_the_command_leaves_by_its_exit_code_and_says_all_it_has_to(tmp_path: Path) -> None:
    code = (
        "import atexit, sys; from rfdedup.cli import main as cli; atexit.register(print, 'at the end', flush=True); "
        "sys.argv = ['rfdedup', *sys.argv[1:]]; cli.entry()"
    )

    def left(*words: str) -> tuple[int, str]:
        done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, cwd=tmp_path)
        return done.returncode, done.stdout

    assert left("--version")[0] == 0
    assert left("--version")[1].endswith("at the end\n")
    assert left("report", "nowhere")[0] == 2


def test_the_command_ends_though_a_pool_of_threads_waits_for_work() -> None:
    code = (
        "from concurrent.futures import ThreadPoolExecutor; from rfdedup.cli import main; "
        "pool = ThreadPoolExecutor(2); pool.submit(int).result(); main.main = lambda: None; main.entry()"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0
