"""Configuration files."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from rfdedup.model.config import RunConfig, make_config
from rfdedup.model.errors import ConfigError
from rfdedup.storage.files import read_regular


def load_config(file: Path | None, overrides: dict[str, Any]) -> RunConfig:
    """Read a TOML file, lay ``overrides`` (flags) over it and validate the result."""
    values: dict[str, Any] = {}
    if file is not None:
        try:
            values = tomllib.loads(read_regular(file, follow=True).decode("utf-8"))
        except OSError as error:
            raise ConfigError(f"cannot read config file {file}: {error.strerror or error}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"config file {file} is not valid TOML: {error}") from None
        except RecursionError:
            raise ConfigError(f"config file {file} is nested too deeply") from None
    return make_config(_merge(values, overrides))


def _merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = _merge(below, value) if isinstance(value, dict) and isinstance(below, dict) else value
    return merged
