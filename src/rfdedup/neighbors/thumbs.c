// Loops over pairs of thumbnails. Whole numbers only, so every processor gives the same.

#include "native.h"

// For each pair of pictures, of bytes levels each: the sum of their differences, and of the squares of these.
// An i32 holds 32768 squares.
PUBLIC void apart(const u8 *pictures, i64 bytes, i64 pairs, const i64 *one, const i64 *other, i32 *levels,
                  i32 *squares) {
    for (i64 p = 0; p < pairs; p++) {
        const u8 *a = pictures + one[p] * bytes, *b = pictures + other[p] * bytes;
        i32 level = 0, square = 0;
        for (i64 x = 0; x < bytes; x++) {
            i16 d = (i16)(a[x] - b[x]);
            level += d, square += (i32)d * d;
        }
        levels[p] = level, squares[p] = square;
    }
}
