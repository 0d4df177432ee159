"""The ``rfdedup`` command. Commands are imported when called, so ``--help`` is fast."""

from __future__ import annotations

import atexit
import importlib
import os
import sys
import threading
from contextlib import suppress
from pathlib import Path

import click

from rfdedup.model.errors import InputError, RfdedupError
from rfdedup.model.version import __version__

_COMMANDS = {
    "plan": "Forecast time, memory and disk of a run.",
    "run": "Find junk and duplicates; never touches the input.",
    "demo": "Plant duplicates and junk in shipped photos, run the funnel, show the score.",
    "report": "Rewrite the report of a finished run.",
    "review": "Look at groups and change verdicts in the browser.",
    "explain": "Why an image was kept or dropped, or two are the same or not.",
    "verify": "Recompute every proof; exit 1 if one fails.",
    "calibrate": "A threshold from your own images.",
    "evaluate": "Precision and recall of a run against known groups.",
    "export": "Write kept or dropped lists for other tools.",
    "materialize": "A clean copy elsewhere: shards, tables, data sets, files.",
    "apply": "Move, copy or delete by the verdicts, with a journal.",
    "undo": "Take back what apply or materialize did.",
    "encoders": "What can embed here; add converts weights once.",
    "doctor": "What this machine offers and what is missing.",
}
"""Name to one-line help, in the order of a user's way. Each lives in ``rfdedup.cli.commands.<name>``."""

EXIT_INTERRUPTED = 130
_STANDARD_ERROR = 2
_LEAST_ADDRESS_SPACE = 1 << 30
_NO_MEMORY = "error: there is not enough memory; free some, or allow this process more (ulimit -v, ulimit -u)"
EXIT_UNDONE = 2
"""Something in the way of the command itself, not of a file."""


class _LazyGroup(click.Group):
    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"rfdedup.cli.commands.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="rfdedup")
def app() -> None:
    """Turn a raw pile of images into a clean data set, with one proof per dropped image."""


def main(argv: list[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 a check failed, 2 wrong usage, 130 interrupted."""
    _open_standard_streams()
    os.environ.setdefault("OPENVINO_TELEMETRY_OPTOUT", "1")
    _bound_math_threads()
    try:
        _check_current_folder()
        _check_address_space()
        code = app.main(args=argv, prog_name="rfdedup", standalone_mode=False)
        # what cannot be written is told here, not by the interpreter on its way out
        sys.stdout.flush()
    except click.exceptions.Exit as exit_:
        code = exit_.exit_code
    except click.ClickException as error:
        with suppress(OSError):
            error.show()
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        code = _fail("interrupted; the same command resumes where it stopped", EXIT_INTERRUPTED)
    except RfdedupError as error:
        code = _fail(f"error: {error}", error.exit_code)
    except BrokenPipeError:
        code = EXIT_UNDONE
    except MemoryError:
        code = _fail(_NO_MEMORY)
    except ImportError as error:
        code = _fail(f"error: a library cannot be loaded ({error}); install again, or allow more memory (ulimit -v)")
    except RuntimeError as error:
        if "start new thread" not in str(error):
            raise
        code = _fail(_NO_MEMORY)
    except OSError as error:
        code = _fail(f"error: {_told(error)}")
    _let_go_of_output()
    sys.exit(code if isinstance(code, int) else 0)


def entry() -> None:
    """``main`` for the console: leaves without taking the interpreter apart.

    Threads of libraries may still hold Python objects when all work is done. If they let go of them while the
    interpreter ends, the process aborts ("terminate called without an active exception") after a run that succeeded.
    """
    try:
        main()
    except SystemExit as exit_:
        code = exit_.code if isinstance(exit_.code, int) else int(exit_.code is not None)
    else:
        code = 0
    # tells pools of threads, which would wait for work for ever, to end, and joins all threads
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    _let_go_of_output()
    os._exit(code)


def _check_current_folder() -> None:
    """Relative paths mean nothing without it, and no process can be started.

    Raises:
        InputError: it was removed.
    """
    try:
        Path.cwd()
    except OSError:
        raise InputError("the current folder does not exist any more; change to one that does") from None


def _check_address_space() -> None:
    """Libraries that find no room end the process without a word, so what is far too little is told before.

    Raises:
        InputError: it is far too little.
    """
    if sys.platform == "win32":
        return
    import resource

    most = resource.getrlimit(resource.RLIMIT_AS)[0]
    if most != resource.RLIM_INFINITY and most < _LEAST_ADDRESS_SPACE:
        raise InputError(
            f"this process may use {most >> 20} MB of address space (ulimit -v), which is less than the "
            f"{_LEAST_ADDRESS_SPACE >> 20} MB that its libraries take"
        )


def _fail(text: str, code: int = EXIT_UNDONE) -> int:
    """Say why the command ends, where anybody can be told; ``code`` again."""
    with suppress(OSError):
        click.echo(" ".join(text.splitlines()), err=True)
    return code


def _told(error: OSError) -> str:
    """An error of the operating system that no part of the program expected, in one line."""
    from rfdedup.model.text import printable
    from rfdedup.storage.files import explain

    if error.filename is None:
        return explain(error)
    return f"{printable(os.fsdecode(error.filename))}: {explain(error)}"


def _open_standard_streams() -> None:
    """Put the null device where a standard stream is closed, so that no file of ours takes its number."""
    while (handle := os.open(os.devnull, os.O_RDWR)) <= _STANDARD_ERROR:
        # as any standard stream is, or processes that are started have none in their turn
        os.set_inheritable(handle, True)
    os.close(handle)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - open until the end


def _let_go_of_output() -> None:
    """Leave nothing that the interpreter would try to write on its way out, and fail."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError):
                null = os.open(os.devnull, os.O_WRONLY)
                os.dup2(null, stream.fileno())
                os.close(null)


def _bound_math_threads() -> None:
    """Numerical libraries count the cores of the machine, not those that a control group grants this process."""
    from rfdedup.runtime.cpus import usable_cpus

    cores = usable_cpus()
    if cores < (os.cpu_count() or 1):
        for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ.setdefault(name, str(cores))
