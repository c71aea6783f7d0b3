// Products with weights as they lie: for a few rows and steps, setting panels would cost more than it saves.
#pragma once

#include <utility>

#include "pack.hpp"
#include "simd.hpp"
#include "tile.hpp"

namespace recollect::RECOLLECT_ISA {

// Each block of 2 * half lanes: the halves of a's block summed, then those of b's.
template <class T, int half, int... lane>
RECOLLECT_INLINE Vec<T> fold(Vec<T> a, Vec<T> b, std::integer_sequence<int, lane...>) {
  constexpr int W = width<T>;
  constexpr auto place = [](int n, bool upper) {  // of the lane n of the result: in a, or behind it in b
    const int block = n / (2 * half) * 2 * half, within = n % half;
    return (n % (2 * half) < half ? 0 : W) + block + within + (upper ? half : 0);
  };
  return __builtin_shufflevector(a, b, place(lane, false)...) + __builtin_shufflevector(a, b, place(lane, true)...);
}

// Lane l of the result is the sum of all lanes of parts[l]; parts is scratch.
template <class T, int half = width<T> / 2>
RECOLLECT_INLINE Vec<T> fold_all(Vec<T>* parts) {
  unrolled<half>([&](auto n) {
    parts[n] = fold<T, half>(parts[n], parts[n + half], std::make_integer_sequence<int, width<T>>());
  });
  if constexpr (half > 1) {
    return fold_all<T, half / 2>(parts);
  } else {
    return parts[0];
  }
}

// sums[g] += M[g * H + units] x, for one vector of units; M [G * H, C], x [C].
template <class T>
inline void dots(const T* M, int G, Units<T> units, int64_t C, int64_t unit, const T* x, Vec<T>* sums) {
  constexpr int W = width<T>;
  const int lanes = units.lanes(unit);
  for (int g = 0; g < G; ++g) {
    Vec<T> parts[W] = {};
    const T* rows = M + (g * units.H + unit * W) * C;
    for (int lane = 0; lane < lanes; ++lane) {
      const T* row = rows + lane * C;
      Vec<T> part{};
      int64_t k = 0;
      for (; k + W <= C; k += W) part += load(row + k) * load(x + k);
      if (k < C) part += load_part(row + k, static_cast<int>(C - k)) * load_part(x + k, static_cast<int>(C - k));
      parts[lane] = part;
    }
    sums[g] += fold_all<T>(parts);
  }
}

}  // namespace recollect::RECOLLECT_ISA
