// The network that the lstm replaced: h = squash(W x + R h + b). Elman 1990, "Finding structure in time".
#pragma once

#include "cell.hpp"

namespace recollect::RECOLLECT_ISA {

template <class T, template <class> class Squash>
struct Rnn {
  static constexpr Shape shape{.gates = 1, .saved = 1, .has_c = false};

  RECOLLECT_INLINE static Vec<T> forward(const Vec<T>* sums, const Before<T>&, const Own<T>&, Vec<T>* saved) {
    return saved[0] = value<T, Squash>(sums[0]);
  }

  RECOLLECT_INLINE static Back<T> backward(const Vec<T>* saved, const Before<T>&, const Own<T>&, After<T> after, Vec<T>* grads) {
    grads[0] = after.h * Squash<T>::slope(saved[0]);
    return {Vec<T>{}, Vec<T>{}};
  }
};

}  // namespace recollect::RECOLLECT_ISA
