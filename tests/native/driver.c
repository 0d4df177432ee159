// A program without a library: gives every loop numbers that look random, and writes a checksum of each answer. All
// processors, also those that are emulated, have to write the same.

#include "native.h"

typedef __SIZE_TYPE__ size;

__attribute__((no_builtin)) void *memcpy(void *to, const void *from, size bytes) {
    for (size i = 0; i < bytes; i++) ((u8 *)to)[i] = ((const u8 *)from)[i];
    return to;
}

__attribute__((no_builtin)) void *memset(void *to, int value, size bytes) {
    for (size i = 0; i < bytes; i++) ((u8 *)to)[i] = (u8)value;
    return to;
}

void narrow_grey(const u8 *, i64, i64, const i32 *, const i32 *, i64, i64, u8 *);
void narrow_rgb(const u8 *, i64, i64, i64, const i32 *, const i32 *, i64, i64, u8 *, u8 *);
void lower(const u8 *, i64, i64, const i32 *, const i32 *, i64, i64, i32 *, u8 *);
void area(const u8 *, i64, i64, i64, i64, i64, i64, u32 *, u16 *, u8 *);
void sums(const u8 *, i64, i64, i64, i64 *);
void tiles(const u8 *, i64, i64, i64, const i32 *, i64, const i32 *, i64, i64 *);
void varied(const u8 *, i64, i64, i64, i64, i64, u8 *);
i64 spread(const u8 *, i64);
void bits(const u8 *, const u8 *, const double *, u64 *);
void spectrum(const u8 *, i64, i64, i64, i64, const f32 *, double *);
void counts(const u8 *, i64, i64, i64, i32 *);
void unit_rows(const u8 *, i64, i64, i64, i64, f32 *, f32 *, f32 *);
void codes(const f32 *, i64, i64, const f32 *, f32, f32, f32, i8 *, f32 *);
void apart(const u8 *, i64, i64, const i64 *, const i64 *, i32 *, i32 *);
#ifdef PRODUCT
i64 PRODUCT(const i8 *, const i8 *, i64, i64, i64, const i32 *, u32 *, u8 *, u8 *);
extern const i32 SHAPE[3];
#endif

static u64 state = 88172645463325252;

static u64 next(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static i64 below(i64 most) { return (i64)(next() % (u64)most); }

static void put(const char *text, i64 bytes) {
#if defined(__x86_64__)
    i64 done;
    __asm__ volatile("syscall" : "=a"(done) : "a"(1), "D"(1), "S"(text), "d"(bytes) : "rcx", "r11", "memory");
#else
    register i64 number __asm__("x8") = 64, one __asm__("x0") = 1, from __asm__("x1") = (i64)text;
    register i64 length __asm__("x2") = bytes;
    __asm__ volatile("svc 0" : "+r"(one) : "r"(number), "r"(from), "r"(length) : "memory");
#endif
}

static void tell(const char *name, const void *answer, i64 bytes) {
    u64 sum = 14695981039346656037u;
    for (i64 i = 0; i < bytes; i++) sum = (sum ^ ((const u8 *)answer)[i]) * 1099511628211u;
    char line[64];
    i64 at = 0;
    for (; name[at]; at++) line[at] = name[at];
    line[at++] = ' ';
    for (i64 d = 60; d >= 0; d -= 4) line[at++] = "0123456789abcdef"[sum >> d & 15];
    line[at++] = '\n';
    put(line, at);
}

enum { ROWS = 90, COLUMNS = 131, TAPS = 32, OUT = 17, K = 192 };
static u8 pixels[ROWS * COLUMNS * 3 + 64], line[COLUMNS * 3 + 64], out[ROWS * OUT * 3 + 64], thumbs[ROWS * COLUMNS];
static i32 first[OUT], weights[OUT * TAPS], lines[COLUMNS * 3], histogram[256], below_ends[3] = {30, 60, ROWS};
static i32 right_ends[2] = {70, COLUMNS}, levels[64], squares[64];
static u32 area_sums[COLUMNS * 3];
static u16 area_whole[COLUMNS * 3];
static i64 answers[16], one[64], other[64];
static double dct[8 * 32], energy[64];
static f32 fine[4 * 256], rows[40 * K], unit[40 * K], buffer[K + 64], lengths[40], tail[K];
static i8 coded[64 * K];

static void resampling(void) {
    for (i64 x = 0; x < OUT; x++) {
        first[x] = (i32)below(ROWS - TAPS);
        for (i64 t = 0; t < TAPS; t++) weights[x * TAPS + t] = (i32)below(1 << 18) - (1 << 15);
    }
    narrow_grey(pixels, COLUMNS, ROWS, first, weights, TAPS, OUT, out);
    tell("narrow_grey", out, ROWS * OUT);
    narrow_rgb(pixels, COLUMNS * 3, ROWS, COLUMNS, first, weights, TAPS, OUT, line, out);
    tell("narrow_rgb", out, ROWS * OUT * 3);
    lower(pixels, COLUMNS, COLUMNS, first, weights, TAPS, OUT, lines, out);
    tell("lower", out, OUT * COLUMNS);
    area(pixels, COLUMNS * 3, ROWS, COLUMNS, 3, 37, 16, area_sums, area_whole, out);
    tell("area", out, 37 * 16 * 3);
    area(pixels, COLUMNS, ROWS, COLUMNS, 1, 1, 50, area_sums, area_whole, out);
    tell("area", out, 50);
}

static void measuring(void) {
    sums(pixels, COLUMNS, ROWS, COLUMNS, answers);
    tell("sums", answers, 32);
    memset(answers, 0, sizeof answers);
    tiles(pixels, COLUMNS, ROWS, COLUMNS, below_ends, 3, right_ends, 2, answers);
    tell("tiles", answers, 96);
    varied(pixels, COLUMNS, ROWS, 1, COLUMNS, 75, out);
    tell("varied", out, ROWS);
    answers[0] = spread(pixels, ROWS * COLUMNS);
    tell("spread", answers, 8);
    for (i64 i = 0; i < 8 * 32; i++) dct[i] = (double)(below(2000001) - 1000000) / 1000000;
    bits(pixels, pixels + 72, dct, (u64 *)answers);
    tell("bits", answers, 16);
    for (i64 i = 0; i < 4 * 256; i++) fine[i] = (f32)(below(16384) - 8192);
    spectrum(pixels, COLUMNS, ROWS / 8, COLUMNS / 8, 1, fine, energy);
    tell("spectrum", energy, sizeof energy);
    counts(pixels, COLUMNS, ROWS, COLUMNS, histogram);
    tell("counts", histogram, sizeof histogram);
}

static void comparing(void) {
    for (i64 i = 0; i < 40 * K; i++) rows[i] = (f32)(below(20001) - 10000) / 997;
    unit_rows((const u8 *)rows, K * 4, 4, 40, K, buffer, unit, lengths);
    tell("unit_rows", unit, sizeof unit);
    for (i64 i = 0; i < 40 * K; i++) ((u16 *)rows)[i] = (u16)next();
    unit_rows((const u8 *)rows, K * 2, 2, 40, K, buffer, unit, lengths);
    // a NaN may have any bits
    for (i64 r = 0; r < 40; r++) lengths[r] = lengths[r] >= 0 ? lengths[r] : -1;
    tell("halves", lengths, sizeof lengths);
    for (i64 i = 0; i < 40 * K; i++) rows[i] = (f32)(below(20001) - 10000) / 200000;
    for (i64 i = 0; i < K; i++) tail[i] = (f32)(i % 7) / 90;
    codes(rows, 40, K, tail, 0.25f, 0.001f, 63, coded, lengths);
    tell("codes", coded, 40 * K);
    tell("left", lengths, sizeof lengths);
    for (i64 p = 0; p < 64; p++) one[p] = below(9), other[p] = below(9);
    apart(thumbs, 1000, 64, one, other, levels, squares);
    tell("levels", levels, sizeof levels);
    tell("squares", squares, sizeof squares);
#ifdef PRODUCT
    static i8 a[64 * K];
    static i32 bounds[64], exact[64 * 64];
    static u32 places[64 * 64];
    static u8 found[64 * 64 * 8], scratch[65536] __attribute__((aligned(64)));
    for (i64 i = 0; i < 64 * K; i++) a[i] = (i8)(below(127) - 63), coded[i] = (i8)(below(127) - 63);
    for (i64 i = 0; i < 64; i++) bounds[i] = 20000;
    i64 blocks = PRODUCT(a, coded, K, 64, 64, bounds, places, found, scratch);
    for (i64 b = 0; b < blocks; b++)
        for (i64 i = 0; i < SHAPE[0] * SHAPE[1]; i++) {
            i64 row = (places[b] >> 16) * SHAPE[0] + i / SHAPE[1];
            i64 column = (places[b] & 65535) * SHAPE[1] + i % SHAPE[1];
            i64 at = b * SHAPE[0] * SHAPE[1] + i;
            exact[64 * row + column] += found[at / 8] >> at % 8 & 1;
        }
    i32 wrong = 0;
    for (i64 row = 0; row < 64; row++)
        for (i64 column = 0; column < 64; column++) {
            i32 product = 0;
            for (i64 d = 0; d < K; d++) product += a[row * K + d] * coded[column * K + d];
            wrong += exact[64 * row + column] != (product >= 20000);
        }
    put(wrong ? "products wrong\n" : "products right\n", 15);
#endif
}

static void leave(void) {
#if defined(__x86_64__)
    __asm__ volatile("syscall" : : "a"(60), "D"(0));
#else
    register i64 number __asm__("x8") = 93, code __asm__("x0") = 0;
    __asm__ volatile("svc 0" : : "r"(number), "r"(code));
#endif
}

void run(void) {
    for (i64 i = 0; i < (i64)sizeof pixels; i++) pixels[i] = (u8)next();
    for (i64 i = 0; i < (i64)sizeof thumbs; i++) thumbs[i] = (u8)next();
    resampling();
    measuring();
    comparing();
    leave();
}

// a program begins with an aligned stack, a function with one that is not
__attribute__((naked)) void _start(void) {
#if defined(__x86_64__)
    __asm__("call run");
#else
    __asm__("bl run");
#endif
}
