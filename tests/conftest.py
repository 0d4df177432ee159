"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# how long an example takes depends on what else the machine does
settings.register_profile("no clock", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("no clock")

REPO = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session", autouse=True)
def state_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where runs are noted in tests, in place of the user's own state folder. Child processes inherit it."""
    folder = tmp_path_factory.mktemp("state")
    os.environ["RFDEDUP_STATE"] = os.fspath(folder)
    return folder


def _shared(kind: str) -> Path:
    base = Path(os.environ.get("RFDEDUP_SHARED", REPO.parent / "shared"))
    folder = base / kind
    if not folder.is_dir():
        pytest.skip(f"needs the shared test material ({kind}), which lies beside the repository or at RFDEDUP_SHARED")
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real photos, cars, video and hostile files that do not ship with the project."""
    return _shared("data")


@pytest.fixture(scope="session")
def shared_reference() -> Path:
    """Folder of numbers computed by the reference implementations."""
    return _shared("reference")
