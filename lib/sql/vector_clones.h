// PARAMSTORE_VECTOR_CLONES before a function makes the compiler compile it twice, for any processor and for those with AVX2,
// and the loader take the one that fits. The functions so marked are loops that the compiler turns into vector instructions.
#pragma once

// The loader asks which one before a sanitizer is ready for it.
#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define PARAMSTORE_VECTOR_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define PARAMSTORE_VECTOR_CLONES
#endif
