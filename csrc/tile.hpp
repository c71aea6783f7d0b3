// The two micro-kernels that all the arithmetic of a layer goes through: a few rows by a few vectors, held in registers.
// Their sums are named by constants, never by a loop variable: only then does each get a register of its own.
#pragma once

#include "simd.hpp"
#include "unrolled.hpp"

namespace recollect::RECOLLECT_ISA {

// Rows of a register block: Rows x 4 sums, 4 weights and a broadcast value must fit the vector registers.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int kRows = 6;  // of 32 registers
#else
constexpr int kRows = 3;  // of 16: the weights are then operands in memory
#endif
constexpr int kVectors = 4;  // vectors side by side: the four gates of one vector of units, or four vectors of units

// Columns of the left side, in `segments` runs of `length` whose starts lie `stride` apart; the panel has a row of vectors
// for each, `step` values apart.
struct Columns {
  int64_t segments, length, stride, step;
};

// sums[r][v] += sum over the columns k, in their order, of rows[r][k] * panel[k][v]. The sum starts at zero: on top of what
// is there, each of its terms would be rounded as coarsely as the whole.
//   rows  Rows pointers     panel  [columns, >= Vectors, width]     sums  [Rows, Vectors], in and out
struct Product {
  template <class T, int Rows, int Vectors>
  static void run(const T* const* rows, Columns columns, const T* panel, Vec<T>* sums) {
    const T* row[Rows];
    unrolled<Rows>([&](auto r) { row[r] = rows[r]; });
    Vec<T> sum[Rows * Vectors] = {};
    for (int64_t segment = 0; segment < columns.segments; ++segment) {
      const int64_t begin = segment * columns.stride, end = begin + columns.length;
      for (int64_t k = begin; k < end; ++k, panel += columns.step) {
        Vec<T> weight[Vectors];
        unrolled<Vectors>([&](auto v) { weight[v] = load(panel + v * width<T>); });
        unrolled<Rows>([&](auto r) {
          const Vec<T> value = splat(row[r][k]);
          unrolled<Vectors>([&](auto v) { sum[r * Vectors + v] += value * weight[v]; });
        });
      }
    }
    unrolled<Rows * Vectors>([&](auto n) { sums[n] += sum[n]; });
  }
};

// sums[r][v] += sum over p of left[p][r] * panel[p][v]: neighbouring values of many rows, for the gradient of a weight.
//   left  a pointer for each p < columns.length, read from `columns.stride` on     panel, sums  as above
struct Outer {
  template <class T, int Rows, int Vectors>
  static void run(const T* const* left, Columns columns, const T* panel, Vec<T>* sums) {
    Vec<T> sum[Rows * Vectors];
    unrolled<Rows * Vectors>([&](auto n) { sum[n] = sums[n]; });
    for (int64_t p = 0; p < columns.length; ++p, panel += columns.step) {
      const T* values = left[p] + columns.stride;
      Vec<T> weight[Vectors];
      unrolled<Vectors>([&](auto v) { weight[v] = load(panel + v * width<T>); });
      unrolled<Rows>([&](auto r) {
        const Vec<T> value = splat(values[r]);
        unrolled<Vectors>([&](auto v) { sum[r * Vectors + v] += value * weight[v]; });
      });
    }
    unrolled<Rows * Vectors>([&](auto n) { sums[n] = sum[n]; });
  }
};

// A micro-kernel for a number of rows, 1 to kRows, and of vectors, 1 to kVectors, that are known only when it runs.
template <class Kernel, class T>
__attribute__((noinline)) void tile(int count, int vectors, const T* const* rows, Columns columns, const T* panel,
                                    Vec<T>* sums) {
  unrolled<kVectors>([&](auto v) {
    unrolled<kRows>([&](auto r) {
      if (vectors == v + 1 && count == r + 1) Kernel::template run<T, r + 1, v + 1>(rows, columns, panel, sums);
    });
  });
}

}  // namespace recollect::RECOLLECT_ISA
