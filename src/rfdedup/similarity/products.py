"""Inner products of 8-bit codes, a tile at a time, on whatever matrix units the processor has.

OpenVINO turns the little graph below into one integer matrix product (VNNI, AMX, ...) whose result leaves
the registers as one byte an entry: 0 for everything below ``low``. So a tile that holds nothing of interest
costs one pass over bytes.
"""

from __future__ import annotations

import functools
import os
import queue
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.int8]
Levels = npt.NDArray[np.uint8]
Place = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

TILE = 1024
"""Rows and columns of a tile: its bytes (1 MiB) and both operands stay in a core's second-level cache."""
K_STEP = 64
"""Codes are padded to a multiple of this many dimensions, the depth of one AMX tile."""
_LEVELS = 255

_Task = TypeVar("_Task")
_Answer = TypeVar("_Answer")


def thread_count() -> int:
    """Processor cores that this process may use."""
    counted: Callable[[], int | None] = getattr(os, "process_cpu_count", os.cpu_count)
    return counted() or 1


class Products:
    """Products of two tiles of codes, as levels.

    The level of a product p is ``clip(round((p - low) / step), 0, 255)``.

    Args:
        rows, columns: shape of the result.
        k: dimensions of the codes, at most 4096 (products stay below 2^26).
        low, step: see above, in units of integer products.
        threads: how many callers may be inside ``above`` at once.
    """

    def __init__(self, rows: int, columns: int, k: int, low: float, step: float, threads: int) -> None:
        self.low, self.step = low, step
        model = _compiled(rows, columns, k, low, step, threads)
        self._idle: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for _ in range(threads):
            self._idle.put(model.create_infer_request())

    def above(
        self, a: Codes, b: Codes, bound: float, stricter: Sequence[tuple[Mask, Mask, float]] = ()
    ) -> tuple[Place, Place]:
        """Places in the tile whose product may reach ``bound``; none that does is left out.

        Args:
            a: (rows, k) int8, contiguous. b: (columns, k).
            bound: at least ``low + step``.
            stricter: (rows,) and (columns,) masks with a higher bound for places inside both; infinity leaves them out.

        Returns:
            Row and column numbers, sorted.
        """
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

    def _level(self, bound: float) -> int:
        """Least level of a product at ``bound``; above all levels for infinity."""
        if np.isinf(bound):
            return _LEVELS + 1
        # a product at the bound may be rounded down by half a level, and by the rounding of float32
        return min(int(np.ceil((bound - self.low) / self.step - 0.51)), _LEVELS)


@functools.cache
def largest_code() -> int:
    """Largest magnitude of a code with which this processor multiplies exactly.

    Instruction sets before VNNI add two 8-bit products in 16 bits and saturate; half the range is then safe
    (191 * 63 * 2 < 2^15, 191 being a code of 63 shifted to unsigned).
    """
    k = 4 * K_STEP
    full = np.full((TILE, k), 127, dtype=np.int8)
    full[::2, ::3] = -127
    exact = full[:2].astype(np.int64) @ full[:2].T.astype(np.int64)
    for value in sorted({int(v) for v in exact.ravel()}):
        probe = Products(TILE, TILE, k, value - 2.0, 1.0, 1)
        i, j = probe.above(full, full, float(value))
        reached = np.zeros((2, 2), dtype=bool)
        inside = (i < 2) & (j < 2)
        reached[i[inside], j[inside]] = True
        if not np.array_equal(reached, exact >= value):
            return 63
    return 127


def in_threads(
    pool: ThreadPoolExecutor, work: Callable[[_Task], _Answer], tasks: Iterable[_Task], ahead: int
) -> Iterator[_Answer]:
    """Results of ``work`` in the order of ``tasks``, at most ``ahead`` of them waiting at a time."""
    waiting: list[Future[_Answer]] = []
    place = 0
    for task in tasks:
        if len(waiting) < ahead:
            waiting.append(pool.submit(work, task))
            continue
        yield waiting[place].result()
        waiting[place] = pool.submit(work, task)
        place = (place + 1) % ahead
    for i in range(len(waiting)):
        yield waiting[(place + i) % len(waiting)].result()


def _compiled(rows: int, columns: int, k: int, low: float, step: float, threads: int) -> Any:
    import openvino
    from openvino import opset13 as op

    a = op.parameter([rows, k], openvino.Type.i8)
    b = op.parameter([columns, k], openvino.Type.i8)
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
