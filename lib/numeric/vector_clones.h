// PARAMSTORE_INTEGER_CLONES and PARAMSTORE_FLOAT_CLONES before a function make the compiler compile it several times, for any
// processor and for those with AVX2, or with FMA and AVX-512, and the loader take the one that fits. They are for loops that
// the compiler turns into vector instructions, of integers or of floating-point numbers.
// What such a function calls is compiled once, unless it is marked PARAMSTORE_ALWAYS_INLINE.
#pragma once

#if defined(__GNUC__)
#define PARAMSTORE_ALWAYS_INLINE inline __attribute__((always_inline))
#else
#define PARAMSTORE_ALWAYS_INLINE inline
#endif

// Not with sanitizers: the loader chooses before they are ready.
#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define PARAMSTORE_INTEGER_CLONES __attribute__((target_clones("avx2", "default")))
#define PARAMSTORE_FLOAT_CLONES __attribute__((target_clones("avx512f", "fma", "default")))
#else
#define PARAMSTORE_INTEGER_CLONES
#define PARAMSTORE_FLOAT_CLONES
#endif
