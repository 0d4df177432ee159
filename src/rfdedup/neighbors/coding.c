// What is done to rows of numbers before they are compared, in one pass: unit length, and codes of 8 bits.
// Sums are for bounds, not for scores: their order is any.

#include "native.h"

// Numbers that are worked on at a time, whatever the registers hold: enough of them that none waits for another.
enum { LANES = 64 };
typedef i8 i8s __attribute__((ext_vector_type(LANES)));
typedef u16 u16s __attribute__((ext_vector_type(LANES)));
typedef u32 u32s __attribute__((ext_vector_type(LANES)));
typedef f32 f32s __attribute__((ext_vector_type(LANES)));
typedef f32 f32x32 __attribute__((ext_vector_type(32)));
typedef f32 f32x16 __attribute__((ext_vector_type(16)));
typedef f32 f32x8 __attribute__((ext_vector_type(8)));
typedef f32 f32x4 __attribute__((ext_vector_type(4)));

static inline f32s load(const f32 *from) {
    f32s x;
    __builtin_memcpy(&x, from, sizeof x);
    return x;
}

static inline f32s halves(const u8 *from) {
    u16s h;
    __builtin_memcpy(&h, from, sizeof h);
    u32s wide = __builtin_convertvector(h, u32s), bits = (wide & 0x7fff) << 13, usual = bits + (112 << 23);
    // the smallest have no leading one: it is put in front, and taken off again
    f32s small = __builtin_bit_cast(f32s, bits + (113 << 23)) - 0x1p-14f;
    // infinity and NaN keep the largest exponent
    u32s large = bits < (31u << 23) ? usual : usual + (112 << 23);
    bits = bits < (1u << 23) ? __builtin_bit_cast(u32s, small) : large;
    return __builtin_bit_cast(f32s, bits | (wide & 0x8000) << 16);
}

static inline f32 total(f32s x) {
    f32x32 a = x.lo + x.hi;
    f32x16 b = a.lo + a.hi;
    f32x8 c = b.lo + b.hi;
    f32x4 d = c.lo + c.hi;
    return d.x + d.z + (d.y + d.w);
}

// Whether a sum of squares lost nothing to the ends of the range. It did if it is NaN.
static inline i32 common(f32 square) { return square > 1e-20f && square < 1e30f; }

// Read a row of d floats of 2 or 4 bytes into line, which holds whole LANES and zeros after the last; sum its squares.
static __attribute__((noinline)) f32 read(const u8 *from, i64 bytes, i64 d, f32 *restrict line) {
    u8 rest[LANES * sizeof(f32)];
    f32s squares = 0;
    for (i64 i = 0; i < d; i += LANES) {
        const u8 *at = from + i * bytes;
        if (d - i < LANES) {
            for (i64 b = 0; b < LANES * bytes; b++) rest[b] = b < (d - i) * bytes ? at[b] : 0;
            at = rest;
        }
        f32s x = bytes == 2 ? halves(at) : load((const f32 *)at);
        __builtin_memcpy(line + i, &x, sizeof x);
        squares += x * x;
    }
    return total(squares);
}

// Codes of g = times x + t tail, t = sqrt(1 - |times x|^2 + extra), in steps of scale and within the limit on both
// sides; k is a multiple of LANES. Returns the length of what they leave of g.
static __attribute__((noinline)) f32 encode(const f32 *x, f32 times, i64 k, const f32 *tail, f32 extra, f32 scale,
                                            f32 limit, i8 *restrict to) {
    f32s inside = 0, left = 0, most = limit, least = -limit;
    for (i64 i = 0; i < k; i += LANES) {
        f32s y = load(x + i) * times;
        inside += y * y;
    }
    f32 lost = 1 - total(inside), t = __builtin_elementwise_sqrt((lost > 0 ? lost : 0) + extra), steps = 1 / scale;
    for (i64 i = 0; i < k; i += LANES) {
        f32s g = load(x + i) * times + load(tail + i) * t, q = g * steps;
        q = q > most ? most : q;
        q = q < least ? least : q;
        // rounds to the nearest even: beside so large a number there are no bits for a fraction
        q = (q + 0x1.8p23f) - 0x1.8p23f;
        i8s code = __builtin_convertvector(q, i8s);
        __builtin_memcpy(to + i, &code, sizeof code);
        g -= q * scale;
        left += g * g;
    }
    return __builtin_elementwise_sqrt(total(left));
}

// Rows of d floats, scaled to unit length; lengths holds -1 for a row whose sum of squares is not common, which is not
// made. line: room for d, in whole LANES.
PUBLIC void unit_rows(const u8 *from, i64 stride, i64 bytes, i64 rows, i64 d, f32 *line, f32 *restrict to,
                      f32 *lengths) {
    for (i64 r = 0; r < rows; r++, from += stride, to += d) {
        f32 square = read(from, bytes, d, line);
        lengths[r] = common(square) ? __builtin_elementwise_sqrt(square) : -1;
        if (lengths[r] < 0) continue;
        f32 times = 1 / lengths[r];
        i64 i = 0;
        for (; i <= d - LANES; i += LANES) {
            f32s x = load(line + i) * times;
            __builtin_memcpy(to + i, &x, sizeof x);
        }
        for (; i < d; i++) to[i] = line[i] * times;
    }
}

// Codes of rows of k coordinates, and what they leave of each.
PUBLIC void codes(const f32 *x, i64 rows, i64 k, const f32 *tail, f32 extra, f32 scale, f32 limit, i8 *to, f32 *left) {
    for (i64 r = 0; r < rows; r++, x += k, to += k) left[r] = encode(x, 1, k, tail, extra, scale, limit, to);
}

// Codes of the kept ones, count of them, of d coordinates, and of zeros up to k, after scaling rows of d floats to unit
// length; left holds -1 for a row whose sum of squares is not common, which is not made. line: room for d and k, both
// in whole LANES.
PUBLIC void kept_codes(const u8 *from, i64 stride, i64 bytes, i64 rows, i64 d, const i32 *kept, i64 count, i64 k,
                       const f32 *tail, f32 extra, f32 scale, f32 limit, f32 *line, i8 *to, f32 *left) {
    f32 *some = line + (d + LANES - 1) / LANES * LANES;
    for (i64 i = count; i < k; i++) some[i] = 0;
    for (i64 r = 0; r < rows; r++, from += stride, to += k) {
        f32 square = read(from, bytes, d, line);
        left[r] = -1;
        if (!common(square)) continue;
        for (i64 i = 0; i < count; i++) some[i] = line[kept[i]];
        left[r] = encode(some, 1 / __builtin_elementwise_sqrt(square), k, tail, extra, scale, limit, to);
    }
}
