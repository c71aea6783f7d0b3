// Products with weights as they lie: for a few rows and steps, setting panels would cost more than it saves.
#pragma once

#include "fold.hpp"
#include "pack.hpp"
#include "simd.hpp"

namespace recollect::RECOLLECT_ISA {

// Whether packing would cost more than it saves: for few rows and steps, and for one step with more weights than a cache holds.
inline bool loose_pays(int64_t steps, int64_t rows, int64_t weights) {
  constexpr int64_t few = 8, once = 64, many = 1 << 18;
  return steps * rows <= (steps == 1 && weights > many ? once : few);
}

// part[n] += rows[n] x, still to be summed over the lanes, for a vector's worth of rows [C]; x [C].
template <class T>
RECOLLECT_INLINE void add_dots(const T* const* rows, int64_t C, const T* x, Vec<T>* part) {
  constexpr int W = width<T>;
  const int rest = static_cast<int>(C % W);
  const int64_t whole = C - rest;
  const T* row[W];
  unrolled<W>([&](auto n) { row[n] = rows[n]; });
  for (int64_t k = 0; k < whole; k += W) {
    const Vec<T> value = load(x + k);
    unrolled<W>([&](auto n) { part[n] += load(row[n] + k) * value; });
  }
  if (rest) {
    const Vec<T> value = load_part(x + whole, rest);
    unrolled<W>([&](auto n) { part[n] += load_part(row[n] + whole, rest) * value; });
  }
}

// A matrix [G * H, C] and what it is multiplied with [C].
template <class T>
struct Loose {
  const T* M;
  int64_t C;
  const T* x;
};

// The sums of the products of one gate for a vector of units; zero in lanes past the last unit.
template <class T>
inline Vec<T> dots(int g, Units<T> units, int64_t unit, const Loose<T>* products, int count) {
  constexpr int W = width<T>;
  const int last = units.lanes(unit) - 1;
  Vec<T> part[W] = {};
  for (const Loose<T>*product = products, *end = products + count; product < end; ++product) {
    const T* rows[W];
    const T* first = product->M + (g * units.H + unit * W) * product->C;
    unrolled<W>([&](auto n) { rows[n] = first + (n < last ? int{n} : last) * product->C; });
    add_dots<T>(rows, product->C, product->x, part);
  }
  const Vec<T> sums = fold<T>(part);
  if (last + 1 == W) return sums;
  T all[W];
  store(all, sums);
  return load_part(all, last + 1);
}

}  // namespace recollect::RECOLLECT_ISA
