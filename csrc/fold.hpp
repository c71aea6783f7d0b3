// Sums across the lanes of many vectors at once, and squares turned about their diagonal.
#pragma once

#include "unrolled.hpp"
#include "simd.hpp"

namespace recollect::RECOLLECT_ISA {

// Of each block of 2 * half lanes: the lower halves of a and b side by side, or the upper ones.
template <class T, int half, bool upper, int... lane>
RECOLLECT_INLINE Vec<T> halves(Vec<T> a, Vec<T> b, std::integer_sequence<int, lane...>) {
  constexpr auto place = [](int n) {  // of the lane n of the result: in a, or behind it in b
    return (n % (2 * half) < half ? 0 : width<T>) + n / (2 * half) * 2 * half + n % half + (upper ? half : 0);
  };
  return __builtin_shufflevector(a, b, place(lane)...);
}

template <class T, int half, bool upper>
RECOLLECT_INLINE Vec<T> halves(Vec<T> a, Vec<T> b) {
  return halves<T, half, upper>(a, b, std::make_integer_sequence<int, width<T>>());
}

// Lane l of the result is the sum of all lanes of parts[l]; parts is scratch.
template <class T, int half = width<T> / 2>
RECOLLECT_INLINE Vec<T> fold(Vec<T>* parts) {
  unrolled<half>([&](auto n) {
    const Vec<T> a = parts[n], b = parts[n + half];
    parts[n] = halves<T, half, false>(a, b) + halves<T, half, true>(a, b);
  });
  if constexpr (half > 1) {
    return fold<T, half / 2>(parts);
  } else {
    return parts[0];
  }
}

// square[r][l] becomes square[l][r].
template <class T, int half = width<T> / 2>
RECOLLECT_INLINE void transpose(Vec<T>* square) {
  unrolled<width<T> / 2>([&](auto n) {
    constexpr int row = n / half * 2 * half + n % half;
    const Vec<T> a = square[row], b = square[row + half];
    square[row] = halves<T, half, false>(a, b);
    square[row + half] = halves<T, half, true>(a, b);
  });
  if constexpr (half > 1) transpose<T, half / 2>(square);
}

}  // namespace recollect::RECOLLECT_ISA
