// PARAMSTORE_EXPORT marks what libparamstore lets its users see; everything else is hidden.
#pragma once

#if defined(PARAMSTORE_STATIC)
#define PARAMSTORE_EXPORT
#else
#define PARAMSTORE_EXPORT __attribute__((visibility("default")))
#endif
