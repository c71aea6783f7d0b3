// The lstm whose gates look at the cell: i and f at c of the step before, o at the new one; own: p_i, p_f, p_o.
// Gers & Schmidhuber 2000, "Recurrent nets that time and count", section 2.
#pragma once

#include "cell.hpp"

namespace recollect::RECOLLECT_ISA {

template <class T, template <class> class Squash>
struct Peephole {
  static constexpr Shape shape{.gates = 4, .saved = 4, .own = 3};

  RECOLLECT_INLINE static Vec<T> forward(const Vec<T>* sums, const Before<T>& before, const Own<T>& own, Vec<T>* saved) {
    const Vec<T> seeing_c[3] = {sums[0] + own(0) * before.c, sums[1] + own(1) * before.c, sums[2]};
    values<T, Sigmoid, Sigmoid, Squash>(seeing_c, saved);
    const Vec<T> i = saved[0], f = saved[1], g = saved[2];
    const Vec<T> c = f * before.c + i * g;
    saved[3] = value<T, Sigmoid>(sums[3] + own(2) * c);
    return c;
  }

  RECOLLECT_INLINE static Vec<T> show(Vec<T> o, Vec<T> c) { return o * value<T, Squash>(c); }

  RECOLLECT_INLINE static Back<T> backward(const Vec<T>* saved, const Before<T>& before, const Own<T>& own, After<T> after, Vec<T>* grads) {
    const Vec<T> i = saved[0], f = saved[1], g = saved[2], o = saved[3];
    const Vec<T> c = f * before.c + i * g, s = value<T, Squash>(c);
    grads[3] = after.h * s * o * (T{1} - o);
    const Vec<T> dc = after.c + after.h * o * Squash<T>::slope(s) + grads[3] * own(2);
    grads[0] = dc * g * i * (T{1} - i);
    grads[1] = dc * before.c * f * (T{1} - f);
    grads[2] = dc * i * Squash<T>::slope(g);
    grads[4] = grads[0] * before.c;
    grads[5] = grads[1] * before.c;
    grads[6] = grads[3] * c;
    return {dc * f + grads[0] * own(0) + grads[1] * own(1), Vec<T>{}};
  }
};

}  // namespace recollect::RECOLLECT_ISA
