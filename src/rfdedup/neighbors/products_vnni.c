// Products of codes by the byte multiply-add of AVX-512 (VNNI). 16 sums are enough for two units that take five cycles:
// that keeps Zen 4 and Zen 5 at the instruction's peak, one and two a cycle.

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512vnni"))), apply_to = function)

#define NAME vnni
#define LANES 16
#define ROWS 8
#define GROUPS 2
#define OFFSET 128
#define LARGEST 127
#include "products.h"

static inline words multiply_add(words sum, words columns, words row, words more_columns, words more_row) {
    __m512i some = _mm512_dpbusd_epi32((__m512i)sum, (__m512i)columns, (__m512i)row);
    return (words)_mm512_dpbusd_epi32(some, (__m512i)more_columns, (__m512i)more_row);
}

#pragma clang attribute pop
