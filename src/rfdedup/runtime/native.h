// Names of types, and what makes a function visible to Python, for all loops in C.
//
// They are compiled when the package is built (scripts/build_native.py): once for each level of processors, with
// whatever is for one level only in files of its own. Whole numbers are exact and floats are rounded as written, so
// every level gives the same.

#pragma once

typedef unsigned char u8;
typedef signed char i8;
typedef unsigned short u16;
typedef short i16;
typedef unsigned u32;
typedef int i32;
typedef unsigned long long u64;
typedef long long i64;
typedef float f32;

#ifdef _WIN32
#define PUBLIC __attribute__((dllexport))
#else
#define PUBLIC __attribute__((visibility("default")))
#endif
