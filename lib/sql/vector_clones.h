// PARAMSTORE_VECTOR_CLONES before a function makes the compiler compile it twice, for any processor and for those
// with AVX2, and the loader take the one that fits. It is for loops that the compiler turns into vector instructions.
// What such a function calls is not compiled twice, unless it is marked PARAMSTORE_ALWAYS_INLINE.
#pragma once

#if defined(__GNUC__)
#define PARAMSTORE_ALWAYS_INLINE inline __attribute__((always_inline))
#else
#define PARAMSTORE_ALWAYS_INLINE inline
#endif

// Not with sanitizers: the loader chooses before they are ready.
#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define PARAMSTORE_VECTOR_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define PARAMSTORE_VECTOR_CLONES
#endif
