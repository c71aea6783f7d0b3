// The gated recurrent unit, in the form of cuDNN and PyTorch: gates r z n, own: e, the bias behind the reset gate.
//   r = sigmoid(.)   z = sigmoid(.)   n = squash(W_n x + b_n + r * (R_n h + e))   h = (1 - z) * n + z * h
// Cho et al. 2014, "Learning phrase representations using RNN encoder-decoder", section 2.3.
#pragma once

#include "cell.hpp"

namespace recollect::RECOLLECT_ISA {

template <class T, template <class> class Squash>
struct Gru {
  static constexpr Shape shape{.gates = 3, .saved = 4, .own = 1, .split = true, .sees_h = true, .has_c = false};

  RECOLLECT_INLINE static Vec<T> forward(const Vec<T>* sums, const Before<T>& before, const Own<T>& own, Vec<T>* saved) {
    const Vec<T>* through_R = sums + 3;
    const Vec<T> both[2] = {sums[0] + through_R[0], sums[1] + through_R[1]};
    values<T, Sigmoid, Sigmoid>(both, saved);
    const Vec<T> r = saved[0], z = saved[1];
    const Vec<T> inner = saved[3] = through_R[2] + own(0);
    const Vec<T> n = saved[2] = value<T, Squash>(sums[2] + r * inner);
    return n + z * (before.h - n);
  }

  RECOLLECT_INLINE static Back<T> backward(const Vec<T>* saved, const Before<T>& before, const Own<T>&, After<T> after, Vec<T>* grads) {
    const Vec<T> r = saved[0], z = saved[1], n = saved[2], inner = saved[3];
    grads[1] = grads[4] = after.h * (before.h - n) * z * (T{1} - z);
    grads[2] = after.h * (T{1} - z) * Squash<T>::slope(n);
    grads[0] = grads[3] = grads[2] * inner * r * (T{1} - r);
    grads[5] = grads[6] = grads[2] * r;
    return {Vec<T>{}, after.h * z};
  }
};

}  // namespace recollect::RECOLLECT_ISA
