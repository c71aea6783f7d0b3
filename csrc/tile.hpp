// The micro-kernels: products whose sums stay in registers. The same code serves every instruction set.
#pragma once

#include "unrolled.hpp"
#include "simd.hpp"

namespace recollect::RECOLLECT_ISA {

constexpr int kRows = 6;     // rows of a register block
constexpr int kVectors = 4;  // vectors side by side: the four gates of one vector of units, or four vectors of units
constexpr int kMost = 2 * kVectors;  // the same for one row alone: each of its sums waits for itself
// As many of them at once as there are registers for kRows x kAbreast sums, kAbreast weights and a broadcast value.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int kAbreast = 4;  // of 32
#else
constexpr int kAbreast = 2;  // of 16
#endif

// The right side: a row of vectors for each column of the left side. Those that are used at once stand together.
template <class T>
struct Panel {
  const T* at;
  int64_t apart;     // values from the vectors v to v + 1, where a group of kAbreast ends between them
  int64_t step = 0;  // values from one column to the next; 0: as many as the vectors of a group have
  int64_t skip = 0;  // columns that are passed over

  // Set by pack_by_unit or pack_by_column: [groups, columns, kAbreast (the last group: what is left), width].
  static Panel set(const T* at, int64_t columns) { return {at, columns * width<T>}; }
  // Columns that lie `step` apart, their vectors side by side.
  static Panel lying(const T* at, int64_t step) { return {at, width<T>, step}; }
  Panel from(int64_t column) const { return {at, apart, step, column}; }
};

// Where the vector v of a column stands in a panel that is set.
template <class T>
RECOLLECT_INLINE int64_t panel_place(int v, int vectors, int64_t column, int64_t columns) {
  const int group = v / kAbreast * kAbreast, wide = vectors - group < kAbreast ? vectors - group : kAbreast;
  return (group * columns + column * wide + v - group) * width<T>;
}

// Columns of the left side, in `segments` runs of `length` whose starts lie `stride` apart.
template <class T>
struct Columns {
  const T* const* rows;
  int64_t segments, length, stride = 0;
};

// sums[r][v] = the sum over the columns k of both parts, in their order, of rows[r][k] * panel[k][v].
struct Product {
  template <class T>
  struct Left {
    Columns<T> part[2];
  };

  template <class T, int Rows, int Vectors>
  static void run(const Left<T>& left, const T* panel, int64_t step, int64_t apart, Vec<T>* sums, int stride) {
    constexpr int wide = Vectors < kAbreast ? Vectors : kAbreast;
    Vec<T> sum[Rows * Vectors] = {};
    for (const Columns<T>& columns : left.part) {
      const T* row[Rows];
      if (columns.segments > 0) unrolled<Rows>([&](auto r) { row[r] = columns.rows[r]; });
      for (int64_t segment = 0; segment < columns.segments; ++segment) {
        const int64_t begin = segment * columns.stride, end = begin + columns.length;
#pragma GCC unroll 4  // counting costs as much as a broadcast, and two threads on one core share what issues both
        for (int64_t k = begin; k < end; ++k, panel += step) {
          Vec<T> weight[Vectors];
          unrolled<Vectors>([&](auto v) { weight[v] = load(panel + v / wide * wide * apart + v % wide * width<T>); });
          unrolled<Rows>([&](auto r) {
            const Vec<T> value = splat(row[r][k]);
            unrolled<Vectors>([&](auto v) { sum[r * Vectors + v] += value * weight[v]; });
          });
        }
      }
    }
    unrolled<Rows>([&](auto r) { unrolled<Vectors>([&](auto v) { sums[r * stride + v] = sum[r * Vectors + v]; }); });
  }
};

// sums[r][v] = the sum over p < length of strip[p][r] * panel[p][v], for the gradient of a weight; strip [length, kRows].
struct Outer {
  template <class T>
  struct Left {
    const T* strip;
    int64_t length;
  };

  template <class T, int Rows, int Vectors>
  static void run(const Left<T>& left, const T* panel, int64_t step, int64_t apart, Vec<T>* sums, int stride) {
    constexpr int wide = Vectors < kAbreast ? Vectors : kAbreast;
    Vec<T> sum[Rows * Vectors] = {};
    const T* values = left.strip;
#pragma GCC unroll 4
    for (int64_t p = 0; p < left.length; ++p, panel += step, values += kRows) {
      Vec<T> weight[Vectors];
      unrolled<Vectors>([&](auto v) { weight[v] = load(panel + v / wide * wide * apart + v % wide * width<T>); });
      unrolled<Rows>([&](auto r) {
        const Vec<T> value = splat(values[r]);
        unrolled<Vectors>([&](auto v) { sum[r * Vectors + v] += value * weight[v]; });
      });
    }
    unrolled<Rows>([&](auto r) { unrolled<Vectors>([&](auto v) { sums[r * stride + v] = sum[r * Vectors + v]; }); });
  }
};

// Whether so many rows leave registers for all vectors at once: few rows need many sums to keep the multipliers busy.
constexpr bool fits(int rows, int vectors) {
  return vectors <= kAbreast || (rows <= kRows / 2 && vectors == kVectors) || (rows == 1 && vectors == kMost);
}

template <class Kernel, class T>
using Micro = void (*)(const typename Kernel::template Left<T>&, const T*, int64_t, int64_t, Vec<T>*, int);

template <class Kernel, class T>
struct Micros {
  Micro<Kernel, T> of[kRows][kMost] = {};
  constexpr Micros() {
    unrolled<kRows>([this](auto r) {
      unrolled<kMost>([&](auto v) {
        if constexpr (fits(r + 1, v + 1)) of[r][v] = &Kernel::template run<T, r + 1, v + 1>;
      });
    });
  }
};

// A micro-kernel for a number of rows, 1 to kRows, and of vectors, 1 to kMost, that are known only when it runs.
//   sums  [rows, vectors], written
template <class Kernel, class T>
inline void tile(int rows, int vectors, const typename Kernel::template Left<T>& left, const Panel<T>& panel, Vec<T>* sums) {
  static constexpr Micros<Kernel, T> micros;
  for (int v = 0; v < vectors;) {
    const int left_over = vectors - v, wide = left_over < kAbreast ? left_over : kAbreast;
    int count = left_over;
    while (!fits(rows, count)) --count;
    const int64_t step = panel.step ? panel.step : wide * width<T>;
    const T* at = panel.at + v * panel.apart + panel.skip * step;
    micros.of[rows - 1][count - 1](left, at, step, panel.apart, sums + v, vectors);
    v += count;
  }
}

}  // namespace recollect::RECOLLECT_ISA
