// Products with weights as they lie: for a few rows and steps, setting panels would cost more than it saves.
#pragma once

#include "fold.hpp"
#include "pack.hpp"
#include "simd.hpp"

namespace recollect::RECOLLECT_ISA {

// parts[g][lane] += M[g * H + unit] x, still to be summed over the lanes of each; M [G * H, C], x [C]. Four rows at a time
// share what is read of x.
template <class T>
inline void multiply_loose(const T* M, int G, Units<T> units, int64_t C, int64_t unit, const T* x, Vec<T>* parts) {
  constexpr int W = width<T>, kAbreast = W < 4 ? W : 4;
  const int lanes = units.lanes(unit), rest = static_cast<int>(C % W);
  const int64_t whole = C - rest;
  for (int g = 0; g < G; ++g, parts += W) {
    for (int lane = 0; lane < lanes; lane += kAbreast) {
      const T* rows[kAbreast];
      Vec<T> part[kAbreast];
      unrolled<kAbreast>([&](auto n) {
        rows[n] = M + (g * units.H + unit * W + (lane + n < lanes ? lane + n : lanes - 1)) * C;
        part[n] = parts[lane + n];
      });
      for (int64_t k = 0; k < whole; k += W) {
        const Vec<T> value = load(x + k);
        unrolled<kAbreast>([&](auto n) { part[n] += load(rows[n] + k) * value; });
      }
      if (rest) {
        const Vec<T> value = load_part(x + whole, rest);
        unrolled<kAbreast>([&](auto n) { part[n] += load_part(rows[n] + whole, rest) * value; });
      }
      // past the last unit its row was read again, and does not count
      unrolled<kAbreast>([&](auto n) { parts[lane + n] = lane + n < lanes ? part[n] : Vec<T>{}; });
    }
  }
}

// sums[g] += the sums over lanes of parts[g]; parts becomes zero.
template <class T>
inline void fold_loose(int G, Vec<T>* parts, Vec<T>* sums) {
  for (int g = 0; g < G; ++g, parts += width<T>) {
    sums[g] += fold<T>(parts);
    for (int lane = 0; lane < width<T>; ++lane) parts[lane] = Vec<T>{};
  }
}

}  // namespace recollect::RECOLLECT_ISA
