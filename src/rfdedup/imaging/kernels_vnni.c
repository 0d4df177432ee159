// Loops of kernels.c once more, for processors that multiply bytes and add the products in one instruction, and bring
// any 64 bytes in any order (AVX-512 VNNI and VBMI).
//
// A weight is d0 + 2^8 d1 + 2^16 d2. Four rows are done at a time, so there are at least four; the last may be done
// twice.

#include "native.h"

#pragma clang attribute push(__attribute__((target("avx512vnni,avx512vbmi"))), apply_to = function)

typedef i8 i8x64 __attribute__((vector_size(64)));
typedef u8 u8x16 __attribute__((vector_size(16)));
typedef u8 u8x64 __attribute__((vector_size(64)));
typedef i32 i32x4 __attribute__((vector_size(16)));
typedef i32 i32x8 __attribute__((vector_size(32)));
typedef i32 i32x16 __attribute__((vector_size(64)));

// BITS: Pillow's fixed point for 8-bit pictures. TAPS: their number is a multiple of it. ROWS: at a time.
enum { BITS = 22, TAPS = 64, ROWS = 4 };

static inline i32x16 load(const void *from) {
    i32x16 v;
    __builtin_memcpy(&v, from, sizeof v);
    return v;
}

static inline i32x4 fold(i32x16 v) {
    i32x8 half = __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) +
                 __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
    return __builtin_shufflevector(half, half, 0, 1, 2, 3) + __builtin_shufflevector(half, half, 4, 5, 6, 7);
}

static inline i32x16 joined(i32x16 low, i32x16 middle, i32x16 high) { return (((high << 8) + middle) << 8) + low; }

// For each output and 64 taps digits has 64 d0, d1 and d2.
PUBLIC void narrow_grey_vnni(const u8 *from, i64 stride, i64 rows, const i32 *first, const i8 *digits, i64 taps,
                             i64 outputs, u8 *to) {
    for (i64 y = 0; y < rows; y += ROWS) {
        i64 top = y + ROWS <= rows ? y : rows - ROWS;
        for (i64 x = 0; x < outputs; x++) {
            const u8 *pixel = from + top * stride + first[x];
            const i8 *d = digits + 3 * x * taps;
            i32x16 low[ROWS] = {{0}}, middle[ROWS] = {{0}}, high[ROWS] = {{0}};
#pragma clang loop unroll(disable)
            for (i64 t = 0; t < taps; t += TAPS, d += 3 * TAPS) {
                i32x16 d0 = load(d), d1 = load(d + TAPS), d2 = load(d + 2 * TAPS);
                for (i64 k = 0; k < ROWS; k++) {
                    i32x16 p = load(pixel + k * stride + t);
                    low[k] = __builtin_ia32_vpdpbusd512(low[k], p, d0);
                    middle[k] = __builtin_ia32_vpdpbusd512(middle[k], p, d1);
                    high[k] = __builtin_ia32_vpdpbusd512(high[k], p, d2);
                }
            }
            i32x4 s[ROWS];
            for (i64 k = 0; k < ROWS; k++) s[k] = fold(joined(low[k], middle[k], high[k]));
            // sums of four rows side by side
            i32x4 a = __builtin_shufflevector(s[0], s[1], 0, 4, 1, 5) + __builtin_shufflevector(s[0], s[1], 2, 6, 3, 7);
            i32x4 b = __builtin_shufflevector(s[2], s[3], 0, 4, 1, 5) + __builtin_shufflevector(s[2], s[3], 2, 6, 3, 7);
            i32x4 sum = __builtin_shufflevector(a, b, 0, 1, 4, 5) + __builtin_shufflevector(a, b, 2, 3, 6, 7);
            for (i64 k = 0; k < ROWS; k++) {
                i32 level = (sum[k] + (1 << (BITS - 1))) >> BITS;
                to[(top + k) * outputs + x] = level < 0 ? 0 : level > 255 ? 255 : level;
            }
        }
    }
}

// Five outputs of RGB at a time, in 15 of 16 places. For each such group and each four taps, tables has which of 64
// bytes from first[group] on, and for later taps as many further, make up the places, and the d0, d1 and d2. line holds
// four rows of pitch bytes, 64 more than the pixels have.
PUBLIC void narrow_rgb_vnni(const u8 *from, i64 stride, i64 rows, i64 width, const i32 *first, const i32 *begin,
                            const i8 *tables, i64 taps, i64 groups, i64 outputs, u8 *line, i64 pitch, u8 *to) {
    for (i64 y = 0; y < rows; y += ROWS) {
        i64 top = y + ROWS <= rows ? y : rows - ROWS;
        for (i64 k = 0; k < ROWS; k++) __builtin_memcpy(line + k * pitch, from + (top + k) * stride, width);
        const i8 *table = tables;
        for (i64 g = 0; g < groups; g++) {
            i32x16 low[ROWS] = {{0}}, middle[ROWS] = {{0}}, high[ROWS] = {{0}};
#pragma clang loop unroll(disable)
            for (i64 t = 0; t < taps; t += 4, table += 256) {
                i32x16 order = load(table), d0 = load(table + 64), d1 = load(table + 128), d2 = load(table + 192);
                for (i64 k = 0; k < ROWS; k++) {
                    i32x16 p = load(line + k * pitch + first[g] + 3 * t);
                    p = (i32x16)__builtin_ia32_permvarqi512((i8x64)p, (i8x64)order);
                    low[k] = __builtin_ia32_vpdpbusd512(low[k], p, d0);
                    middle[k] = __builtin_ia32_vpdpbusd512(middle[k], p, d1);
                    high[k] = __builtin_ia32_vpdpbusd512(high[k], p, d2);
                }
            }
            for (i64 k = 0; k < ROWS; k++) {
                i32x16 sum = (joined(low[k], middle[k], high[k]) + (1 << (BITS - 1))) >> BITS;
                sum = __builtin_elementwise_min(__builtin_elementwise_max(sum, (i32x16){0}), (i32x16){0} + 255);
                u8x16 level = __builtin_convertvector(sum, u8x16);
                __builtin_memcpy(to + (top + k) * 3 * outputs + 3 * begin[g], &level, 15);
            }
        }
    }
}

// Grey levels of rows x columns RGB as OpenCV rounds them; at least 22 columns. Sixteen at a time, whose 48 bytes are
// the first of 64, or the last at the end of a row. table brings R, G and B of each together, and any fourth byte.
PUBLIC void grey_vnni(const u8 *from, i64 stride, i64 rows, i64 columns, const i8 *table, u8 *to) {
    // 15-bit weights of R, G and B: 9798, 19235, 3735
    enum { SHIFT = 15, RGB0 = 70 | 35 << 8 | (151 << 16), RGB1 = 38 | 75 << 8 | 15 << 16 };
    i8x64 order = (i8x64)load(table);
    for (i64 y = 0; y < rows; y++, from += stride, to += columns)
#pragma clang loop unroll(disable)
        for (i64 x = 0; x < columns; x += 16) {
            i64 last = x + 22 > columns, at = x + 16 <= columns ? x : columns - 16;
            i32x16 p = load(from + 3 * at - 16 * last);
            p = (i32x16)__builtin_ia32_permvarqi512((i8x64)p, order + (i8)(16 * last));
            i32x16 low = __builtin_ia32_vpdpbusd512((i32x16){0} + (1 << (SHIFT - 1)), p, (i32x16){0} + RGB0);
            i32x16 high = __builtin_ia32_vpdpbusd512((i32x16){0}, p, (i32x16){0} + RGB1);
            u8x16 level = __builtin_convertvector(((high << 8) + low) >> SHIFT, u8x16);
            __builtin_memcpy(to + at, &level, 16);
        }
}

// Means of 2 x 2 RGB pixels, rounded: rows x columns of them, at least 11 columns. Ten at a time, whose 60 bytes of
// each of two rows are the first of 64, or the last at the end of a row. table brings together, of the first five, two
// bytes of the upper and two of the lower row, which are numbered from 64 on, for each colour.
PUBLIC void halve_vnni(const u8 *from, i64 stride, i64 rows, i64 columns, const i8 *table, u8 *to) {
    i8x64 first = (i8x64)load(table);
    for (i64 y = 0; y < rows; y++, from += 2 * stride, to += 3 * columns)
#pragma clang loop unroll(disable)
        for (i64 x = 0; x < columns; x += 10) {
            i64 last = x + 11 > columns, at = x + 10 <= columns ? x : columns - 10;
            const u8 *p = from + 6 * at - 4 * last;
            i8x64 upper = (i8x64)load(p), lower = (i8x64)load(p + stride), order = first + (i8)(4 * last);
            for (i64 half = 0; half < 2; half++, order += 30) {
                i32x16 four = (i32x16)__builtin_ia32_vpermi2varqi512(upper, order, lower);
                i32x16 sum = __builtin_ia32_vpdpbusd512((i32x16){0} + 2, four, (i32x16){0} + 0x01010101);
                u8x16 level = __builtin_convertvector(sum >> 2, u8x16);
                __builtin_memcpy(to + 3 * at + 15 * half, &level, 15);
            }
        }
}

#pragma clang attribute pop
