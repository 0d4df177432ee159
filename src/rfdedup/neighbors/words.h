// Words of four codes in a register each, turned so that rows become columns.
//
// Whoever includes this defines LANES, the words of a register: 4, 8 or 16.

#pragma once

#include "native.h"

typedef i32 words __attribute__((vector_size(4 * LANES)));
typedef _Bool marks __attribute__((ext_vector_type(LANES)));

static inline words load(const void *from) {
    words w;
    __builtin_memcpy(&w, from, sizeof w);
    return w;
}

// of lanes c, those whose number lacks bit come from one register and the others from another
#define PICK(c, bit, r) (((c) & (bit) ? LANES : 0) + (((c) & ~(bit)) | (r)))
#define FOUR(c, bit, r) PICK(c, bit, r), PICK(c + 1, bit, r), PICK(c + 2, bit, r), PICK(c + 3, bit, r)
#if LANES == 16
#define PICKS(bit, r) FOUR(0, bit, r), FOUR(4, bit, r), FOUR(8, bit, r), FOUR(12, bit, r)
#elif LANES == 8
#define PICKS(bit, r) FOUR(0, bit, r), FOUR(4, bit, r)
#else
#define PICKS(bit, r) FOUR(0, bit, r)
#endif
// rows whose numbers differ by bit exchange the lanes whose numbers do
#define EXCHANGE(bit)                                                                    \
    for (i64 r = 0; r < LANES; r++)                                                      \
        if (!(r & (bit))) {                                                              \
            words one = w[r], other = w[r | (bit)];                                      \
            w[r] = __builtin_shufflevector(one, other, PICKS(bit, 0));                   \
            w[r | (bit)] = __builtin_shufflevector(one, other, PICKS(bit, bit));         \
        }

static inline void turn(words w[LANES]) {
    EXCHANGE(1)
    EXCHANGE(2)
#if LANES > 4
    EXCHANGE(4)
#endif
#if LANES > 8
    EXCHANGE(8)
#endif
}

// Which of its words reach a bound, a bit each.
static inline u32 reached(words sum, i32 bound) {
    u16 bits = 0;
    marks some = __builtin_convertvector(sum >= bound, marks);
    __builtin_memcpy(&bits, &some, sizeof some);
    return bits;
}
