// Instructions of processors that are not at hand, in plain C, for the loops that are written for them.

#pragma once

#include "native.h"

// AVX-VNNI

typedef i32 __m256i __attribute__((vector_size(32)));

static inline i32 dot(i32 sum, const u8 *unsigned_, const i8 *signed_, i32 both_signed) {
    for (i64 c = 0; c < 4; c++) sum += (both_signed ? (i32)(i8)unsigned_[c] : (i32)unsigned_[c]) * signed_[c];
    return sum;
}

static inline __m256i _mm256_dpbusd_avx_epi32(__m256i sum, __m256i one, __m256i other) {
    u8 a[32];
    i8 b[32];
    __builtin_memcpy(a, &one, 32);
    __builtin_memcpy(b, &other, 32);
    for (i64 w = 0; w < 8; w++) sum[w] = dot(sum[w], a + 4 * w, b + 4 * w, 0);
    return sum;
}

// dot products of ARM

typedef i32 int32x4_t __attribute__((vector_size(16)));
typedef i8 int8x16_t __attribute__((vector_size(16)));

static inline int32x4_t vdotq_s32(int32x4_t sum, int8x16_t one, int8x16_t other) {
    u8 a[16];
    i8 b[16];
    __builtin_memcpy(a, &one, 16);
    __builtin_memcpy(b, &other, 16);
    for (i64 w = 0; w < 4; w++) sum[w] = dot(sum[w], a + 4 * w, b + 4 * w, 1);
    return sum;
}

// tile registers: of as many rows and bytes as they were told

static struct {
    u8 palette, start, none[14];
    u16 bytes[16];
    u8 rows[16];
} config;
static u8 tile[8][16][64];
PUBLIC i32 unaligned = 0;

static inline void _tile_loadconfig(const void *from) { __builtin_memcpy(&config, from, sizeof config); }

static inline void _tile_release(void) {
    __builtin_memset(&config, 0, sizeof config);
    __builtin_memset(tile, 0, sizeof tile);
}

static inline void _tile_zero(i64 t) { __builtin_memset(tile[t], 0, sizeof tile[t]); }

static inline void _tile_loadd(i64 t, const void *from, i64 stride) {
    unaligned += (u64)from % 64 || stride % 64;
    for (i64 r = 0; config.palette == 1 && r < config.rows[t]; r++)
        __builtin_memcpy(tile[t][r], (const u8 *)from + r * stride, config.bytes[t]);
}

static inline void _tile_stored(i64 t, void *to, i64 stride) {
    for (i64 r = 0; config.palette == 1 && r < config.rows[t]; r++)
        __builtin_memcpy((u8 *)to + r * stride, tile[t][r], config.bytes[t]);
}

static inline void _tile_dpbssd(i64 to, i64 one, i64 other) {
    for (i64 r = 0; r < config.rows[to]; r++)
        for (i64 n = 0; n < config.bytes[to] / 4; n++) {
            i32 sum;
            __builtin_memcpy(&sum, tile[to][r] + 4 * n, 4);
            for (i64 m = 0; m < config.bytes[one] / 4; m++)
                sum = dot(sum, tile[one][r] + 4 * m, (const i8 *)tile[other][m] + 4 * n, 1);
            __builtin_memcpy(tile[to][r] + 4 * n, &sum, 4);
        }
}
