// Products of codes on the tile registers of recent Intel processors (AMX): 32 x 32 are compared at a time.

#ifdef EMULATED
#include EMULATED
#else
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("amx-tile,amx-int8"))), apply_to = function)
#endif

#define LANES 16
#include "words.h"

// BLOCK: rows and columns that are compared at a time, in four tiles of sums. SIDE: of a tile, 16 rows of 64 bytes.
// SUMS, PANEL: where the scratch memory holds the products of a block, and the codes of its columns.
enum { BLOCK = 32, SIDE = 16, SUMS = 4096, PANEL = 8192 };

// See products.h.
PUBLIC const i32 shape_amx[3] = {BLOCK, BLOCK, 127};

// What the tile registers are told: palette 1; eight tiles of 16 rows of 64 bytes.
static const struct {
    u8 palette, start, none[14];
    u16 bytes[16];
    u8 rows[16];
} tiles = {1, 0, {0}, {64, 64, 64, 64, 64, 64, 64, 64}, {16, 16, 16, 16, 16, 16, 16, 16}};

PUBLIC i64 reach_amx(const i8 *a, const i8 *b, i64 k, i64 rows, i64 columns, const i32 *bounds, u32 *places, u8 *bits,
                     u8 *scratch) {
    u8 *sums = scratch + SUMS, *panel = scratch + PANEL;
    i64 found = 0;
    _tile_loadconfig(&tiles);
    for (i64 j = 0; j < columns; j += BLOCK) {
        const i8 *first = b + j * k;
        // for each 64 codes two tiles: four codes of each of 16 columns side by side in a row
        for (i64 d = 0; d < k; d += 4 * LANES)
            for (i64 half = 0; half < 2; half++) {
                words w[LANES];
                for (i64 r = 0; r < LANES; r++) w[r] = load(first + (half * SIDE + r) * k + d);
                turn(w);
                __builtin_memcpy(panel + d * BLOCK + half * sizeof w, w, sizeof w);
            }
        i32 bound = bounds[j / BLOCK];
        for (i64 i = 0; i < rows; i += BLOCK) {
            const i8 *one = a + i * k, *two = one + SIDE * k, *ahead = first + (i * BLOCK / rows + BLOCK) * k;
            _tile_zero(0);
            _tile_zero(1);
            _tile_zero(2);
            _tile_zero(3);
            for (i64 d = 0; d < k; d += 64) {
                __builtin_prefetch(ahead + d, 0, 2);
                _tile_loadd(4, one + d, k);
                _tile_loadd(6, panel + d * BLOCK, 64);
                _tile_dpbssd(0, 4, 6);
                _tile_loadd(7, panel + d * BLOCK + 1024, 64);
                _tile_dpbssd(1, 4, 7);
                _tile_loadd(5, two + d, k);
                _tile_dpbssd(2, 5, 6);
                _tile_dpbssd(3, 5, 7);
            }
            _tile_stored(0, sums, 64);
            _tile_stored(1, sums + 1024, 64);
            _tile_stored(2, sums + 2048, 64);
            _tile_stored(3, sums + 3072, 64);
            // four maxima, so that one does not wait for the other
            words most[4];
            for (i64 c = 0; c < 4; c++) most[c] = load(sums + 64 * c);
            for (i64 r = 4; r < 4 * SIDE; r++)
                most[r % 4] = __builtin_elementwise_max(most[r % 4], load(sums + 64 * r));
            for (i64 c = 1; c < 4; c++) most[0] = __builtin_elementwise_max(most[0], most[c]);
            if (__builtin_reduce_max(most[0]) < bound) continue;
            places[found] = (u32)(i / BLOCK << 16 | j / BLOCK);
            u8 *to = bits + found++ * (BLOCK * BLOCK / 8);
            for (i64 r = 0; r < BLOCK; r++) {
                const u8 *left = sums + (r / SIDE * 2 * SIDE + r % SIDE) * 64;
                u32 line = reached(load(left), bound) | reached(load(left + 1024), bound) << SIDE;
                __builtin_memcpy(to + 4 * r, &line, 4);
            }
        }
    }
    _tile_release();
    return found;
}

#ifndef EMULATED
#pragma clang attribute pop
#endif
