"""What the commands print: tables and progress for people, one JSON object for programs, nothing when quiet."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import click
from rich.console import Console, RenderableType

_Command = TypeVar("_Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class Output:
    """Where a command writes. People's output goes to stderr when ``json`` owns stdout."""

    quiet: bool = False
    json: bool = False
    console: Console = field(default_factory=lambda: Console(highlight=False))

    @classmethod
    def make(cls, *, quiet: bool, json: bool) -> Output:
        return cls(quiet=quiet, json=json, console=Console(stderr=json, highlight=False))

    def show(self, renderable: RenderableType) -> None:
        """Print text or a rich table for people, unless quiet or JSON was asked for."""
        if not self.quiet and not self.json:
            self.console.print(renderable, markup=False, soft_wrap=isinstance(renderable, str))

    def result(self, value: dict[str, Any]) -> None:
        """Print the machine-readable result when ``--json`` was given. Lone surrogates stay escaped."""
        if self.json:
            sys.stdout.write(json.dumps(value, ensure_ascii=True, indent=2, default=str) + "\n")


def output_options(command: _Command) -> _Command:
    """Add the common ``--quiet`` and ``--json`` options to a click command."""
    command = click.option("--json", "as_json", is_flag=True, help="Print one JSON object to stdout.")(command)
    return click.option("--quiet", is_flag=True, help="Print errors only.")(command)
