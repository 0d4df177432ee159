"""Options of ``rfdedup run``: each has its place in the configuration."""

from __future__ import annotations

import click
import pytest

from rfdedup.cli.commands.run import command, nested
from rfdedup.model.config import LimitsConfig, make_config
from rfdedup.model.errors import ConfigError
from rfdedup.storage.config_file import load_config

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


@pytest.mark.parametrize(
    ("value", "wanted"), [("abc", "a valid number"), ("0", "greater than 0"), ("1", "less than 1")]
)
def test_a_value_that_may_be_of_two_kinds_is_refused_in_one_sentence(value: str, wanted: str) -> None:
    with pytest.raises(ConfigError) as refused:
        make_config({"semantic": {"threshold": value}})
    assert str(refused.value) == f"semantic.threshold = {value!r}: must be 'auto' or {wanted}"


def test_each_wrong_key_is_named() -> None:
    with pytest.raises(ConfigError) as refused:
        make_config({"quality": {"blurry": "x"}, "keep": {"rul": "best"}})
    first, second = str(refused.value).split("; ", 1)
    assert first == "quality.blurry = 'x': must be a valid number"
    assert second.startswith("unknown key keep.rul; known here: ")
    assert "rule" in second
