// What a cell sees that needs all units of a row at once.
#pragma once

#include "../pack.hpp"
#include "../view.hpp"
#include "cell.hpp"

namespace recollect::RECOLLECT_ISA {

// One row of a whole-row cell: values of all units, the arrays as in recurrence.hpp.
template <class T>
struct WholeRow {
  Units<T> units;
  const T *c_old, *b, *E;  // of the step before; [4, H]; [10, H]
  T *saved, *norms;        // [12, H], `gate` apart: the gates, LN of W x and of R h before their gains; [2]: 1 / deviations
  int64_t gate;

  // One vector of units of it: whole, or with the first lanes real and zeros in the others.
  template <bool part>
  struct Some {
    const WholeRow& row;
    int64_t unit;
    Lanes<T, part> lane;

    RECOLLECT_INLINE Vec<T> get(const T* from, int64_t index = 0, int64_t stride = 0) const {
      return lane.get(from + index * stride + unit * width<T>);
    }
    RECOLLECT_INLINE void put(T* to, Vec<T> value) const { lane.put(to + unit * width<T>, value); }
    RECOLLECT_INLINE Vec<T> own(int index) const { return get(row.E, index, row.units.H); }
    RECOLLECT_INLINE Vec<T> kept(int index) const { return get(row.saved, index, row.gate); }
    RECOLLECT_INLINE void keep(int index, Vec<T> value) const { put(row.saved + index * row.gate, value); }
    RECOLLECT_INLINE Vec<T> real(Vec<T> value) const {  // zero in lanes that are no units
      constexpr T ones[16] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
      if constexpr (part) return value * load_part(ones, lane.count);
      return value;
    }
  };

  // work(some) for each vector of units, in order.
  template <class Work>
  RECOLLECT_INLINE void each(Work&& work) const {
    for (int64_t unit = 0; unit < units.full(); ++unit) work(Some<false>{*this, unit, {width<T>}});
    if (const int64_t last = units.full(); last < units.count()) work(Some<true>{*this, last, {units.lanes(last)}});
  }
};

}  // namespace recollect::RECOLLECT_ISA
