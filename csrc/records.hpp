// Gradients that the backward pass leaves for each row and step of a chunk, laid out as panels of the micro-kernels.
#pragma once

#include "pack.hpp"
#include "tile.hpp"

namespace recollect::RECOLLECT_ISA {

// [units, places, record, width]: for each vector of units and each place (a row at a step) `record` vectors, of which the
// first G are the gradients of G gates.
template <class T>
struct Records {
  static constexpr int W = width<T>;
  Units<T> units;
  int64_t places;
  int G, record;
  T* at_ = nullptr;

  int64_t apart() const { return places * record * W; }  // values from one vector of units to the next
  int64_t size() const { return units.count() * apart(); }
  RECOLLECT_INLINE T* at(int64_t unit, int64_t place) const { return at_ + unit * apart() + place * record * W; }

  // sums = records M for some columns of M [G * H, columns] (pack_by_column); rows point to their records of unit 0.
  void multiply(int count, int vectors, const T* const* rows, const T* panel, Vec<T>* sums) const {
    const int64_t full = units.full(), stride = apart();
    const T* rest[kRows] = {};
    for (int r = 0; r < count; ++r) rest[r] = rows[r] + full * stride;
    const int64_t over = full < units.count() ? G : 0;
    tile<Product>(count, vectors, {{{rows, full, G * W, stride}, {rest, over, units.lanes(full), W}}},
                  Panel<T>::set(panel, G * units.H), sums);
  }
};

}  // namespace recollect::RECOLLECT_ISA
