"""Inner products of 8-bit codes, a tile at a time, on whatever matrix units the processor has.

All that is wanted of them is where they reach a bound. Loops in C compare them in registers (``registers``). Where
there is none for a processor, OpenVINO turns the little graph below into one integer matrix product whose result leaves
the registers as one byte an entry: 0 for everything below ``low``. So a tile that holds nothing of interest costs one
pass over bytes.
"""

from __future__ import annotations

import functools
import queue
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from rfdedup.neighbors import registers
from rfdedup.neighbors.registers import ALIGNMENT, Kernel, Registers

Codes = npt.NDArray[np.int8]
Levels = npt.NDArray[np.uint8]
Place = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Stricter = Sequence[tuple[Mask, Mask, float]]

TILE = 1024
"""Rows and columns of a tile: its bytes (1 MiB) and both operands stay in a core's second-level cache."""
K_STEP = 64
"""Codes are padded to a multiple of this many dimensions, the depth of one AMX tile."""
SWEEP = 8
"""Tiles that are multiplied with one in a single call, at most."""
_LEVELS = 255
_LARGEST = 2**31 - 1

_Task = TypeVar("_Task")
_Answer = TypeVar("_Answer")


class Products(Protocol):
    """Where products of two tiles reach a bound; ``fast_products`` makes them."""

    def above(self, a: Codes, b: Codes, bound: float, stricter: Stricter = ()) -> tuple[Place, Place]:
        """Places in the tile whose product may reach ``bound``; none that does is left out.

        Args:
            a, b: (TILE, k) int8, contiguous.
            bound: integer product.
            stricter: (TILE,) masks of rows and columns with a higher bound for places inside both; infinity leaves
                them out.

        Returns:
            Row and column numbers, sorted.
        """

    def sweep(self, a: Codes, b: Codes, bounds: Sequence[float]) -> Iterator[tuple[Place, Place]]:
        """The same for one tile and up to ``SWEEP`` others, with a bound for each.

        Args:
            a: (TILE, k) int8, contiguous. b: (TILE times number of bounds, k).

        Yields:
            Row and column numbers, in any order, at most TILE^2 at a time; the caller takes all of them.
        """


def fast_products(k: int, low: float, step: float, threads: int) -> Products:
    """The fastest products that this machine has.

    Args:
        k: dimensions of the codes, a multiple of ``K_STEP``.
        low, step: bounds are at least ``low + step``; see ``LevelProducts``.
        threads: how many callers there may be at once.
    """
    for name in registers.programs():
        return RegisterProducts(registers.kernel(name), k, threads)
    return LevelProducts(k, low, step, threads)


def aligned_codes(rows: int, k: int) -> Codes:
    """Zeros, (rows, k) int8, where registers load them fastest."""
    memory = np.zeros(rows * k + ALIGNMENT, np.int8)
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + rows * k].reshape(rows, k)


class RegisterProducts:
    """Exact products, compared in registers."""

    def __init__(self, kernel: Kernel, k: int, threads: int) -> None:
        self.kernel = kernel
        self._idle: queue.SimpleQueue[Registers] = queue.SimpleQueue()
        # a caller may ask for more while it goes through what a sweep found
        for _ in range(2 * threads):
            self._idle.put(Registers(kernel, TILE, SWEEP * TILE, k))

    def above(self, a: Codes, b: Codes, bound: float, stricter: Stricter = ()) -> tuple[Place, Place]:
        i, j = self._reached(a, b, bound)
        for rows, columns, higher in stricter:
            if i.size == 0:
                break
            both = rows[i] & columns[j]
            if np.isfinite(higher) and both.any():
                strong = np.zeros((TILE, TILE), np.bool_)
                strong[self._reached(a, b, higher)] = True
                both &= ~strong[i, j]
            i, j = i[~both], j[~both]
        key = np.sort(i * TILE + j)
        return key // TILE, key % TILE

    def _reached(self, a: Codes, b: Codes, bound: float) -> tuple[Place, Place]:
        parts = [(np.empty(0, np.int64), np.empty(0, np.int64)), *self.sweep(a, b, [bound])]
        return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])

    def sweep(self, a: Codes, b: Codes, bounds: Sequence[float]) -> Iterator[tuple[Place, Place]]:
        least = np.clip(np.ceil(bounds), -_LARGEST, _LARGEST).astype(np.int32)
        idle = self._idle.get()
        try:
            yield from idle.reach(a, b, np.repeat(least, TILE // self.kernel.columns))
        finally:
            self._idle.put(idle)


class LevelProducts:
    """Products as levels, by OpenVINO.

    The level of a product p is ``clip(round((p - low) / step), 0, 255)``. Bounds are at least ``low + step``; what
    reaches them by less than a level may be given too.

    Args:
        k: dimensions of the codes, at most 4096 (products stay below 2^26).
        low, step: see above, in units of integer products.
        threads: how many callers may be inside ``above`` at once.
    """

    def __init__(self, k: int, low: float, step: float, threads: int) -> None:
        self._low, self._step = low, step
        model = _compiled(k, low, step, threads)
        self._idle: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for _ in range(threads):
            self._idle.put(model.create_infer_request())

    def above(self, a: Codes, b: Codes, bound: float, stricter: Stricter = ()) -> tuple[Place, Place]:
        from openvino import Tensor

        level = self._level(bound)
        request = self._idle.get()
        try:
            request.set_input_tensor(0, Tensor(a, shared_memory=True))
            request.set_input_tensor(1, Tensor(b, shared_memory=True))
            request.infer()
            levels: Levels = request.get_output_tensor(0).data
            if level > 0 and int(levels.max()) < level:
                return np.empty(0, np.int64), np.empty(0, np.int64)
            hot = np.flatnonzero(levels.max(axis=1) >= level)
            wanted = levels[hot] >= level
            for rows, columns, higher in stricter:
                wanted &= ~(rows[hot, None] & columns) | (levels[hot] >= self._level(higher))
            i, j = np.nonzero(wanted)
            return hot[i], j
        finally:
            self._idle.put(request)

    def sweep(self, a: Codes, b: Codes, bounds: Sequence[float]) -> Iterator[tuple[Place, Place]]:
        for number, bound in enumerate(bounds):
            i, j = self.above(a, b[number * TILE : (number + 1) * TILE], bound)
            if i.size:
                yield i, j + number * TILE

    def _level(self, bound: float) -> int:
        """Least level of a product at ``bound``; above all levels for infinity."""
        if np.isinf(bound):
            return _LEVELS + 1
        # a product at the bound may be rounded down by half a level, and by the rounding of float32
        return min(int(np.ceil((bound - self._low) / self._step - 0.51)), _LEVELS)


@functools.cache
def largest_code() -> int:
    """Largest magnitude of a code with which this processor multiplies exactly, by its ``fast_products``."""
    for name in registers.programs():
        return registers.kernel(name).largest
    return exact_up_to(LevelProducts)


def exact_up_to(make: Callable[[int, float, float, int], Products]) -> int:
    """Largest magnitude of a code with which products made by ``make``, called as ``fast_products``, are exact here.

    Instruction sets before VNNI add two 8-bit products in 16 bits and saturate; half the range is then safe for a
    library (191 * 63 * 2 < 2^15, 191 being a code of 63 shifted to unsigned).
    """
    k = 4 * K_STEP
    full = np.full((TILE, k), 127, dtype=np.int8)
    full[::2, ::3] = -127
    exact = full[:2].astype(np.int64) @ full[:2].T.astype(np.int64)
    for value in sorted({int(v) for v in exact.ravel()}):
        probe = make(k, value - 2.0, 1.0, 1)
        i, j = probe.above(full, full, float(value))
        reached = np.zeros((2, 2), dtype=bool)
        inside = (i < 2) & (j < 2)
        reached[i[inside], j[inside]] = True
        if not np.array_equal(reached, exact >= value):
            return 63
    return 127


def in_threads(
    pool: ThreadPoolExecutor, work: Callable[[_Task], _Answer], tasks: Iterable[_Task], most_waiting: int
) -> Iterator[_Answer]:
    """Results of ``work`` in the order of ``tasks``, at most ``most_waiting`` of them waiting at a time."""
    waiting: list[Future[_Answer]] = []
    place = 0
    for task in tasks:
        if len(waiting) < most_waiting:
            waiting.append(pool.submit(work, task))
            continue
        yield waiting[place].result()
        waiting[place] = pool.submit(work, task)
        place = (place + 1) % most_waiting
    for i in range(len(waiting)):
        yield waiting[(place + i) % len(waiting)].result()


def _compiled(k: int, low: float, step: float, threads: int) -> Any:
    import openvino
    from openvino import opset13 as op

    a = op.parameter([TILE, k], openvino.Type.i8)
    b = op.parameter([TILE, k], openvino.Type.i8)
    # multiplying by 1 marks the operands as quantised, so that the product is taken in integers
    one = np.float32(1.0)
    left = op.multiply(op.convert(a, "f32"), one)
    right = op.multiply(op.convert(b, "f32"), one)
    product = op.matmul(left, right, False, True)
    high = np.float32(low + _LEVELS * step)
    levels = op.fake_quantize(product, np.float32(low), high, np.float32(0), np.float32(_LEVELS), _LEVELS + 1)
    model = openvino.Model([op.convert(levels, "u8")], [a, b], "products")
    return openvino.Core().compile_model(
        model,
        "CPU",
        {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": threads, "INFERENCE_PRECISION_HINT": "f32"},
    )
