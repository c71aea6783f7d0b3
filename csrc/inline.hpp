// What the kernels include must not become a function that the linker shares with code for older processors.
#pragma once

#define RECOLLECT_INLINE __attribute__((always_inline)) inline
