"""Options of ``rfdedup run``: each has its place in the configuration."""

from __future__ import annotations

import click
import pytest

from rfdedup.cli.commands.run import command, nested
from rfdedup.config import LimitsConfig, load_config

OWN = {"inputs", "out", "config", "quiet", "as_json"}
"""What the command itself needs; all others make a ``RunConfig``."""
LIMITS = {"max_megapixels": "max_megapixels", "file_seconds": "file_seconds", "worker_memory": "worker_memory_mb"}


def test_every_limit_has_an_option() -> None:
    assert set(LIMITS.values()) == set(LimitsConfig.model_fields)
    assert set(LIMITS) <= {parameter.name for parameter in command.params}


@pytest.mark.parametrize(("option", "field"), LIMITS.items())
def test_a_limit_that_is_typed_reaches_the_configuration(option: str, field: str) -> None:
    with click.Context(command) as context:
        words = ["images", "--out", "run", f"--{option.replace('_', '-')}", "345"]
        command.parse_args(context, words)
        flags = {name: value for name, value in context.params.items() if name not in OWN}
    config = load_config(None, nested(flags))
    assert getattr(config.limits, field) == 345
    assert config.limits.model_dump(exclude={field}) == LimitsConfig().model_dump(exclude={field})
