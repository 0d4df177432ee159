"""Programs for the processor at hand, and for a lesser one."""

from __future__ import annotations

import pytest

from rfdedup.neighbors import amx, vnni
from rfdedup.runtime import jit

pytestmark = pytest.mark.skipif(not jit.available(), reason="needs Linux on x86-64 and llvmlite")


def test_an_avx2_processor_can_be_played(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RFDEDUP_MAX_ISA", "avx2")
    features = jit.features_here.__wrapped__()
    assert not [name for name in features if name.startswith(("avx512", "amx", "avx10"))]
    monkeypatch.setattr(jit, "features_here", lambda: features)
    assert not vnni.available()
    assert not amx.available.__wrapped__()
    # what is compiled for it runs
    engine = jit._engine("define i32 @four() {\n  ret i32 4\n}\n", optimise=True)
    assert engine.get_function_address("four")
