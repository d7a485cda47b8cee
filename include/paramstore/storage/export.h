// PARAMSTORE_STORAGE_EXPORT marks what libparamstore_storage lets its users see.
#pragma once

#if defined(PARAMSTORE_STATIC)
#define PARAMSTORE_STORAGE_EXPORT
#else
#define PARAMSTORE_STORAGE_EXPORT __attribute__((visibility("default")))
#endif
