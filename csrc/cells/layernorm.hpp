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

// Of `count` vectors a unit, which value(unit, k) gives with zeros in the lanes that are no units.
template <class T, class Value>
inline Norm<T> norm(const WholeRow<T>& row, int count, Value&& value) {
  const T number = static_cast<T>(count * row.units.H);
  Vec<T> total{}, spread{};
  for (int64_t unit = 0; unit < row.units.count(); ++unit) {
    for (int k = 0; k < count; ++k) total += value(unit, k);
  }
  const T mean = sum<T>(total) / number;
  for (int64_t unit = 0; unit < row.units.count(); ++unit) {
    const Vec<T> real = row.real(unit);
    for (int k = 0; k < count; ++k) {
      const Vec<T> off = (value(unit, k) - mean) * real;
      spread += off * off;
    }
  }
  return {mean, T{1} / std::sqrt(sum<T>(spread) / number + T(1e-5))};
}

template <class T, template <class> class Squash>
struct LayerNorm {
  static constexpr Shape shape{.gates = 4, .saved = 12, .own = 10, .split = true, .whole = true};
  static constexpr int W = width<T>;

  // sums: W x and R h of each unit vector, [units, 8, W]. Writes c, h [H] and saved.
  static void forward(const WholeRow<T>& row, const T* sums, T* c, T* h) {
    const auto of_x = norm<T>(row, 4, [&](int64_t unit, int k) { return load(sums + (unit * 8 + k) * W); });
    const auto of_h = norm<T>(row, 4, [&](int64_t unit, int k) { return load(sums + (unit * 8 + 4 + k) * W); });
    row.norms[0] = of_x.inverse;
    row.norms[1] = of_h.inverse;
    for (int64_t unit = 0; unit < row.units.count(); ++unit) {
      const int lanes = row.units.lanes(unit);
      Vec<T> gates[4];
      for (int k = 0; k < 4; ++k) {
        const Vec<T> x = (load(sums + (unit * 8 + k) * W) - of_x.mean) * of_x.inverse;
        const Vec<T> r = (load(sums + (unit * 8 + 4 + k) * W) - of_h.mean) * of_h.inverse;
        const Vec<T> preact = row.own(k, unit) * x + row.own(4 + k, unit) * r + row.at(row.b, k, row.units.H, unit);
        gates[k] = k == 2 ? Squash<T>::value(preact) : sigmoid(preact);
        store_part(row.saved + k * row.gate + unit * W, gates[k], lanes);
        store_part(row.saved + (4 + k) * row.gate + unit * W, x, lanes);
        store_part(row.saved + (8 + k) * row.gate + unit * W, r, lanes);
      }
      store_part(c + unit * W, gates[1] * row.at(row.c_old, 0, 0, unit) + gates[0] * gates[2], lanes);
    }
    const auto of_c = norm<T>(row, 1, [&](int64_t unit, int) { return row.at(c, 0, 0, unit); });
    for (int64_t unit = 0; unit < row.units.count(); ++unit) {
      const Vec<T> normal = (row.at(c, 0, 0, unit) - of_c.mean) * of_c.inverse;
      const Vec<T> shown = Squash<T>::value(row.own(8, unit) * normal + row.own(9, unit));
      store_part(h + unit * W, row.kept(3, unit) * shown, row.units.lanes(unit));
    }
  }

  // dh, dc [units, W]: the gradients of h and c; dc becomes that of c_old. record: [22, W] for each unit, `stride` apart:
  // the gradients of W x and of R h (4 each), of E (10), of b (4); they serve as scratch until they are final.
  static void backward(const WholeRow<T>& row, const T* dh, T* dc, T* record, int64_t stride) {
    const T H = static_cast<T>(row.units.H);
    const auto slot = [&](int64_t unit, int n) { return record + unit * stride + n * W; };
    const auto cell = [&](int64_t unit) {
      return row.kept(1, unit) * row.at(row.c_old, 0, 0, unit) + row.kept(0, unit) * row.kept(2, unit);
    };
    const auto of_c = norm<T>(row, 1, [&](int64_t unit, int) { return cell(unit); });
    Vec<T> total{}, along{};
    for (int64_t unit = 0; unit < row.units.count(); ++unit) {
      const Vec<T> normal = (cell(unit) - of_c.mean) * of_c.inverse, o = row.kept(3, unit), d = load(dh + unit * W);
      const Vec<T> shown = Squash<T>::value(row.own(8, unit) * normal + row.own(9, unit));
      const Vec<T> inner = d * o * Squash<T>::slope(shown), u = inner * row.own(8, unit);
      store(slot(unit, 16), inner * normal);
      store(slot(unit, 17), inner);
      store(slot(unit, 21), d * shown * o * (T{1} - o));
      total += u;
      along += u * normal;
    }
    const T mean = sum<T>(total) / H, share = sum<T>(along) / H;
    Vec<T> total_x{}, along_x{}, total_h{}, along_h{};
    for (int64_t unit = 0; unit < row.units.count(); ++unit) {
      const Vec<T> i = row.kept(0, unit), f = row.kept(1, unit), g = row.kept(2, unit), c_old = row.at(row.c_old, 0, 0, unit);
      const Vec<T> normal = (cell(unit) - of_c.mean) * of_c.inverse, u = load(slot(unit, 17)) * row.own(8, unit);
      const Vec<T> d = load(dc + unit * W) + of_c.inverse * (u - mean - normal * share);
      store(dc + unit * W, d * f);
      const Vec<T> grads[4] = {d * g * i * (T{1} - i), d * c_old * f * (T{1} - f), d * i * Squash<T>::slope(g),
                               load(slot(unit, 21))};
      for (int k = 0; k < 4; ++k) {
        const Vec<T> x = row.kept(4 + k, unit), r = row.kept(8 + k, unit);
        const Vec<T> to_x = grads[k] * row.own(k, unit), to_h = grads[k] * row.own(4 + k, unit);
        store(slot(unit, k), to_x);
        store(slot(unit, 4 + k), to_h);
        store(slot(unit, 8 + k), grads[k] * x);
        store(slot(unit, 12 + k), grads[k] * r);
        store(slot(unit, 18 + k), grads[k]);
        total_x += to_x;
        along_x += to_x * x;
        total_h += to_h;
        along_h += to_h * r;
      }
    }
    through(row, 4, row.norms[0], sum<T>(total_x) / (4 * H), sum<T>(along_x) / (4 * H), record, stride);
    through(row, 8, row.norms[1], sum<T>(total_h) / (4 * H), sum<T>(along_h) / (4 * H), record + 4 * W, stride);
  }

 private:
  // The gradient of v from that of its normal form, in place: inverse * (u - mean(u) - normal * mean(u * normal)).
  static void through(const WholeRow<T>& row, int normal, T inverse, T mean, T share, T* record, int64_t stride) {
    for (int64_t unit = 0; unit < row.units.count(); ++unit) {
      for (int k = 0; k < 4; ++k) {
        T* at = record + unit * stride + k * W;
        store(at, inverse * (load(at) - mean - row.kept(normal + k, unit) * share) * row.real(unit));
      }
    }
  }
};

}  // namespace recollect::RECOLLECT_ISA
