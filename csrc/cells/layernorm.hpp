// The lstm with layer normalisation: gates from LN(W x; gain_x) + LN(R h; gain_h) + b, h = o * squash(LN(c; gain_c) + bias_c),
// where LN(v) = (v - mean) / sqrt(variance + 1e-5) over the whole row; own: gain_x (4), gain_h (4), gain_c, bias_c.
// Ba, Kiros & Hinton 2016, "Layer normalization", supplement, equations 20 to 22.
#pragma once

#include <cmath>

#include "whole.hpp"

namespace recollect::RECOLLECT_ISA {

template <class T>
struct Norm {
  T mean, inverse;  // 1 / sqrt(variance + epsilon)
};

// Of `count` vectors a unit, which value(some, k) gives with zeros in the lanes that are no units.
template <class T, class Value>
RECOLLECT_INLINE Norm<T> norm(const WholeRow<T>& row, int count, Value&& value) {
  const T number = static_cast<T>(count * row.units.H);
  Vec<T> total{}, spread{};
  row.each([&](const auto& some) {
    for (int k = 0; k < count; ++k) total += value(some, k);
  });
  const T mean = sum<T>(total) / number;
  row.each([&](const auto& some) {
    for (int k = 0; k < count; ++k) {
      const Vec<T> off = some.real(value(some, k) - mean);
      spread += off * off;
    }
  });
  return {mean, T{1} / std::sqrt(sum<T>(spread) / number + T(1e-5))};
}

template <class T, template <class> class Squash>
struct LayerNorm {
  static constexpr Shape shape{.gates = 4, .saved = 12, .own = 10, .split = true, .whole = true};
  static constexpr int W = width<T>;

  // sums: W x and R h of each unit vector, [units, 8, W]. Writes c, h [H] and saved.
  static void forward(const WholeRow<T>& row, const T* sums, T* c, T* h) {
    const auto sum_of = [&](const auto& some, int k) { return load(sums + (some.unit * 8 + k) * W); };
    const auto of_x = norm<T>(row, 4, [&](const auto& some, int k) { return sum_of(some, k); });
    const auto of_h = norm<T>(row, 4, [&](const auto& some, int k) { return sum_of(some, 4 + k); });
    row.norms[0] = of_x.inverse;
    row.norms[1] = of_h.inverse;
    row.each([&](const auto& some) {
      Vec<T> gates[4], preacts[4];
      unrolled<4>([&](auto k) {
        const Vec<T> x = (sum_of(some, k) - of_x.mean) * of_x.inverse;
        const Vec<T> r = (sum_of(some, 4 + k) - of_h.mean) * of_h.inverse;
        preacts[k] = some.own(k) * x + some.own(4 + k) * r + some.get(row.b, k, row.units.H);
        some.keep(4 + k, x);
        some.keep(8 + k, r);
      });
      values<T, Sigmoid, Sigmoid, Squash, Sigmoid>(preacts, gates);
      unrolled<4>([&](auto k) { some.keep(k, gates[k]); });
      some.put(c, gates[1] * some.get(row.c_old) + gates[0] * gates[2]);
    });
    const auto of_c = norm<T>(row, 1, [&](const auto& some, int) { return some.get(c); });
    row.each([&](const auto& some) {
      const Vec<T> normal = (some.get(c) - of_c.mean) * of_c.inverse;
      some.put(h, some.kept(3) * value<T, Squash>(some.own(8) * normal + some.own(9)));
    });
  }

  // dh, dc [units, W]: the gradients of h and c; dc becomes that of c_old. record: [22, W] for each unit, `stride` apart:
  // the gradients of W x and of R h (4 each), of E (10), of b (4); they serve as scratch until they are final.
  static void backward(const WholeRow<T>& row, const T* dh, T* dc, T* record, int64_t stride) {
    const T H = static_cast<T>(row.units.H);
    const auto slot = [&](const auto& some, int n) { return record + some.unit * stride + n * W; };
    const auto normal_of = [&](const auto& some) { return load(slot(some, 20)); };
    row.each([&](const auto& some) {
      store(slot(some, 20), some.kept(1) * some.get(row.c_old) + some.kept(0) * some.kept(2));
    });
    const auto of_c = norm<T>(row, 1, [&](const auto& some, int) { return normal_of(some); });
    Vec<T> total{}, along{};
    row.each([&](const auto& some) {
      const Vec<T> normal = (normal_of(some) - of_c.mean) * of_c.inverse, o = some.kept(3), d = load(dh + some.unit * W);
      const Vec<T> shown = value<T, Squash>(some.own(8) * normal + some.own(9));
      const Vec<T> inner = d * o * Squash<T>::slope(shown), u = inner * some.own(8);
      store(slot(some, 16), inner * normal);
      store(slot(some, 17), inner);
      store(slot(some, 20), normal);
      store(slot(some, 21), d * shown * o * (T{1} - o));
      total += u;
      along += u * normal;
    });
    const T mean = sum<T>(total) / H, share = sum<T>(along) / H;
    Vec<T> total_x{}, along_x{}, total_h{}, along_h{};
    row.each([&](const auto& some) {
      const Vec<T> i = some.kept(0), f = some.kept(1), g = some.kept(2), c_old = some.get(row.c_old);
      const Vec<T> u = load(slot(some, 17)) * some.own(8);
      const Vec<T> d = load(dc + some.unit * W) + of_c.inverse * (u - mean - normal_of(some) * share);
      store(dc + some.unit * W, d * f);
      const Vec<T> grads[4] = {d * g * i * (T{1} - i), d * c_old * f * (T{1} - f), d * i * Squash<T>::slope(g),
                               load(slot(some, 21))};
      for (int k = 0; k < 4; ++k) {
        const Vec<T> x = some.kept(4 + k), r = some.kept(8 + k);
        const Vec<T> to_x = grads[k] * some.own(k), to_h = grads[k] * some.own(4 + k);
        store(slot(some, k), to_x);
        store(slot(some, 4 + k), to_h);
        store(slot(some, 8 + k), grads[k] * x);
        store(slot(some, 12 + k), grads[k] * r);
        store(slot(some, 18 + k), grads[k]);
        total_x += to_x;
        along_x += to_x * x;
        total_h += to_h;
        along_h += to_h * r;
      }
    });
    through(row, 4, row.norms[0], sum<T>(total_x) / (4 * H), sum<T>(along_x) / (4 * H), record, stride);
    through(row, 8, row.norms[1], sum<T>(total_h) / (4 * H), sum<T>(along_h) / (4 * H), record + 4 * W, stride);
  }

 private:
  // The gradient of v from that of its normal form, in place: inverse * (u - mean(u) - normal * mean(u * normal)).
  static void through(const WholeRow<T>& row, int normal, T inverse, T mean, T share, T* record, int64_t stride) {
    row.each([&](const auto& some) {
      for (int k = 0; k < 4; ++k) {
        T* at = record + some.unit * stride + k * W;
        store(at, some.real(inverse * (load(at) - mean - some.kept(normal + k) * share)));
      }
    });
  }
};

}  // namespace recollect::RECOLLECT_ISA
