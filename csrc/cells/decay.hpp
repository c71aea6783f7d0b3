// The lstm whose cell fades over the gap since the step before: c times exp(-max(0, w * gap + v)), then a step of the lstm;
// own: w, v. After Che et al. 2018, "Recurrent neural networks for multivariate time series with missing values", equation 3.
#pragma once

#include "lstm.hpp"

namespace recollect::RECOLLECT_ISA {

template <class T, template <class> class Squash>
struct Decay {
  static constexpr Shape shape{.gates = 4, .saved = 4, .own = 2};

  RECOLLECT_INLINE static Vec<T> forward(const Vec<T>* sums, const Before<T>& before, const Own<T>& own, Vec<T>* saved) {
    return Lstm<T, Squash>::forward(sums, faded(before, own), own, saved);
  }

  RECOLLECT_INLINE static Vec<T> show(Vec<T> o, Vec<T> c) { return Lstm<T, Squash>::show(o, c); }

  RECOLLECT_INLINE static Back<T> backward(const Vec<T>* saved, const Before<T>& before, const Own<T>& own, After<T> after, Vec<T>* grads) {
    const Back<T> back = Lstm<T, Squash>::backward(saved, faded(before, own), own, after, grads);
    const Vec<T> rate = own(0) * before.gap + own(1), kept = exp<T>(-value<T, Relu>(rate));
    grads[5] = rate > T{0} ? -back.dc * before.c * kept : Vec<T>{};
    grads[4] = grads[5] * before.gap;
    return {back.dc * kept, Vec<T>{}};
  }

 private:
  RECOLLECT_INLINE static Before<T> faded(const Before<T>& before, const Own<T>& own) {
    return {before.c * exp<T>(-value<T, Relu>(own(0) * before.gap + own(1))), before.h, before.gap};
  }
};

}  // namespace recollect::RECOLLECT_ISA
