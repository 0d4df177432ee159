// Products of codes by the dot product of ARM processors since 2018 (sdot), which takes signs on both sides.

#ifdef EMULATED
#include EMULATED
#else
#include <arm_neon.h>
#endif

#define NAME dotprod
#define LANES 4
#define ROWS 4
#define GROUPS 4
#define OFFSET 0
#define LARGEST 127
#include "products.h"

static inline words multiply_add(words sum, words columns, words row, words more_columns, words more_row) {
    int32x4_t some = vdotq_s32((int32x4_t)sum, (int8x16_t)columns, (int8x16_t)row);
    return (words)vdotq_s32(some, (int8x16_t)more_columns, (int8x16_t)more_row);
}
