// Loops over pixels that no library does in one pass. Whole numbers only, also where they are floats, so every
// processor gives the same.

#include "native.h"

typedef u8 u8x4 __attribute__((vector_size(4)));
typedef u8 u8x8 __attribute__((vector_size(8)));
typedef u8 u8x32 __attribute__((vector_size(32)));
typedef i16 i16x8 __attribute__((vector_size(16)));
typedef i32 i32x4 __attribute__((vector_size(16)));
typedef i32 i32x32 __attribute__((vector_size(128)));
typedef float f32x4 __attribute__((vector_size(16)));
typedef float f32x16 __attribute__((vector_size(64)));
typedef double f64x16 __attribute__((vector_size(128)));

// BITS: Pillow's fixed point for 8-bit pictures.
// STRIP: columns whose squared edges, at most 1020 * 1020 each, an i32 surely holds.
enum { BITS = 22, STRIP = 1024 };

static inline u8 level(i32 sum) {
    i32 x = (sum + (1 << (BITS - 1))) >> BITS;
    return x < 0 ? 0 : x > 255 ? 255 : x;
}

// Each of rows x outputs levels is a sum over taps (a multiple of 32) pixels from first[x] on, each times its weight.
PUBLIC void narrow_grey(const u8 *from, i64 stride, i64 rows, const i32 *first, const i32 *weights, i64 taps,
                        i64 outputs, u8 *to) {
    for (i64 y = 0; y < rows; y++, from += stride, to += outputs)
        for (i64 x = 0; x < outputs; x++) {
            const u8 *pixel = from + first[x];
            const i32 *w = weights + x * taps;
            i32x32 sum = {0};
            for (i64 t = 0; t < taps; t += 32) {
                u8x32 p;
                i32x32 a;
                __builtin_memcpy(&p, pixel + t, 32);
                __builtin_memcpy(&a, w + t, 128);
                sum += __builtin_convertvector(p, i32x32) * a;
            }
            to[x] = level(__builtin_reduce_add(sum));
        }
}

// The same for RGB, with any number of taps. Four bytes are moved for each three, so line holds 3 * columns + 1,
// and to one byte more than rows * outputs * 3.
PUBLIC void narrow_rgb(const u8 *from, i64 stride, i64 rows, i64 columns, const i32 *first, const i32 *weights,
                       i64 taps, i64 outputs, u8 *line, u8 *to) {
    for (i64 y = 0; y < rows; y++, from += stride, to += 3 * outputs) {
        __builtin_memcpy(line, from, 3 * columns);
        for (i64 x = 0; x < outputs; x++) {
            const u8 *pixel = line + 3 * first[x];
            const i32 *w = weights + x * taps;
            i32x4 sum = {0, 0, 0, 0};
            for (i64 t = 0; t < taps; t++) {
                u8x4 p;
                __builtin_memcpy(&p, pixel + 3 * t, 4);
                sum += __builtin_convertvector(p, i32x4) * w[t];
            }
            sum = (sum + (1 << (BITS - 1))) >> BITS;
            sum = __builtin_elementwise_max(sum, (i32x4){0, 0, 0, 0});
            sum = __builtin_elementwise_min(sum, (i32x4){255, 255, 255, 255});
            u8x4 p = __builtin_convertvector(sum, u8x4);
            __builtin_memcpy(to + 3 * x, &p, 4);
        }
    }
}

// Each of outputs lines of width bytes is a sum over taps (a multiple of 4) lines from first[y] on, each times its
// weight; sums holds one line.
PUBLIC void lower(const u8 *from, i64 stride, i64 width, const i32 *first, const i32 *weights, i64 taps, i64 outputs,
                  i32 *sums, u8 *to) {
    for (i64 y = 0; y < outputs; y++, to += width) {
        for (i64 x = 0; x < width; x++) sums[x] = 0;
        for (i64 t = 0; t < taps; t += 4) {
            const u8 *a = from + (first[y] + t) * stride, *b = a + stride, *c = b + stride, *d = c + stride;
            const i32 *w = weights + y * taps + t;
            for (i64 x = 0; x < width; x++) sums[x] += a[x] * w[0] + b[x] * w[1] + c[x] * w[2] + d[x] * w[3];
        }
        for (i64 x = 0; x < width; x++) to[x] = level(sums[x]);
    }
}

// Adds to sums the weighted levels of the lines that one output line covers: line i covers i * outputs to (i + 1) *
// outputs, the output from begin to end. Lines that it covers whole are added up first, in 16 bits, by up to 256.
static inline void cover_lines(const u8 *from, i64 stride, i64 width, i64 begin, i64 end, i64 outputs, u32 *sums,
                               u16 *whole) {
    for (i64 x = 0; x < width; x++) sums[x] = 0;
    for (i64 i = begin / outputs; i * outputs < end;) {
        i64 low = i * outputs, high = low + outputs;
        const u8 *line = from + i * stride;
        if (low < begin || high > end) {
            u32 weight = (u32)((high < end ? high : end) - (low > begin ? low : begin));
            for (i64 x = 0; x < width; x++) sums[x] += weight * line[x];
            i++;
            continue;
        }
        i64 number = end / outputs - i < 256 ? end / outputs - i : 256;
        if (number == 1)
            for (i64 x = 0; x < width; x++) whole[x] = line[x];
        else
            for (i64 x = 0; x < width; x++) whole[x] = (u16)(line[x] + line[stride + x]);
        for (i64 n = 2; n < number; n++)
            for (i64 x = 0; x < width; x++) whole[x] += line[n * stride + x];
        for (i64 x = 0; x < width; x++) sums[x] += (u32)outputs * whole[x];
        i += number;
    }
}

static inline void cover_pixels(const u32 *sums, i64 columns, i64 outputs, i64 channels, i64 total, u8 *to) {
    // twice the sum and half a level more is divided by twice the total; a quarter of the least difference keeps
    // what should be whole from falling below it
    double share = 0.5 / (double)total, more = 0.5 * share;
    for (i64 x = 0; x < outputs; x++) {
        i64 begin = x * columns, end = begin + columns, i = begin / outputs, last = (end - 1) / outputs;
        u64 sum[3] = {0};
        i64 first_weight = ((i + 1) * outputs < end ? (i + 1) * outputs : end) - begin;
        for (i64 c = 0; c < channels; c++) sum[c] = (u64)first_weight * sums[i * channels + c];
        if (last > i) {
            u64 inner[3] = {0};
            for (i++; i < last; i++)
                for (i64 c = 0; c < channels; c++) inner[c] += sums[i * channels + c];
            u64 last_weight = (u64)(end - last * outputs);
            for (i64 c = 0; c < channels; c++)
                sum[c] += inner[c] * (u64)outputs + last_weight * sums[last * channels + c];
        }
        for (i64 c = 0; c < channels; c++)
            *to++ = (u8)(i64)((double)(i64)(2 * sum[c] + (u64)total) * share + more);
    }
}

// Means of the areas that height x width levels or pixels of three colours cover of rows x columns, which are at least
// as many, rounded, halves upwards: exact below 2^42 pixels. sums and whole hold a line.
PUBLIC void area(const u8 *from, i64 stride, i64 rows, i64 columns, i64 channels, i64 height, i64 width, u32 *sums,
                 u16 *whole, u8 *to) {
    for (i64 y = 0; y < height; y++, to += width * channels) {
        cover_lines(from, stride, columns * channels, y * rows, (y + 1) * rows, height, sums, whole);
        if (channels == 3)
            cover_pixels(sums, columns, width, 3, rows * columns, to);
        else
            cover_pixels(sums, columns, width, 1, rows * columns, to);
    }
}

// Sums of the Laplacian and of its squares over the columns from begin to end of a line, with edges mirrored about the
// outermost pixels.
static inline void edges(const u8 *here, const u8 *up, const u8 *down, i64 columns, i64 begin, i64 end, i64 *edge,
                         i64 *edge2) {
    for (i64 e = 0; e < 2; e++) {
        i64 x = e ? columns - 1 : 0, beside = e ? columns - 2 : 1;
        if (x < begin || x >= end) continue;
        i32 l = up[x] + down[x] + 2 * here[beside] - 4 * here[x];
        *edge += l, *edge2 += l * l;
    }
    if (begin == 0) begin = 1;
    if (end == columns) end = columns - 1;
    for (; begin < end; begin += STRIP) {
        i64 to = begin + STRIP < end ? begin + STRIP : end;
        i32 c = 0, d = 0;
        for (i64 x = begin; x < to; x++) {
            i16 l = (i16)(up[x] + down[x] + here[x - 1] + here[x + 1] - 4 * here[x]);
            c += l, d += (i32)l * l;
        }
        *edge += c, *edge2 += d;
    }
}

// Sums of levels, of their squares, of the Laplacian and of its squares. Both sides are at least 2.
PUBLIC void sums(const u8 *grey, i64 stride, i64 rows, i64 columns, i64 *out) {
    i64 light = 0, light2 = 0, edge = 0, edge2 = 0;
    for (i64 y = 0; y < rows; y++) {
        const u8 *here = grey + y * stride;
        edges(here, y ? here - stride : here + stride, y + 1 < rows ? here + stride : here - stride, columns, 0,
              columns, &edge, &edge2);
        for (i64 begin = 0; begin < columns; begin += STRIP) {
            i64 end = begin + STRIP < columns ? begin + STRIP : columns;
            i32 a = 0, b = 0;
            for (i64 x = begin; x < end; x++) a += here[x], b += (i32)here[x] * here[x];
            light += a, light2 += b;
        }
    }
    out[0] = light, out[1] = light2, out[2] = edge, out[3] = edge2;
}

// Sums of the Laplacian and of its squares over each tile, added to what is there: down x across tiles, which end
// before the rows of below and the columns of right.
PUBLIC void tiles(const u8 *grey, i64 stride, i64 rows, i64 columns, const i32 *below, i64 down, const i32 *right,
                  i64 across, i64 *out) {
    i64 y = 0;
    for (i64 i = 0; i < down; i++, out += 2 * across)
        for (; y < below[i]; y++) {
            const u8 *here = grey + y * stride;
            for (i64 j = 0, begin = 0; j < across; begin = right[j++])
                edges(here, y ? here - stride : here + stride, y + 1 < rows ? here + stride : here - stride, columns,
                      begin, right[j], out + 2 * j, out + 2 * j + 1);
        }
}

// Which lines of size levels, a step apart, deviate by more than spread: a standard deviation.
PUBLIC void varied(const u8 *from, i64 stride, i64 lines, i64 step, i64 size, i64 spread, u8 *to) {
    for (i64 y = 0; y < lines; y++, from += stride) {
        i64 total = 0, squares = 0;
        for (i64 x = 0; x < size; x++) {
            i64 level = from[x * step];
            total += level, squares += level * level;
        }
        to[y] = size * squares - total * total > spread * spread * size * size;
    }
}

// The sum of the largest less the least of three colours over so many RGB pixels.
PUBLIC i64 spread(const u8 *rgb, i64 pixels) {
    i64 sum = 0;
    for (i64 i = 0; i < pixels; i++, rgb += 3) {
        u8 most = rgb[0] > rgb[1] ? rgb[0] : rgb[1], least = rgb[0] < rgb[1] ? rgb[0] : rgb[1];
        sum += (rgb[2] > most ? rgb[2] : most) - (rgb[2] < least ? rgb[2] : least);
    }
    return sum;
}

// Bits of two hashes, the first one highest: which of 8 x 9 levels are less than the next; which of the 8 x 8 lowest
// DCT coefficients of 32 x 32 levels, rounded to 1e-6, exceed their median. dct is 8 x 32.
PUBLIC void bits(const u8 *nine, const u8 *levels, const double *dct, u64 *out) {
#pragma STDC FP_CONTRACT OFF
    u64 difference = 0, perceptual = 0;
    for (i64 y = 0; y < 8; y++)
        for (i64 x = 0; x < 8; x++) difference = difference << 1 | (nine[9 * y + x + 1] > nine[9 * y + x]);
    double low[64], ordered[64];
    for (i64 u = 0; u < 8; u++) {
        double line[32] = {0};
        for (i64 y = 0; y < 32; y++)
            for (i64 x = 0; x < 32; x++) line[x] += dct[32 * u + y] * levels[32 * y + x];
        for (i64 v = 0; v < 8; v++) {
            double sum = 0;
            for (i64 x = 0; x < 32; x++) sum += line[x] * dct[32 * v + x];
            low[8 * u + v] = __builtin_rint(sum * 1e6) / 1e6;
        }
    }
    for (i64 i = 0; i < 64; i++) {
        i64 at = i;
        for (; at > 0 && ordered[at - 1] > low[i]; at--) ordered[at] = ordered[at - 1];
        ordered[at] = low[i];
    }
    double median = (ordered[31] + ordered[32]) / 2;
    for (i64 i = 0; i < 64; i++) perceptual = perceptual << 1 | (low[i] > median);
    out[0] = difference, out[1] = perceptual;
}

static inline void put(float *to, i16x8 from) {
    f32x4 first = __builtin_convertvector(__builtin_shufflevector(from, from, 0, 1, 2, 3), f32x4);
    __builtin_memcpy(to, &first, sizeof first);
}

// Adds up, for each of 64 frequencies, the squares of the 8 x 8 DCT coefficients of every step-th block in both
// directions of rows x columns blocks. A row of the DCT is even or odd, so sums or differences of mirrored pixels are
// what it weighs: 16 inputs for 16 frequencies, in four quarters. Coefficients are 2^14 times themselves, whole and
// below 2^24, so floats hold them and their parts; 2^8 times are squared.
PUBLIC void spectrum(const u8 *grey, i64 stride, i64 rows, i64 columns, i64 step, const float *weights,
                     double *energy) {
    f64x16 sum[4] = {{0}, {0}, {0}, {0}};
    for (i64 y = 0; y < rows; y += step)
        for (i64 x = 0; x < columns; x += step) {
            i16x8 row[8];
            for (i64 k = 0; k < 8; k++) {
                u8x8 p;
                __builtin_memcpy(&p, grey + (8 * y + k) * stride + 8 * x, sizeof p);
                row[k] = __builtin_convertvector(p, i16x8) - 128;
            }
            float in[4][16];
            for (i64 k = 0; k < 4; k++) {
                i16x8 even = row[k] + row[7 - k], odd = row[k] - row[7 - k];
                i16x8 even_back = __builtin_shufflevector(even, even, 7, 6, 5, 4, 3, 2, 1, 0);
                i16x8 odd_back = __builtin_shufflevector(odd, odd, 7, 6, 5, 4, 3, 2, 1, 0);
                put(in[0] + 4 * k, even + even_back);
                put(in[1] + 4 * k, even - even_back);
                put(in[2] + 4 * k, odd + odd_back);
                put(in[3] + 4 * k, odd - odd_back);
            }
            f32x16 coefficient[4] = {{0}, {0}, {0}, {0}};
            for (i64 k = 0; k < 16; k++)
                for (i64 q = 0; q < 4; q++) {
                    f32x16 w;
                    __builtin_memcpy(&w, weights + 256 * q + 16 * k, sizeof w);
                    coefficient[q] += w * in[q][k];
                }
            for (i64 q = 0; q < 4; q++) {
                f32x16 whole = __builtin_elementwise_floor(coefficient[q] * 0x1p-6f + 0.5f);
                f64x16 v = __builtin_convertvector(whole, f64x16);
                sum[q] += v * v;
            }
        }
    __builtin_memcpy(energy, sum, sizeof sum);
}

// How often each of 256 levels occurs, added to what is there. Four tables, so that one count need not wait for
// another of the same level.
PUBLIC void counts(const u8 *grey, i64 stride, i64 rows, i64 columns, i32 *to) {
    i32 more[3][256] = {{0}};
    for (i64 y = 0; y < rows; y++, grey += stride) {
        i64 x = 0;
        for (; x + 4 <= columns; x += 4)
            to[grey[x]]++, more[0][grey[x + 1]]++, more[1][grey[x + 2]]++, more[2][grey[x + 3]]++;
        for (; x < columns; x++) to[grey[x]]++;
    }
    for (i64 i = 0; i < 256; i++) to[i] += more[0][i] + more[1][i] + more[2][i];
}
