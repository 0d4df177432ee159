"""What compares products in registers: loops for processors that are not at hand, too."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import pytest

from compiling import emulated
from rfdedup.neighbors import products, registers
from rfdedup.neighbors.registers import Kernel, Registers


@pytest.fixture(scope="module", params=["amx", "avxvnni", "dotprod"])
def library(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ctypes.CDLL]:
    return request.param, emulated(request.param, tmp_path_factory.mktemp("emulated"))


def kernel_of(program: str, library: ctypes.CDLL) -> Kernel:
    pointer, size = ctypes.c_void_p, ctypes.c_int64
    kind = ctypes.CFUNCTYPE(size, pointer, pointer, size, size, size, pointer, pointer, pointer, pointer)
    shape = (ctypes.c_int32 * 3).in_dll(library, f"shape_{program}")
    return Kernel(program, kind((f"reach_{program}", library)), *shape)


@pytest.mark.parametrize("shift", [0, 5])
@pytest.mark.parametrize("share", [1.0, 0.1, 0.001, 0.0])
def test_loops_are_exact_with_the_instructions_in_plain_c(
    library: tuple[str, ctypes.CDLL], shift: int, share: float
) -> None:
    kernel = kernel_of(*library)
    rng = np.random.default_rng(3)
    a = np.empty(96 * 128 + shift, np.int8)[shift:].reshape(96, 128)
    a[:] = rng.integers(-127, 128, a.shape)
    b = rng.integers(-127, 128, (160, 128)).astype(np.int8)
    a[0], a[1], b[2], b[3] = 127, -127, 127, -127
    exact = a.astype(np.int64) @ b.astype(np.int64).T
    bounds = np.full(160 // kernel.columns, np.quantile(exact, 1 - share), np.int32)
    bounds[2] += 1000
    found = np.zeros(exact.shape, np.int64)
    for i, j in Registers(kernel, 128, 192, 128).reach(a, b, bounds):
        assert 0 < i.size <= 96**2
        np.add.at(found, (i, j), 1)
    assert np.array_equal(found, exact >= np.repeat(bounds, kernel.columns))
    # tile registers are loaded fastest from whole lines of a cache
    assert ctypes.c_int32.in_dll(library[1], "unaligned").value == 0


def test_blocks_fit_tiles_and_scratch_memory(library: tuple[str, ctypes.CDLL]) -> None:
    kernels = [kernel_of(*library), *map(registers.kernel, registers.programs())]
    for kernel in kernels:
        assert products.TILE % kernel.rows == products.TILE % kernel.columns == 0
        size = kernel.rows * kernel.columns
        assert size & (size - 1) == 0
        assert kernel.columns % 8 == 0
        assert kernel.largest in (63, 127)


@pytest.mark.parametrize("names", [("amx", "vnni", "avx2"), ("vnni", "avx2"), ("avx2",), ()])
def test_the_fastest_program_of_the_processor_is_taken(monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]) -> None:
    monkeypatch.setattr(registers, "programs", lambda: names)
    monkeypatch.setattr(registers, "kernel", lambda name: Kernel(name, lambda *_: 0, 8, 32, 63))
    taken = products.fast_products(64, 0.0, 1.0, 1)
    if not names:
        assert isinstance(taken, products.LevelProducts)
    else:
        assert isinstance(taken, products.RegisterProducts)
        assert taken.kernel.name == names[0]
        assert products.largest_code.__wrapped__() == 63


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        ({"v3"}, ("avx2",)),
        ({"v3", "avxvnni"}, ("avxvnni", "avx2")),
        ({"v3", "v4", "vbmi", "vnni"}, ("vnni", "avx2")),
        ({"v3", "v4", "vbmi", "vnni", "avxvnni", "amx"}, ("amx", "vnni", "avxvnni", "avx2")),
        ({"dotprod"}, ("dotprod",)),
        (set(), ()),
    ],
)
def test_programs_are_those_of_the_library_that_is_loaded(
    monkeypatch: pytest.MonkeyPatch, features: set[str], expected: tuple[str, ...]
) -> None:
    monkeypatch.setattr(registers.native, "supports", lambda *names: features.issuperset(names))
    assert registers.programs() == expected


def test_sources_are_where_the_build_looks_for_them() -> None:
    folder = Path(registers.__file__).parent
    assert {path.stem.removeprefix("products_") for path in folder.glob("products_*.c")} in (
        set(registers.PROGRAMS),
        # an installed package has no sources
        set(),
    )
