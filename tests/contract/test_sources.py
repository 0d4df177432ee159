"""All sources keep the contract."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.sources import SourceContract
from rfdedup.sources.base import Source
from rfdedup.sources.folder import FolderSource


class TestFolder(SourceContract):
    @pytest.fixture(autouse=True)
    def files(self, tmp_path: Path) -> None:
        self.root = tmp_path / "in"
        for key, content in self.wanted.items():
            (self.root / key).parent.mkdir(parents=True, exist_ok=True)
            (self.root / key).write_bytes(content)

    def made(self) -> Source:
        return FolderSource((str(self.root),))

    def changed(self, key: str) -> None:
        (self.root / key).write_bytes(b"something of another length")

    def gone(self, key: str) -> None:
        (self.root / key).unlink()
