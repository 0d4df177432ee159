"""The project's exceptions. Each message says what, where, and what to do; the CLI prints it and exits."""

from __future__ import annotations


class RfdedupError(Exception):
    """Base of every error that the user can act on. ``exit_code`` is what the CLI returns for it."""

    exit_code = 2


class ConfigError(RfdedupError):
    """A flag, a configuration key or a combination of them cannot be used."""


class InputError(RfdedupError):
    """An INPUT is missing, empty or unreadable."""


class RunFolderError(RfdedupError):
    """The run folder cannot be used: foreign files, locked, damaged or from another version."""

    def __init__(self, message: str) -> None:
        # libraries that find the damage answer in several lines
        super().__init__(" ".join(message.splitlines()))


class EncoderError(RfdedupError):
    """An encoder or its weights cannot be used."""


class MissingExtraError(RfdedupError):
    """An optional dependency is not installed."""

    def __init__(self, package: str, extra: str, why: str) -> None:
        super().__init__(f"{why} needs {package}: pip install 'resnet-faiss-dedup[{extra}]'")
        self.package = package
        self.extra = extra


class WorkerError(RfdedupError):
    """Worker processes keep dying without a file to blame. What was computed is kept."""

    exit_code = 1


class CheckFailedError(RfdedupError):
    """A check that the command promised to make did not hold."""

    exit_code = 1


class ImageError(RfdedupError):
    """One image cannot be used. Becomes a row with verdict ``error``, never the end of a run.

    ``kind`` is the machine-readable reason (``truncated``, ``corrupt``, ``too-large``, ...).
    """

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail

    def __reduce__(self) -> tuple[type[ImageError], tuple[str, str]]:
        return type(self), (self.kind, self.detail)


class DataError(RfdedupError, ValueError):
    """An array handed to the library has the wrong shape, type or values (NaN, for example)."""


class ApplyStoppedError(RfdedupError):
    """``apply`` or ``undo`` had to stop cleanly (its journal cannot be written); the same command goes on later."""

    exit_code = 1
