"""Integer products of codes by the 8-bit multiply-add of AVX-512 (VNNI): 8 rows x 32 columns are compared at a time.

The instruction multiplies unsigned bytes by signed ones, and sums are exact. So 128 is added to the codes of columns
as they are brought into order, and sums start at -128 times the sum of their row's codes. They stay below 2^28. That
keeps Zen 4 and Zen 5 at the instruction's peak, one and two a cycle: on Zen 4 1.1 to 1.8 times as fast as OpenVINO's
product, the fewer codes the more.
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from rfdedup.neighbors.registers import FOUR_TIMES_128, PANEL, Kernel, compiled, lines, transposed
from rfdedup.runtime import jit

_ROWS = 8
_GROUPS = 2
"""16 columns each; with the rows they make 16 sums, enough for two units that take five cycles."""
_COLUMNS = 16 * _GROUPS
_WORDS = 4
"""Words of four codes that are multiplied in a round of the innermost loop."""

_FEATURES = ("avx512f", "avx512bw", "avx512vnni")


def available() -> bool:
    """Whether this processor, this system and the installed packages have what it takes."""
    return jit.supports(_FEATURES)


@functools.cache
def kernel() -> Kernel:
    """The compiled product."""
    return Kernel(compiled(_program()), *block())


def block() -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Row and column of each bit of a block."""
    row, column = np.divmod(np.arange(_ROWS * _COLUMNS), _COLUMNS)
    return row, column


def _program() -> str:
    """LLVM code of ``reach``.

    First the sums of all rows' codes. For every 32 columns: bring their codes into order, four codes of each column
    side by side; then, for every 8 rows, sum the products over all codes, and compare.
    """
    each = [(r, g) for r in range(_ROWS) for g in range(_GROUPS)]
    row = []
    for r in range(_ROWS):
        row += [
            f"%a.offset.{r} = mul i64 %i.{r}, %k",
            f"%a.{r} = getelementptr i8, ptr %a, i64 %a.offset.{r}",
            f"%start.at.{r} = getelementptr i32, ptr %scratch, i64 %i.{r}",
            f"%start.one.{r} = load i32, ptr %start.at.{r}",
            *_spread(f"%start.{r}", f"%start.one.{r}"),
        ]
    numbers = [f"%i.{r} = add i64 %i, {r}" for r in range(_ROWS)]
    sums = [
        f"%sum.{r}.{g}.0 = phi <16 x i32> [%start.{r}, %next.rows], [%sum.{r}.{g}.{_WORDS}, %depth]" for r, g in each
    ]
    multiply = [f"%a.{r}.at = getelementptr i8, ptr %a.{r}, i64 %d" for r in range(_ROWS)]
    for w in range(_WORDS):
        for g in range(_GROUPS):
            multiply += [
                f"%b.{g}.{w}.at = getelementptr i8, ptr %b.at, i64 {64 * (_GROUPS * w + g)}",
                f"%b.{g}.{w} = load <16 x i32>, ptr %b.{g}.{w}.at, align 64",
            ]
        for r in range(_ROWS):
            multiply += [
                f"%a.{r}.{w}.at = getelementptr i8, ptr %a.{r}.at, i64 {4 * w}",
                f"%a.{r}.{w}.one = load i32, ptr %a.{r}.{w}.at",
                *_spread(f"%a.{r}.{w}", f"%a.{r}.{w}.one"),
            ]
            multiply += [
                _multiplied(f"%sum.{r}.{g}.{w + 1}", f"%sum.{r}.{g}.{w}", f"%b.{g}.{w}", f"%a.{r}.{w}")
                for g in range(_GROUPS)
            ]
    last = [f"%sum.{r}.{g}.{_WORDS}" for r, g in each]
    most, test = list(last), list[str]()
    while len(most) > 1:
        one, other = most.pop(0), most.pop(0)
        most.append(f"%max.{len(test)}")
        test.append(f"{most[-1]} = call <16 x i32> @llvm.smax.v16i32(<16 x i32> {one}, <16 x i32> {other})")
    mark = []
    for at, name in enumerate(last):
        mark += [
            f"{name}.is = icmp sge <16 x i32> {name}, %bounds.all",
            f"{name}.bits = bitcast <16 x i1> {name}.is to i16",
            f"{name}.to = getelementptr i16, ptr %bits.to, i64 {at}",
            f"store i16 {name}.bits, ptr {name}.to",
        ]
    return f"""
declare <16 x i32> @llvm.x86.avx512.vpdpbusd.512(<16 x i32>, <16 x i32>, <16 x i32>)
declare i32 @llvm.vector.reduce.add.v16i32(<16 x i32>)
declare void @llvm.prefetch.p0(ptr, i32, i32, i32)
declare <16 x i32> @llvm.smax.v16i32(<16 x i32>, <16 x i32>)

define i64 @reach(ptr %a, ptr %b, i64 %k, i64 %rows, i64 %columns, ptr %bounds, ptr %places, ptr %bits, ptr %scratch) {{
entry:
  %panel = getelementptr i8, ptr %scratch, i64 {PANEL}
  br label %next.start

next.start:
  %s = phi i64 [0, %entry], [%s.next, %start.done]
  %s.offset = mul i64 %s, %k
  %s.first = getelementptr i8, ptr %a, i64 %s.offset
  br label %start

start:
  %e = phi i64 [0, %next.start], [%e.next, %start]
  %s.sum = phi <16 x i32> [zeroinitializer, %next.start], [%s.more.sum, %start]
  %s.at = getelementptr i8, ptr %s.first, i64 %e
  %s.codes = load <16 x i32>, ptr %s.at, align 1
  {_multiplied("%s.more.sum", "%s.sum", f"splat (i32 {FOUR_TIMES_128})", "%s.codes")}
  %e.next = add i64 %e, 64
  %e.more = icmp ult i64 %e.next, %k
  br i1 %e.more, label %start, label %start.done

start.done:
  %s.whole = call i32 @llvm.vector.reduce.add.v16i32(<16 x i32> %s.more.sum)
  %s.start = sub i32 0, %s.whole
  %s.to = getelementptr i32, ptr %scratch, i64 %s
  store i32 %s.start, ptr %s.to
  %s.next = add i64 %s, 1
  %s.more = icmp ult i64 %s.next, %rows
  br i1 %s.more, label %next.start, label %next.columns

next.columns:
  %j = phi i64 [0, %start.done], [%j.next, %columns.done]
  %found.j = phi i64 [0, %start.done], [%found.next, %columns.done]
  %b.offset = mul i64 %j, %k
  %b.first = getelementptr i8, ptr %b, i64 %b.offset
  %j.block = udiv i64 %j, {_COLUMNS}
  %bound.at = getelementptr i32, ptr %bounds, i64 %j.block
  %bound = load i32, ptr %bound.at
  {lines(_spread("%bounds.all", "%bound"))}
  br label %next.group

next.group:
  %g = phi i64 [0, %next.columns], [%g.next, %group.done]
  %g.columns = mul i64 %g, 16
  %g.offset = mul i64 %g.columns, %k
  %g.first = getelementptr i8, ptr %b.first, i64 %g.offset
  %g.panel = mul i64 %g, 64
  %g.to = getelementptr i8, ptr %panel, i64 %g.panel
  br label %pack

pack:
  %p = phi i64 [0, %next.group], [%p.next, %pack]
  %from.0 = getelementptr i8, ptr %g.first, i64 %p
  %p.offset = mul i64 %p, {_COLUMNS}
  %to = getelementptr i8, ptr %g.to, i64 %p.offset
  {transposed("%from", "%to", "%k", apart=4 * _COLUMNS, unsigned=True)}
  %p.next = add i64 %p, 64
  %p.more = icmp ult i64 %p.next, %k
  br i1 %p.more, label %pack, label %group.done

group.done:
  %g.next = add i64 %g, 1
  %g.more = icmp ult i64 %g.next, {_GROUPS}
  br i1 %g.more, label %next.group, label %next.rows

next.rows:
  %i = phi i64 [0, %group.done], [%i.next, %rows.done]
  %found = phi i64 [%found.j, %group.done], [%found.next, %rows.done]
  {lines(numbers)}
  {lines(row)}
  %i.ahead = lshr i64 %i, 5
  %ahead.row = add i64 %i.ahead, {_COLUMNS}
  %ahead.offset = mul i64 %ahead.row, %k
  %ahead = getelementptr i8, ptr %b.first, i64 %ahead.offset
  br label %depth

depth:
  %d = phi i64 [0, %next.rows], [%d.next, %depth]
  {lines(sums)}
  %ahead.at = getelementptr i8, ptr %ahead, i64 %d
  call void @llvm.prefetch.p0(ptr %ahead.at, i32 0, i32 2, i32 1)
  %d.panel = mul i64 %d, {_COLUMNS}
  %b.at = getelementptr i8, ptr %panel, i64 %d.panel
  {lines(multiply)}
  %d.next = add i64 %d, {4 * _WORDS}
  %d.more = icmp ult i64 %d.next, %k
  br i1 %d.more, label %depth, label %test

test:
  {lines(test)}
  %any = icmp sge <16 x i32> {most[0]}, %bounds.all
  %any.bits = bitcast <16 x i1> %any to i16
  %none = icmp eq i16 %any.bits, 0
  br i1 %none, label %rows.done, label %mark

mark:
  %i.block = udiv i64 %i, {_ROWS}
  %i.place = shl i64 %i.block, 16
  %place = or i64 %i.place, %j.block
  %place.short = trunc i64 %place to i32
  %place.to = getelementptr i32, ptr %places, i64 %found
  store i32 %place.short, ptr %place.to
  %bits.offset = mul i64 %found, {_ROWS * _COLUMNS // 8}
  %bits.to = getelementptr i8, ptr %bits, i64 %bits.offset
  {lines(mark)}
  %found.more = add i64 %found, 1
  br label %rows.done

rows.done:
  %found.next = phi i64 [%found, %test], [%found.more, %mark]
  %i.next = add i64 %i, {_ROWS}
  %i.more = icmp ult i64 %i.next, %rows
  br i1 %i.more, label %next.rows, label %columns.done

columns.done:
  %j.next = add i64 %j, {_COLUMNS}
  %j.more = icmp ult i64 %j.next, %columns
  br i1 %j.more, label %next.columns, label %done

done:
  ret i64 %found.next
}}
"""


def _spread(name: str, one: str) -> list[str]:
    """Code that gives all 16 words of ``name`` the value of ``one``."""
    return [
        f"{name}.first = insertelement <16 x i32> poison, i32 {one}, i64 0",
        f"{name} = shufflevector <16 x i32> {name}.first, <16 x i32> poison, <16 x i32> zeroinitializer",
    ]


def _multiplied(name: str, before: str, unsigned: str, signed: str) -> str:
    """Code that adds to each of 16 words the products of its four codes."""
    return (
        f"{name} = call <16 x i32> @llvm.x86.avx512.vpdpbusd.512"
        f"(<16 x i32> {before}, <16 x i32> {unsigned}, <16 x i32> {signed})"
    )
