// Sums of products of 8-bit codes, compared in registers: the loops that all processors share.
//
// A library's matrix product writes every entry; here nearly all of them are only compared with a bound. So blocks of
// ROWS x COLUMNS sums are compared where they are, and only those that hold one at or above the bound are written.
//
// Whoever includes this defines NAME of the function, LANES (words of a register), ROWS, GROUPS (registers of columns),
// OFFSET (added to the codes of columns, for instructions that want one side without sign), LARGEST (magnitude of a
// code up to which sums are exact), and multiply_add: adds to each word the products of its four codes, for two
// registers of columns and two of rows. Sums start at -OFFSET times the sum of their row's codes; they stay below 2^28.

#include "words.h"

// PANEL: where the scratch memory holds the codes of a block's columns in the order that is wanted, four codes of each
// column side by side; before it lie the starts of up to 2048 rows.
enum { COLUMNS = LANES * GROUPS, PANEL = 8192 };

static words multiply_add(words sum, words columns, words row, words more_columns, words more_row);

static inline words spread(const i8 *from) {
    i32 four;
    __builtin_memcpy(&four, from, sizeof four);
    return (words){0} + four;
}

// Brings the codes of LANES columns into order.
static inline void pack(const i8 *from, i64 k, u8 *panel) {
    for (i64 d = 0; d < k; d += 4 * LANES) {
        words w[LANES];
        for (i64 r = 0; r < LANES; r++) {
            w[r] = load(from + r * k + d);
            // in each byte: the sign turned gives code + 128; no byte borrows from the next
            if (OFFSET) w[r] = (w[r] ^ (i32)0x80808080) - (i32)(0x80808080 - OFFSET * 0x01010101u);
        }
        turn(w);
        for (i64 r = 0; r < LANES; r++) __builtin_memcpy(panel + (d / 4 + r) * 4 * COLUMNS, &w[r], sizeof w[r]);
    }
}

#define JOIN(a, b) a##b
#define JOINED(a, b) JOIN(a, b)

// Rows and columns of a block, and the largest code.
PUBLIC const i32 JOINED(shape_, NAME)[3] = {ROWS, COLUMNS, LARGEST};

// Compares the products of rows and columns of k codes each, and returns how many blocks were written: where, a
// block's number by rows, times 2^16, plus its number by columns; and a bit for each of its products, row by row.
// bounds has one for the columns of each block. k is a multiple of 64, rows and columns are of those of a block.
PUBLIC i64 JOINED(reach_, NAME)(const i8 *a, const i8 *b, i64 k, i64 rows, i64 columns, const i32 *bounds, u32 *places,
                                u8 *bits, u8 *scratch) {
    i32 *starts = (i32 *)scratch;
    u8 *panel = scratch + PANEL;
    i64 found = 0;
    for (i64 i = 0; OFFSET && i < rows; i++) {
        i32 sum = 0;
        for (i64 d = 0; d < k; d++) sum += a[i * k + d];
        starts[i] = -OFFSET * sum;
    }
    for (i64 j = 0; j < columns; j += COLUMNS) {
        const i8 *first = b + j * k;
        for (i64 g = 0; g < GROUPS; g++) pack(first + g * LANES * k, k, panel + 4 * LANES * g);
        i32 bound = bounds[j / COLUMNS];
        for (i64 i = 0; i < rows; i += ROWS) {
            const i8 *row = a + i * k, *ahead = first + (i * COLUMNS / rows + COLUMNS) * k;
            words sum[ROWS][GROUPS];
            for (i64 r = 0; r < ROWS; r++)
                for (i64 g = 0; g < GROUPS; g++) sum[r][g] = (words){0} + (OFFSET ? starts[i + r] : 0);
            for (i64 d = 0; d < k; d += 8) {
                words columns[2][GROUPS];
                for (i64 w = 0; w < 2; w++)
                    for (i64 g = 0; g < GROUPS; g++)
                        columns[w][g] = load(panel + ((d / 4 + w) * COLUMNS + g * LANES) * 4);
                __builtin_prefetch(ahead + d, 0, 2);
                for (i64 r = 0; r < ROWS; r++) {
                    words four = spread(row + r * k + d), more = spread(row + r * k + d + 4);
                    for (i64 g = 0; g < GROUPS; g++)
                        sum[r][g] = multiply_add(sum[r][g], columns[0][g], four, columns[1][g], more);
                }
            }
            words most = sum[0][0];
            for (i64 r = 0; r < ROWS; r++)
                for (i64 g = 0; g < GROUPS; g++) most = __builtin_elementwise_max(most, sum[r][g]);
            if (__builtin_reduce_max(most) < bound) continue;
            places[found] = (u32)(i / ROWS << 16 | j / COLUMNS);
            u8 *to = bits + found++ * (ROWS * COLUMNS / 8);
            for (i64 r = 0; r < ROWS; r++) {
                u32 line = 0;
                for (i64 g = 0; g < GROUPS; g++) line |= reached(sum[r][g], bound) << g * LANES;
                __builtin_memcpy(to + r * COLUMNS / 8, &line, COLUMNS / 8);
            }
        }
    }
    return found;
}
