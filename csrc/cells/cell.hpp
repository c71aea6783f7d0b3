// What a cell sees of one row and one vector of units, and what it gives back.
//
// A cell is a struct with a Shape and pointwise functions:
//   Vec<T> forward(const Vec<T>* sums, const Before<T>&, const Own<T>&, Vec<T>* saved)
//     c; of a cell without one, h. sums: the pre-activations, [gates]; of a split cell W x + b first and then R h,
//     [2 * gates]. saved: for the way back, the gates first.
//   Vec<T> show(Vec<T> gate, Vec<T> c)
//     h of a cell with c; gate: the last one. Apart, since c of all rows is computed before h of any: h waits for c.
//   Back<T> backward(const Vec<T>* saved, const Before<T>&, const Own<T>&, After<T> after, Vec<T>* grads)
//     after: the gradients of c and h. grads: those of the sums, then those of the cell's own parameters, [own].
#pragma once

#include "../math.hpp"
#include "../simd.hpp"

namespace recollect::RECOLLECT_ISA {

struct Shape {
  int gates;           // G: vectors of W x and of R h
  int saved;           // S: vectors kept for the backward pass, the gates first
  int own = 0;         // E: parameters of each unit
  bool split = false;  // W x and R h reach the cell apart
  bool sees_h = false; // h of the step before is read by other ways than R
  bool has_c = true;   // there is a cell value
  bool whole = false;  // a whole row of units is needed at once (layernorm.hpp)
  constexpr int sums() const { return split ? 2 * gates : gates; }
  constexpr int record() const { return sums() + own + (whole ? gates : 0); }
  constexpr int bias() const { return whole ? sums() + own : 0; }  // where in a record the bias's gradients stand
};

// The state before the step. gap: the time since the step before, where the layer is told.
template <class T>
struct Before {
  Vec<T> c, h;
  T gap;
};

template <class T>
struct After {
  Vec<T> c, h;
};

// Gradients that reach the state before the step without going through R.
template <class T>
struct Back {
  Vec<T> dc, dh;
};

// The cell's own parameters for these units: row n of E.
template <class T>
struct Own {
  const T* at;
  int64_t stride;
  int lanes;
  RECOLLECT_INLINE Vec<T> operator()(int n) const { return load_part(at + n * stride, lanes); }
};

}  // namespace recollect::RECOLLECT_ISA
