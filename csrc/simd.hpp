// Vectors of the width that the instruction set at hand offers: the language's own operators work lane by lane.
// Included by sources that are compiled once for each instruction set, into a namespace of its own (RECOLLECT_ISA).
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "inline.hpp"

namespace recollect::RECOLLECT_ISA {

#if defined(__AVX512F__)
constexpr int kBytes = 64;
#elif defined(__AVX__)
constexpr int kBytes = 32;
#else
constexpr int kBytes = 16;  // SSE2, NEON, or whatever the compiler makes of it
#endif

template <class T>
constexpr int width = kBytes / static_cast<int>(sizeof(T));  // lanes of a vector of T

template <class T>
struct VectorOf {
  typedef T type __attribute__((vector_size(kBytes)));
};
template <class T>
using Vec = typename VectorOf<T>::type;

// The whole number of the same size as T, for its bits.
template <class T>
using Bits = std::conditional_t<sizeof(T) == 4, int32_t, int64_t>;

// Lane by lane, so that a value in memory is one broadcasting load: a sum with zero would be an addition as well.
template <class T, int... lane>
RECOLLECT_INLINE Vec<T> splat(T value, std::integer_sequence<int, lane...>) {
  return Vec<T>{((void)lane, value)...};
}
template <class T>
RECOLLECT_INLINE Vec<T> splat(T value) {
  return splat<T>(value, std::make_integer_sequence<int, width<T>>());
}

// Memory need not be aligned.
template <class T>
RECOLLECT_INLINE Vec<T> load(const T* from) {
  Vec<T> value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <class T>
RECOLLECT_INLINE void store(T* to, Vec<T> value) {
  std::memcpy(to, &value, sizeof value);
}

// The first `lanes` of a vector, 0 <= lanes <= width; the others are zero, and no other memory is touched.
template <class T>
RECOLLECT_INLINE Vec<T> load_part(const T* from, int lanes) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) {
    return (Vec<T>)_mm512_maskz_loadu_ps(static_cast<__mmask16>((1U << lanes) - 1U), from);
  } else {
    return (Vec<T>)_mm512_maskz_loadu_pd(static_cast<__mmask8>((1U << lanes) - 1U), from);
  }
#elif defined(__AVX__)
  static constexpr int32_t mask[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
  const int32_t* first = mask + 8 - lanes * static_cast<int>(sizeof(T) / 4);
  const __m256i real = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(first));
  if constexpr (sizeof(T) == 4) {
    return (Vec<T>)_mm256_maskload_ps(from, real);
  } else {
    return (Vec<T>)_mm256_maskload_pd(from, real);
  }
#else
  Vec<T> value{};
  for (int lane = 0; lane < lanes; ++lane) value[lane] = from[lane];
  return value;
#endif
}

template <class T>
RECOLLECT_INLINE void store_part(T* to, Vec<T> value, int lanes) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) {
    _mm512_mask_storeu_ps(to, static_cast<__mmask16>((1U << lanes) - 1U), (__m512)value);
  } else {
    _mm512_mask_storeu_pd(to, static_cast<__mmask8>((1U << lanes) - 1U), (__m512d)value);
  }
#else
  if (lanes == width<T>) return store(to, value);
  T all[width<T>];
  store(all, value);
  const T* from = all;
  for (int piece = width<T> / 2; piece > 0; piece /= 2) {  // of a fixed size each: no call
    if (!(lanes & piece)) continue;
    std::memcpy(to, from, piece * sizeof(T));
    to += piece, from += piece;
  }
#endif
}

// The smaller and the larger of a bound and x; where x is NaN, NaN. On x86 one instruction, which no compiler finds.
template <class T>
RECOLLECT_INLINE Vec<T> smaller(Vec<T> bound, Vec<T> x) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) return (Vec<T>)_mm512_min_ps((__m512)bound, (__m512)x);
  else return (Vec<T>)_mm512_min_pd((__m512d)bound, (__m512d)x);
#elif defined(__AVX__)
  if constexpr (sizeof(T) == 4) return (Vec<T>)_mm256_min_ps((__m256)bound, (__m256)x);
  else return (Vec<T>)_mm256_min_pd((__m256d)bound, (__m256d)x);
#else
  return bound < x ? bound : x;
#endif
}

template <class T>
RECOLLECT_INLINE Vec<T> larger(Vec<T> bound, Vec<T> x) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) return (Vec<T>)_mm512_max_ps((__m512)bound, (__m512)x);
  else return (Vec<T>)_mm512_max_pd((__m512d)bound, (__m512d)x);
#elif defined(__AVX__)
  if constexpr (sizeof(T) == 4) return (Vec<T>)_mm256_max_ps((__m256)bound, (__m256)x);
  else return (Vec<T>)_mm256_max_pd((__m256d)bound, (__m256d)x);
#else
  return bound > x ? bound : x;
#endif
}

// The sum of all lanes, halves onto halves: the same order on every machine of this width.
template <class T>
RECOLLECT_INLINE T sum(Vec<T> value) {
  T lanes[width<T>];
  store(lanes, value);
  for (int half = width<T> / 2; half > 0; half /= 2) {
    for (int lane = 0; lane < half; ++lane) lanes[lane] += lanes[lane + half];
  }
  return lanes[0];
}

}  // namespace recollect::RECOLLECT_ISA
