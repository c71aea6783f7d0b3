// The coins of zoneout: counter-based, so that a coin depends on its place alone and on no thread. kernels/coin.py is the
// definition.
#pragma once

#include "recurrence.hpp"
#include "simd.hpp"

namespace recollect::RECOLLECT_ISA {

template <class Whole>
RECOLLECT_INLINE Whole mix(Whole v) {
  v ^= v >> 16;
  v *= 0x85ebca6bU;
  v ^= v >> 13;
  v *= 0xc2b2ae35U;
  return v ^ (v >> 16);
}

// As many counters as there are lanes of T.
template <class T>
struct Counters {
  typedef uint32_t type __attribute__((vector_size(4 * width<T>)));
};

// What to keep of the old value, 0 or 1 in each lane, or the share itself where the expectation is asked for.
template <class T>
struct Coins {
  uint32_t low, high, bound;
  T share;
  bool mean;

  Coins(const Layer& layer, int stream, double given)
      : low(static_cast<uint32_t>(layer.seed)),
        high(static_cast<uint32_t>(layer.seed >> 32) + static_cast<uint32_t>(stream) * 0x9e3779b9U),
        bound(given * 4294967296.0 >= 4294967295.0 ? 0xffffffffU : static_cast<uint32_t>(given * 4294967296.0 + 0.5)),
        share(static_cast<T>(given)),
        mean(layer.zone_mean) {}

  // counter: that of the first lane; the others follow.
  RECOLLECT_INLINE Vec<T> keep(int64_t counter) const {
    if (mean) return splat(share);
    typename Counters<T>::type places;
    for (int lane = 0; lane < width<T>; ++lane) places[lane] = static_cast<uint32_t>(counter) + static_cast<uint32_t>(lane);
    const auto below = mix(mix(places ^ low) + high) < bound;  // -1 where it is
    return -__builtin_convertvector(below, Vec<T>);
  }
};

}  // namespace recollect::RECOLLECT_ISA
