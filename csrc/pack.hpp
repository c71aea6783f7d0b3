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
  for (int64_t column = 0; column < C; column += W) {
    const int count = static_cast<int>(C - column < W ? C - column : W);
    for (int g = 0; g < G; ++g) {
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

// Columns [first, first + vectors * width) of M [G * H, C] -> a panel of the backward pass with a column for each of the
// G * H rows, in the order unit vector, gate, lane: the order of a record of gradients. What lies past C is zero.
template <class T>
inline void pack_by_column(const T* M, int G, int64_t H, int64_t C, int64_t first, int vectors, T* panel) {
  constexpr int W = width<T>;
  const Units<T> units{H};
  int64_t column = 0;
  for (int64_t unit = 0; unit < units.count(); ++unit) {
    for (int g = 0; g < G; ++g) {
      for (int lane = 0; lane < units.lanes(unit); ++lane, ++column) {
        const T* from = M + (g * H + unit * W + lane) * C + first;
        for (int v = 0; v < vectors; ++v) {
          const int64_t left = C - first - v * W;
          store(panel + panel_place<T>(v, vectors, column, G * H),
                left >= W ? load(from + v * W) : load_part(from + v * W, static_cast<int>(left)));
        }
      }
    }
  }
}

}  // namespace recollect::RECOLLECT_ISA
