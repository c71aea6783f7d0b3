// The two passes of cells that need all units of a row at once: what is elementwise elsewhere waits until a row is there.
#pragma once

#include "backward.hpp"
#include "forward.hpp"

namespace recollect::RECOLLECT_ISA {

template <class T>
void Forward<T>::hold(int64_t first, int count, int64_t unit, const Vec<T>* sums, const Vec<T>* through_R, int64_t t) {
  for (int r = 0; r < count; ++r) {
    const T* begin = start(first + r, unit, t);
    T* to = whole_ + (first + r) * whole() + unit * 2 * G * W;
    for (int g = 0; g < G; ++g) {
      store(to + g * W, sums[r * G + g] + load(begin + g * W));
      store(to + (G + g) * W, through_R[r * G + g]);
    }
  }
}

template <class T>
template <class Cell>
void Forward<T>::finish_whole(int64_t place, int64_t t) {
  const Row& row = rows_[place];
  T* sums = whole_ + place * whole();
  T* spare = sums + units_.count() * cell_.sums() * W;
  const int64_t padded = units_.count() * W;
  T* c_old = spare + cell_.saved * padded + W;  // a copy: in inference the new c is written over the old one
  copy(row.c, layer_.H, c_old);
  const WholeRow<T> view{units_, c_old, view_.b, view_.E, row.gates ? row.gates : spare,
                         row.gates ? view_.norms(t, row.n) : spare + cell_.saved * padded,
                         row.gates ? layer_.gate : padded};
  Cell::forward(view, sums, row.c_new, row.m);
  for (int64_t unit = 0; unit < units_.count(); ++unit) {
    const Lanes<T, true> lane{units_.lanes(unit)};
    const int64_t at = unit * W;
    if (layer_.zone_c > 0) {
      Vec<T> c = lane.get(row.c_new + at);
      zone_c(row, at, t, lane.get(c_old + at), c);
      lane.put(row.c_new + at, c);
    }
    if (layer_.zone_h > 0 && !layer_.P) {
      Vec<T> h = lane.get(row.m + at);
      zone_h(row, at, t, lane.get(row.h_old + at), h);
      lane.put(row.m + at, h);
    }
  }
}

template <class T>
void Backward<T>::hold(int64_t first, int count, int64_t unit, const Vec<T>* dh, int64_t t) {
  for (int r = 0; r < count; ++r) {
    for (int v = 0; v < vectors(units_, unit); ++v) {
      const int64_t at = (unit + v) * W, own = (first + r) * padded_ + at;
      Vec<T> kept{};
      const Lanes<T, true> lane{units_.lanes(unit + v)};
      const After<T> after = arriving_both(first + r, dh[r * vectors(units_, unit) + v], at, lane, t, kept);
      store(whole_ + own, after.h);
      store(whole_ + layer_.B * padded_ + own, kept);
      store(dc_ + own, after.c);
    }
  }
}

template <class T>
template <class Cell>
void Backward<T>::retrace_whole(int64_t place, int64_t t) {
  const Row& row = rows_[place];
  T *dc = dc_ + place * padded_, *saved = const_cast<T*>(row.saved);
  const T* kept = whole_ + (layer_.B + place) * padded_;
  const WholeRow<T> view{units_, row.c_old, view_.b, view_.E, saved, view_.norms(t, row.n), layer_.gate};
  const Records<T>& records = sum_.records();
  Cell::backward(view, whole_ + place * padded_, dc, records.at(0, row.position), records.at(1, 0) - records.at(0, 0));
  for (int64_t k = 0; layer_.zone_c > 0 && k < padded_; ++k) dc[k] += kept[k];
}

}  // namespace recollect::RECOLLECT_ISA
