"""The cosine join against the definition evaluated on all pairs."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rfdedup.neighbors import cosine, registers
from rfdedup.neighbors.bounds import encode, fit_projection, product_bound
from rfdedup.neighbors.cosine import cosine_links
from rfdedup.neighbors.products import SWEEP, TILE, LevelProducts, Products, RegisterProducts, exact_up_to
from rfdedup.neighbors.registers import Registers
from rfdedup.neighbors.vectors import pair_scores
from rfdedup.runtime import native

PROGRAMS = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(
            name not in registers.programs(), reason=f"needs a processor with {' and '.join(needs)}"
        ),
    )
    for name, needs in registers.PROGRAMS.items()
]
needs_compiler = pytest.mark.skipif(not native.available(), reason="no loops were compiled for this machine")


def brute(x: np.ndarray, threshold: float) -> tuple[list[int], list[int], list[float]]:
    a, b = np.triu_indices(x.shape[0], 1)
    score = pair_scores(x, a, b)
    near = score.astype(np.float64) >= threshold
    return a[near].tolist(), b[near].tolist(), score[near].tolist()


@st.composite
def embeddings(draw: st.DrawFn) -> np.ndarray:
    """Random rows with near and exact copies, zero rows, and a spectrum from flat to steep."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n, d = draw(st.integers(0, 80)), draw(st.integers(1, 160))
    x = rng.standard_normal((n, d)) * np.arange(1, d + 1) ** -draw(st.sampled_from([0.0, 0.5, 2.0]))
    if draw(st.booleans()):
        x = np.abs(x)
    if n:
        source = rng.integers(0, n, n // 2)
        target = rng.integers(0, n, n // 2)
        x[target] = x[source] + rng.standard_normal((n // 2, d)) * draw(st.sampled_from([0.0, 0.01, 0.3]))
        x *= 10.0 ** rng.uniform(-3, 3, (n, 1))
        x[rng.integers(0, n, draw(st.integers(0, 3)))] = 0
    dtype = draw(st.sampled_from([np.float16, np.float32, np.float64]))
    return np.clip(x, -6e4, 6e4).astype(dtype)


@settings(max_examples=120)
@given(x=embeddings(), threshold=st.floats(0.05, 1.0), edge=st.booleans())
def test_equals_brute_force(x: np.ndarray, threshold: float, edge: bool) -> None:
    if edge and x.shape[0] > 2:
        # a threshold that one pair meets exactly
        score = float(pair_scores(x, [0], [1])[0])
        threshold = score if score > 0 else threshold
    a, b, score32 = cosine_links(x, threshold)
    assert (a.dtype, b.dtype, score32.dtype) == (np.int64, np.int64, np.float32)
    assert (a.tolist(), b.tolist(), score32.tolist()) == brute(x, threshold)


@settings(max_examples=25)
@given(x=embeddings(), threshold=st.floats(0.05, 1.0), compiled=st.booleans())
def test_integer_products_give_the_same_links(x: np.ndarray, threshold: float, compiled: bool) -> None:
    if x.shape[0] < 2:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cosine, "_SMALL", 0)
        if not compiled:
            patch.setattr(native, "available", lambda: False)
        a, b, score = cosine_links(x, threshold)
    assert (a.tolist(), b.tolist(), score.tolist()) == brute(x, threshold)


def adversarial(kind: str, d: int) -> np.ndarray:
    """Rows on which rounding, cutting and the lost tail are as bad as they get."""
    n, rng = 300, np.random.default_rng(5)
    if kind == "one-hot":
        x = np.eye(d)[rng.integers(0, 40, n)]
    elif kind == "outlier":
        x = rng.standard_normal((n, d))
        x[:, 5] = np.where(rng.random(n) < 0.1, 300.0, 0.0)
    elif kind == "all-in-the-tail":
        x = rng.standard_normal((n, d)) * 1e-3
        x[: n // 2, :3] += 1.0
    elif kind == "one-sign":
        x = np.full((n, d), 1.0) + 1e-3 * rng.standard_normal((n, d))
    elif kind == "flat":
        x = rng.standard_normal((n, d))
        # equal only where the coordinates that are kept may not see it
        x[1::2, -d // 8 :] = 3 * x[::2, -d // 8 :]
        x[::2, -d // 8 :] *= 3
    else:
        x = np.repeat(rng.standard_normal((n // 10, d)), 10, axis=0) + 0.5 * rng.standard_normal((n, d))
    return x.astype(np.float32)


@pytest.fixture(params=[pytest.param(True, marks=needs_compiler), False], ids=["compiled", "plain"])
def compiled(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if not request.param:
        monkeypatch.setattr(native, "available", lambda: False)


@pytest.mark.usefixtures("compiled")
@pytest.mark.parametrize("kind", ["one-hot", "outlier", "all-in-the-tail", "one-sign", "clusters", "flat"])
@pytest.mark.parametrize(("threshold", "d"), [(0.3, 190), (0.95, 190), (0.8, 550)])
def test_the_bound_is_never_below_the_score(kind: str, threshold: float, d: int) -> None:
    x = adversarial(kind, d)
    codes = encode(x, fit_projection(x, threshold))
    product = codes.codes.astype(np.float64) @ codes.codes.astype(np.float64).T
    a, b = np.triu_indices(x.shape[0], 1)
    score = pair_scores(x, a, b).astype(np.float64)
    # what each pair's product must reach if its own score were the threshold
    needed = product_bound(1.0, codes.projection, codes.errors[0], codes.errors[0])
    needed += (score - 1.0) / codes.projection.scale**2
    assert (product[a, b] >= needed).all()


@pytest.mark.usefixtures("compiled")
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_coordinates_that_are_principal_directions_are_kept_as_they_are(dtype: type) -> None:
    x = np.random.default_rng(3).standard_normal((1500, 512)).astype(dtype)
    projection = fit_projection(x, 0.7)
    assert projection.basis.ndim == 1
    assert projection.tail.any()
    x[1:300:2] = x[:300:2] + 0.1 * x[1:300:2]
    codes = encode(x[:300], projection)
    product = (codes.codes.astype(np.float64) @ codes.codes.astype(np.float64).T)[:300, :300]
    a, b = np.triu_indices(300, 1)
    score = pair_scores(x[:300], a, b).astype(np.float64)
    needed = product_bound(1.0, projection, codes.errors[0], codes.errors[0]) + (score - 1.0) / projection.scale**2
    assert (product[a, b] >= needed).all()


def some_codes(rng: np.random.Generator, rows: int, k: int, largest: int = 127) -> np.ndarray:
    codes = rng.integers(-largest, largest + 1, (rows, k)).astype(np.int8)
    codes[3], codes[7], codes[9] = largest, largest, -largest
    return codes


@functools.cache
def largest_of(program: str | None) -> int:
    """Largest code that a program multiplies exactly, or OpenVINO here: 63 on processors without AVX-512 VNNI."""
    return exact_up_to(LevelProducts) if program is None else registers.kernel(program).largest


@pytest.mark.parametrize("program", PROGRAMS)
def test_products_are_exact_up_to_the_largest_code(program: str) -> None:
    """And no program has codes of half the range where the whole one would do."""
    assert exact_up_to(lambda k, _low, _step, threads: RegisterProducts(registers.kernel(program), k, threads)) == (
        largest_of(program)
    )


def test_openvino_multiplies_exactly_at_least_half_the_range() -> None:
    assert largest_of(None) in (63, 127)


@settings(max_examples=10)
@given(seed=st.integers(0, 2**32), k=st.sampled_from([64, 192, 512]))
def test_levels_leave_out_no_product_at_the_bound(seed: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = (some_codes(rng, TILE, k, largest_of(None)) for _ in range(2))
    exact = (a.astype(np.float32) @ b.T.astype(np.float32)).astype(np.int64)
    bound = float(exact.ravel()[rng.integers(0, exact.size)])
    step = float(rng.choice([1.0, 37.5]))
    i, j = LevelProducts(k, bound - 3 * step, step, 1).above(a, b, bound)
    found = np.zeros(exact.shape, dtype=bool)
    found[i, j] = True
    assert found[exact >= bound].all()
    assert not found[exact < bound - 1.1 * step].any()


def products_of(program: str | None, k: int, low: float = 0.0, step: float = 1000.0) -> Products:
    """Of a program, or of OpenVINO."""
    return LevelProducts(k, low, step, 1) if program is None else RegisterProducts(registers.kernel(program), k, 1)


@pytest.mark.parametrize("program", [*PROGRAMS, pytest.param(None, id="OpenVINO")])
@settings(max_examples=8)
@given(seed=st.integers(0, 2**32), k=st.sampled_from([64, 192, 320]), others=st.integers(1, SWEEP))
def test_a_sweep_finds_the_products_that_reach_each_tiles_bound(
    program: str | None, seed: int, k: int, others: int
) -> None:
    rng = np.random.default_rng(seed)
    a, b = (some_codes(rng, rows, k, largest_of(program)) for rows in (TILE, others * TILE))
    exact = (a.astype(np.float32) @ b.T.astype(np.float32)).astype(np.int64)
    share = rng.choice([0.0, 1e-6, 1e-3, 0.1])
    bounds = [float(np.quantile(exact[:, n * TILE : (n + 1) * TILE], 1 - share)) for n in range(others)]
    step = max((max(bounds) - min(bounds)) / 200, 1.0)
    low = min(bounds) - 3 * step
    bounds[int(rng.integers(others))] = np.inf
    found = np.zeros(exact.shape, dtype=np.int64)
    for i, j in products_of(program, k, low, step).sweep(a, b, bounds):
        assert i.size <= TILE * TILE
        np.add.at(found, (i, j), 1)
    needed = np.repeat(bounds, TILE)
    assert found.max() <= 1
    assert (found[exact >= needed] == 1).all()
    assert not found[exact < needed - (0.0 if program else 1.1 * step)].any()


def at_any_address(codes: np.ndarray, shift: int) -> np.ndarray:
    moved = np.empty(codes.size + shift, np.int8)[shift:].reshape(codes.shape)
    moved[:] = codes
    return moved


@pytest.mark.parametrize("program", PROGRAMS)
@settings(max_examples=10)
@given(
    seed=st.integers(0, 2**32),
    k=st.sampled_from([64, 192]),
    shift=st.integers(0, 63),
    other_shift=st.integers(0, 63),
)
def test_registers_are_exact_wherever_the_codes_lie(
    program: str, seed: int, k: int, shift: int, other_shift: int
) -> None:
    rng = np.random.default_rng(seed)
    a = at_any_address(some_codes(rng, TILE, k, largest_of(program)), shift)
    b = at_any_address(some_codes(rng, TILE, k, largest_of(program)), other_shift)
    exact = (a.astype(np.float32) @ b.T.astype(np.float32)).astype(np.int64)
    values = exact.ravel()[rng.integers(0, exact.size, 2)]
    bound, higher = float(values.min()), float(values.max())
    rows, columns = rng.random(TILE) < 0.5, rng.random(TILE) < 0.5
    silent = rng.random(TILE) < 0.1
    stricter = [(rows, columns, higher), (silent, np.ones(TILE, bool), np.inf)]
    wanted = (exact >= bound) & (~(rows[:, None] & columns) | (exact >= higher)) & ~silent[:, None]
    i, j = products_of(program, k).above(a, b, bound, stricter)
    expected = np.nonzero(wanted)
    assert np.array_equal(i, expected[0])
    assert np.array_equal(j, expected[1])


@pytest.mark.parametrize("program", PROGRAMS)
@settings(max_examples=10)
@given(
    seed=st.integers(0, 2**32), k=st.sampled_from([64, 1088, 4096]), rows=st.integers(1, 4), columns=st.integers(1, 4)
)
def test_registers_are_exact_for_the_longest_codes(program: str, seed: int, k: int, rows: int, columns: int) -> None:
    """Products at both ends of the range, in parts of a tile, compared with a bound for the columns of each block."""
    rng = np.random.default_rng(seed)
    kernel = registers.kernel(program)
    most = kernel.largest
    a, b = (
        np.where(rng.random((64 * n, 1)) < rng.random((64 * n, k)), most, -most).astype(np.int8)
        for n in (rows, columns)
    )
    a[0], a[1], b[2], b[3], b[4] = most, -most, most, -most, 0
    exact = a.astype(np.int64) @ b.astype(np.int64).T
    assert (exact.max(), exact.min()) == (most * most * k, -most * most * k)
    # one of the block's own products, or just above it
    blocks = 64 * columns // kernel.columns
    bounds = exact[rng.integers(0, 64 * rows, blocks), np.arange(blocks) * kernel.columns] + rng.integers(0, 2, blocks)
    found = np.zeros(exact.shape, np.int64)
    for i, j in Registers(kernel, 256, 256, k).reach(a, b, bounds.astype(np.int32)):
        assert i.size <= a.shape[0] ** 2
        np.add.at(found, (i, j), 1)
    assert np.array_equal(found, exact >= np.repeat(bounds, kernel.columns))


@pytest.mark.parametrize("program", PROGRAMS)
def test_all_products_of_a_sweep_may_reach_the_bound(program: str) -> None:
    rng = np.random.default_rng(1)
    largest = largest_of(program)
    a, b = some_codes(rng, TILE, 64, largest), some_codes(rng, 3 * TILE, 64, largest)
    found = np.zeros((TILE, 3 * TILE), np.int64)
    for i, j in products_of(program, 64).sweep(a, b, [-np.inf, np.inf, -127.0 * 127 * 64]):
        assert i.size <= TILE * TILE
        np.add.at(found, (i, j), 1)
    assert (found[:, :TILE] == 1).all()
    assert not found[:, TILE : 2 * TILE].any()
    assert (found[:, 2 * TILE :] == 1).all()


@pytest.mark.parametrize("program", [*PROGRAMS, pytest.param(None, id="OpenVINO")])
def test_more_may_be_asked_for_in_the_middle_of_a_sweep(program: str | None) -> None:
    largest = largest_of(program)
    codes = some_codes(np.random.default_rng(0), TILE, 64, largest)
    products = products_of(program, 64)
    full = float(largest * largest * 64)
    for i, _ in products.sweep(codes, codes, [full]):
        again, _ = products.above(codes, codes, full)
        assert sorted(i.tolist()) == again.tolist()
