// What a cell sees that needs all units of a row at once.
#pragma once

#include "../pack.hpp"
#include "cell.hpp"

namespace recollect::RECOLLECT_ISA {

// One row of a whole-row cell: values of all units, the arrays as in recurrence.hpp.
template <class T>
struct WholeRow {
  Units<T> units;
  const T *c_old, *b, *E;  // of the step before; [4, H]; [10, H]
  T *saved, *norms;        // [12, H], `gate` apart: the gates, LN of W x and of R h before their gains; [2]: 1 / deviations
  int64_t gate;

  RECOLLECT_INLINE Vec<T> at(const T* from, int64_t index, int64_t stride, int64_t unit) const {
    return load_part(from + index * stride + unit * width<T>, units.lanes(unit));
  }
  RECOLLECT_INLINE Vec<T> own(int index, int64_t unit) const { return at(E, index, units.H, unit); }
  RECOLLECT_INLINE Vec<T> kept(int index, int64_t unit) const { return at(saved, index, gate, unit); }
  RECOLLECT_INLINE Vec<T> real(int64_t unit) const {  // 1 in lanes that are units, else 0
    constexpr T ones[16] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    return load_part(ones, units.lanes(unit));
  }
};

}  // namespace recollect::RECOLLECT_ISA
