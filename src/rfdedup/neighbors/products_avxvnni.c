// Products of codes by the byte multiply-add of processors that have it without AVX-512 (AVX-VNNI).

#ifdef EMULATED
#include EMULATED
#else
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avxvnni"))), apply_to = function)
#endif

#define NAME avxvnni
#define LANES 8
#define ROWS 4
#define GROUPS 2
#define OFFSET 128
#define LARGEST 127
#include "products.h"

static inline words multiply_add(words sum, words columns, words row, words more_columns, words more_row) {
    __m256i some = _mm256_dpbusd_avx_epi32((__m256i)sum, (__m256i)columns, (__m256i)row);
    return (words)_mm256_dpbusd_avx_epi32(some, (__m256i)more_columns, (__m256i)more_row);
}

#ifndef EMULATED
#pragma clang attribute pop
#endif
