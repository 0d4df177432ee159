"""What is shared by the programs that compare products in registers, and what of them runs on any processor."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pytest

from rfdedup.neighbors import amx, products, vnni
from rfdedup.neighbors.registers import Kernel, Registers, compiled
from rfdedup.runtime import jit

needs_compiler = pytest.mark.skipif(not jit.available(), reason="needs Linux on x86-64 and llvmlite")


def memory(address: int, size: int) -> np.ndarray:
    return np.ctypeslib.as_array((ctypes.c_uint8 * size).from_address(address))


class Tiles:
    """What the instructions for tile registers do."""

    def __init__(self) -> None:
        self.tiles = np.zeros((8, 16, 64), np.uint8)
        self.config: list[int] = []
        self.unaligned = 0

    def ldtilecfg(self, at: int) -> None:
        self.config = memory(at, 64).tolist()

    def tilerelease(self) -> None:
        self.tiles[:] = 0

    def tilezero(self, tile: int) -> None:
        self.tiles[tile] = 0

    def tileloadd64(self, tile: int, at: int, stride: int) -> None:
        self.unaligned += bool(at % 64 or stride % 64)
        for r in range(16):
            self.tiles[tile, r] = memory(at + r * stride, 64)

    def tilestored64(self, tile: int, at: int, stride: int) -> None:
        for r in range(16):
            memory(at + r * stride, 64)[:] = self.tiles[tile, r]

    def tdpbssd(self, to: int, one: int, other: int) -> None:
        a, b = (self.tiles[tile].view(np.int8).reshape(16, 16, 4).astype(np.int32) for tile in (one, other))
        self.tiles[to].view(np.int32)[:] += np.einsum("rwc,wkc->rk", a, b)


@needs_compiler
@pytest.mark.parametrize("shift", [0, 5])
@pytest.mark.parametrize("share", [1.0, 0.1, 0.001, 0.0])
def test_the_program_for_amx_is_exact_with_tile_registers_of_numpy(shift: int, share: float) -> None:
    import llvmlite.binding as llvm

    tiles, pointer, size, tile = Tiles(), ctypes.c_void_p, ctypes.c_int64, ctypes.c_uint8
    kinds = {
        "ldtilecfg": [pointer],
        "tilerelease": [],
        "tilezero": [tile],
        "tileloadd64": [tile, pointer, size],
        "tilestored64": [tile, pointer, size],
        "tdpbssd": [tile, tile, tile],
    }
    # a program is compiled once and kept: these names must be its own
    suffix = f"{shift}.{share}"
    program, called = amx._program(), []
    for name, kind in kinds.items():
        called.append(ctypes.CFUNCTYPE(None, *kind)(getattr(tiles, name)))
        program = program.replace(f"@llvm.x86.{name}(", f"@{name}.{suffix}(")
        llvm.add_symbol(f"{name}.{suffix}", ctypes.cast(called[-1], pointer).value)
    rng = np.random.default_rng(3)
    a = np.empty(96 * 128 + shift, np.int8)[shift:].reshape(96, 128)
    a[:] = rng.integers(-127, 128, a.shape)
    b = rng.integers(-127, 128, (160, 128)).astype(np.int8)
    exact = a.astype(np.int64) @ b.astype(np.int64).T
    bounds = np.full(5, np.quantile(exact, 1 - share), np.int32)
    bounds[2] += 1000
    found = np.zeros(exact.shape, np.int64)
    for i, j in Registers(Kernel(compiled(program), *amx.block(), amx.tiles()), 128, 192, 128).reach(a, b, bounds):
        assert 0 < i.size <= 96**2
        np.add.at(found, (i, j), 1)
    assert np.array_equal(found, exact >= np.repeat(bounds, 32))
    # palette 1; bytes of a row, as 16 bits, and rows of eight tiles
    assert tiles.config == [1] + [0] * 15 + [64, 0] * 8 + [0] * 16 + [16] * 8 + [0] * 8
    assert tiles.unaligned == 0


@pytest.mark.parametrize("program", [amx, vnni])
def test_every_product_of_a_block_has_one_bit(program: Any) -> None:
    kernel = Kernel(lambda *_: 0, *program.block())
    assert products.TILE % kernel.rows == products.TILE % kernel.columns == 0
    assert kernel.row.size == kernel.rows * kernel.columns
    assert np.unique(kernel.row * kernel.columns + kernel.column).size == kernel.row.size


@needs_compiler
@pytest.mark.parametrize(
    ("program", "processor", "instruction"),
    [(amx, "sapphirerapids", "tdpbssd"), (vnni, "cascadelake", "vpdpbusd"), (vnni, "znver4", "vpdpbusd")],
)
def test_programs_can_be_compiled_for_their_processors(program: Any, processor: str, instruction: str) -> None:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(cpu=processor, opt=3, jit=True)
    code = machine.emit_assembly(llvm.parse_assembly(program._program()))
    assert instruction in code
    # all sums stay in registers
    assert "Spill" not in code


@pytest.mark.parametrize(("has_amx", "has_vnni"), [(True, True), (True, False), (False, True), (False, False)])
def test_the_fastest_program_of_the_processor_is_taken(
    monkeypatch: pytest.MonkeyPatch, has_amx: bool, has_vnni: bool
) -> None:
    for program, has in ((amx, has_amx), (vnni, has_vnni)):
        kernel = Kernel(lambda *_: 0, *program.block())
        monkeypatch.setattr(program, "available", lambda has=has: has)
        monkeypatch.setattr(program, "kernel", lambda kernel=kernel: kernel)
    taken = products.fast_products(64, 0.0, 1.0, 1)
    if not (has_amx or has_vnni):
        assert isinstance(taken, products.LevelProducts)
    else:
        assert isinstance(taken, products.RegisterProducts)
        assert taken.kernel is (amx if has_amx else vnni).kernel()


@pytest.mark.skipif(not (amx.available() or vnni.available()), reason="needs a processor with AMX or AVX-512 VNNI")
def test_codes_have_the_whole_range_where_products_are_exact() -> None:
    assert products.largest_code.__wrapped__() == 127


@needs_compiler
def test_an_llvmlite_that_does_not_know_the_language_is_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    assert jit.available.__wrapped__()
    monkeypatch.setattr("llvmlite.binding.llvm_version_info", (16, 0, 6))
    assert not jit.available.__wrapped__()
