"""Version of the distribution; ``pyproject.toml`` names the same."""

from __future__ import annotations

__version__ = "0.1.0"
