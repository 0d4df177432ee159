// Products of codes by the byte multiply-add of AVX2 (vpmaddubsw), which adds two products in 16 bits and saturates.
// Codes up to 63 are exact: 64 more makes columns of 1 to 127, and four products sum to at most 4 * 127 * 63 < 2^15.

#include <immintrin.h>

#define NAME avx2
#define LANES 8
#define ROWS 4
#define GROUPS 2
#define OFFSET 64
#define LARGEST 63
#include "products.h"

static inline words multiply_add(words sum, words columns, words row, words more_columns, words more_row) {
    __m256i first = _mm256_maddubs_epi16((__m256i)columns, (__m256i)row);
    __m256i four = _mm256_add_epi16(first, _mm256_maddubs_epi16((__m256i)more_columns, (__m256i)more_row));
    return sum + (words)_mm256_madd_epi16(four, _mm256_set1_epi16(1));
}
