// What the processor at hand offers beyond the least that libraries are compiled for, and the system lets be used.

#include "native.h"

// see native.py
enum { V3 = 1, V4 = 2, VBMI = 4, VNNI = 8, AVXVNNI = 16, AMX_INT8 = 32, DOTPROD = 64 };

#if defined(__x86_64__)
#include <cpuid.h>

enum { EAX, EBX, ECX, EDX };

static int all(u32 have, u32 wanted) { return (have & wanted) == wanted; }

PUBLIC i64 processor(void) {
    u32 one[4] = {0}, seven[4] = {0}, more[4] = {0}, extended[4] = {0}, saved = 0, high;
    __get_cpuid(1, one, one + 1, one + 2, one + 3);
    __get_cpuid_count(7, 0, seven, seven + 1, seven + 2, seven + 3);
    if (seven[EAX]) __get_cpuid_count(7, 1, more, more + 1, more + 2, more + 3);
    __get_cpuid(0x80000001, extended, extended + 1, extended + 2, extended + 3);
    if (one[ECX] & bit_OSXSAVE) __asm__("xgetbv" : "=a"(saved), "=d"(high) : "c"(0));
    i64 found = 0;
    // registers of 256 bits, and all of x86-64-v3
    if (!all(saved, 6) || !all(one[ECX], bit_AVX | bit_FMA | bit_F16C | bit_MOVBE) ||
        !all(seven[EBX], bit_AVX2 | bit_BMI | bit_BMI2) || !all(extended[ECX], bit_LZCNT))
        return found;
    found |= V3;
    if (more[EAX] & bit_AVXVNNI) found |= AVXVNNI;
    // registers of 512 bits, and all of x86-64-v4
    if (!all(saved, 0xe6) || !all(seven[EBX], bit_AVX512F | bit_AVX512BW | bit_AVX512CD | bit_AVX512DQ | bit_AVX512VL))
        return found;
    found |= V4;
    if (seven[ECX] & bit_AVX512VBMI) found |= VBMI;
    if (seven[ECX] & bit_AVX512VNNI) found |= VNNI;
    // tile registers
    if (all(saved, 0x60000) && all(seven[EDX], bit_AMXTILE | bit_AMXINT8)) found |= AMX_INT8;
    return found;
}

#elif defined(__linux__)

enum { AT_HWCAP = 16, HWCAP_ASIMDDP = 1 << 20 };
unsigned long getauxval(unsigned long);

PUBLIC i64 processor(void) { return getauxval(AT_HWCAP) & HWCAP_ASIMDDP ? DOTPROD : 0; }

#else

// all that Apple ever built
PUBLIC i64 processor(void) { return DOTPROD; }

#endif
