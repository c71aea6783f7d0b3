// Weights set in panels, in the order in which the micro-kernels read them, and gradients set back.
#pragma once

#include "fold.hpp"
#include "plan.hpp"
#include "simd.hpp"
#include "tile.hpp"

namespace recollect::RECOLLECT_ISA {

// H units in vectors: how many there are, and how many lanes of one are real.
template <class T>
struct Units {
  int64_t H;
  RECOLLECT_INLINE int64_t count() const { return (H + width<T> - 1) / width<T>; }
  RECOLLECT_INLINE int64_t full() const { return H / width<T>; }
  RECOLLECT_INLINE int lanes(int64_t unit) const {
    return static_cast<int>(H - unit * width<T> < width<T> ? H - unit * width<T> : width<T>);
  }
};

// M [G * H, C] -> the columns [skip, skip + C) of a panel of the forward pass, which has `columns` in all and the gates of a
// vector of units as its vectors; lanes past H are zero.
template <class T>
inline void pack_by_unit(const T* M, int G, int64_t H, int64_t C, int64_t unit, T* panel, int64_t columns, int64_t skip = 0) {
  constexpr int W = width<T>;
  const int lanes = Units<T>{H}.lanes(unit);
  if (C == 1) {
    for (int g = 0; g < G; ++g) {
      store(panel + panel_place<T>(g, G, skip, columns), load_part(M + g * H + unit * W, lanes));
    }
    return;
  }
  for (int g = 0; g < G; ++g) {  // few rows at a time: those of large layers lie a power of two apart, and share places in a cache
    for (int64_t column = 0; column < C; column += W) {
      const int count = static_cast<int>(C - column < W ? C - column : W);
      const T* from = M + (g * H + unit * W) * C + column;
      Vec<T> square[W] = {};
      for (int r = 0; r < lanes; ++r) square[r] = count == W ? load(from + r * C) : load_part(from + r * C, count);
      transpose<T>(square);
      for (int k = 0; k < count; ++k) store(panel + panel_place<T>(g, G, skip + column + k, columns), square[k]);
    }
  }
}

// The way back, for a gradient.
template <class T>
inline void unpack_by_unit(const T* panel, int G, int64_t H, int64_t C, int64_t unit, T* M) {
  constexpr int W = width<T>;
  const int lanes = Units<T>{H}.lanes(unit);
  if (C == 1) {
    for (int g = 0; g < G; ++g) store_part(M + g * H + unit * W, load(panel + g * W), lanes);
    return;
  }
  for (int64_t column = 0; column < C; column += W) {
    const int columns = static_cast<int>(C - column < W ? C - column : W);
    for (int g = 0; g < G; ++g) {
      const T* from = panel + (column * G + g) * W;
      T* to = M + (g * H + unit * W) * C + column;
      Vec<T> square[W] = {};
      for (int k = 0; k < columns; ++k) square[k] = load(from + k * G * W);
      transpose<T>(square);
      for (int r = 0; r < lanes; ++r) store_part(to + r * C, square[r], columns);
    }
  }
}

// M [G * H, C] -> the panels of the backward pass: one for each `side` vectors of columns, every `apart`-th of them from
// `begin` on. A panel has a column for each of the G * H rows, in the order unit vector, gate, lane: the order of a record
// of gradients. What lies past C is zero. Each row is read from end to end: there are more of them than pages at hand.
template <class T>
inline void pack_by_column(const T* M, int G, int64_t H, int64_t C, int side, int64_t begin, int64_t apart, T* panels) {
  constexpr int W = width<T>;
  const Units<T> units{H}, columns{C};
  int64_t place = 0;
  for (int64_t unit = 0; unit < units.count(); ++unit) {
    for (int64_t row = 0; row < G * units.lanes(unit); ++row, ++place) {
      const T* from = M + (row / units.lanes(unit) * H + unit * W + row % units.lanes(unit)) * C;
      for (int64_t first = begin * side; first < columns.count(); first += apart * side) {
        const int64_t left = columns.count() - first;
        const int vectors = static_cast<int>(left < side ? left : side);
        T* panel = panels + first * W * G * H;
        for (int v = 0; v < vectors; ++v) {
          const int lanes = columns.lanes(first + v);
          const T* at = from + (first + v) * W;
          store(panel + panel_place<T>(v, vectors, place, G * H), lanes == W ? load(at) : load_part(at, lanes));
        }
      }
    }
  }
}

}  // namespace recollect::RECOLLECT_ISA
