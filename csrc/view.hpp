// A layer's addresses as typed pointers.
#pragma once

#include "plan.hpp"
#include "recurrence.hpp"
#include "simd.hpp"

namespace recollect::RECOLLECT_ISA {

template <class T>
struct View {
  T* at;
  int64_t time, row;
  explicit View(const Sequence& from) : at(reinterpret_cast<T*>(from.at)), time(from.time), row(from.row) {}
  RECOLLECT_INLINE T* operator()(int64_t t, int64_t n) const { return at + t * time + n * row; }
};

template <class T>
struct Views {
  View<const T> x, gaps, dy;
  View<T> y, gates, cells, norms, inner, dx;
  const T *h0, *c0, *W, *R, *b, *E, *Q, *h_mask, *dhT, *dcT;
  T *hT, *cT, *dh0, *dc0, *dW, *dR, *db, *dE, *dQ;

  explicit Views(const Layer& layer)
      : x(layer.x), gaps(layer.gaps), dy(layer.dy), y(layer.y), gates(layer.gates), cells(layer.cells),
        norms(layer.norms), inner(layer.inner), dx(layer.dx), h0(in(layer.h0)), c0(in(layer.c0)), W(in(layer.W)), R(in(layer.R)),
        b(in(layer.b)), E(in(layer.E)), Q(in(layer.Q)), h_mask(in(layer.h_mask)), dhT(in(layer.dhT)),
        dcT(in(layer.dcT)), hT(out(layer.hT)), cT(out(layer.cT)), dh0(out(layer.dh0)), dc0(out(layer.dc0)),
        dW(out(layer.dW)), dR(out(layer.dR)), db(out(layer.db)), dE(out(layer.dE)), dQ(out(layer.dQ)) {}

 private:
  static const T* in(Address address) { return reinterpret_cast<const T*>(address); }
  static T* out(Address address) { return reinterpret_cast<T*>(address); }
};

// Reads and writes a whole vector, or its first lanes.
template <class T, bool part>
struct Lanes {
  int count;
  RECOLLECT_INLINE Vec<T> get(const T* from) const {
    if constexpr (part) return load_part(from, count);
    return load(from);
  }
  RECOLLECT_INLINE void put(T* to, Vec<T> value) const {
    if constexpr (part) {
      store_part(to, value, count);
    } else {
      store(to, value);
    }
  }
};

template <class T>
inline void copy(const T* from, int64_t count, T* to) {
  if (from != to) __builtin_memcpy(to, from, static_cast<size_t>(count) * sizeof(T));
}

template <class T>
inline void clear(T* to, int64_t count) {
  __builtin_memset(to, 0, static_cast<size_t>(count) * sizeof(T));
}

}  // namespace recollect::RECOLLECT_ISA
