"""Compiles the loops in C when the package is built; where that cannot be done, the package is one without them.

``RFDEDUP_TARGET`` in the environment names another system that a wheel is for, of ``TARGETS`` in
``scripts/build_native.py``; then a build that cannot compile fails.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).resolve().parent / "scripts"))
import build_native


class LoopsBuildHook(BuildHookInterface[Any]):
    """Adds the libraries to a wheel, or to the sources of an editable install."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        wanted = os.environ.get("RFDEDUP_TARGET")
        try:
            name = wanted or build_native.here()
            if version == "editable":
                build_native.build(name, build_native.IN_PLACE)
                return
            self._folder = tempfile.TemporaryDirectory()
            made = build_native.build(name, Path(self._folder.name, "loops"))
        except build_native.CannotBuildError as error:
            if wanted:
                raise
            self.app.display_warning(f"The loops in C are not compiled, so plain versions will run: {error}")
            return
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{build_native.TARGETS[name].tag}"
        for path in made:
            build_data["force_include"][str(path)] = f"rfdedup/runtime/loops/{path.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if hasattr(self, "_folder"):
            self._folder.cleanup()
