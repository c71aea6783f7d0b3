// What a chunk of steps adds to the gradients of weights and inputs: products of the records that the backward pass
// leaves. A record is [G + own, width] for one row, step and vector of units: the gradients of the pre-activations, then
// those of the cell's own parameters. The sums run over the records in their order, so no number depends on threads.
#pragma once

#include "cells/cell.hpp"
#include "coin.hpp"
#include "pack.hpp"
#include "plan.hpp"
#include "threads.hpp"
#include "tile.hpp"
#include "view.hpp"
#include "workspace.hpp"

namespace recollect::RECOLLECT_ISA {

template <class T, class Cell>
class Gradients {
  static constexpr int W = width<T>, G = Cell::gates, kRecord = G + Cell::own;
  static constexpr int64_t kChunk = 256;  // records at least, if there are so many: then the panels are worth reading

  const Layer& layer_;
  const Plan& plan_;
  const Units<T> units_;
  const Views<T> view_;
  const int64_t steps_, places_;  // places for records: one of zeros, those of the chunk before, those of this chunk
  int64_t begin_ = 0, count_ = 0;
  // records [units, places, record]; sums [units, I + H, G, width]; totals [units, record]; masked [places, H]
  T *records_, *sums_, *totals_, *W_panels_, *masked_;
  const T **x_, **h_;
  T** dx_;
  int64_t* starts_;  // [steps]: the place of each step's first record

 public:
  Gradients(const Layer& layer, const Plan& plan)
      : layer_(layer), plan_(plan), units_{layer.H}, view_(layer),
        steps_(layer.B >= kChunk ? 1 : kChunk / layer.B < layer.T ? kChunk / layer.B : layer.T),
        places_(1 + layer.B + steps_ * layer.B) {}

  size_t bytes() const {
    const int64_t U = units_.count(), H = layer_.H;
    return Workspace::size<T>(U * places_ * kRecord * W) + Workspace::size<T>(U * (layer_.I + H) * G * W) +
           Workspace::size<T>(U * kRecord * W) + Workspace::size<T>(W_panels()) +
           Workspace::size<T>(layer_.h_mask ? places_ * H : 0) + 3 * Workspace::size<T*>(places_) +
           Workspace::size<int64_t>(steps_);
  }

  void take(Workspace& space) {
    const int64_t U = units_.count(), H = layer_.H;
    records_ = space.template take<T>(U * places_ * kRecord * W);
    sums_ = space.template take<T>(U * (layer_.I + H) * G * W);
    totals_ = space.template take<T>(U * kRecord * W);
    W_panels_ = space.template take<T>(W_panels());
    masked_ = space.template take<T>(layer_.h_mask ? places_ * H : 0);
    x_ = space.template take<const T*>(places_);
    h_ = space.template take<const T*>(places_);
    dx_ = space.template take<T*>(places_);
    starts_ = space.template take<int64_t>(steps_);
  }

  void prepare(int thread) {
    const int64_t I = layer_.I, H = layer_.H;
    for (int64_t unit = thread; unit < units_.count(); unit += plan_.threads) {
      clear(record(unit, 0), kRecord * W);
      clear(sums_ + unit * (I + H) * G * W, (I + H) * G * W);
      clear(totals_ + unit * kRecord * W, kRecord * W);
    }
    if (!view_.dx.at) return;
    for (int64_t column = thread * kVectors * W; column < I; column += plan_.threads * kVectors * W) {
      pack_by_column(view_.W, G, H, I, column, vectors(column), W_panels_ + column * G * H);
    }
  }

  int64_t steps() const { return steps_; }

  // The chunk of the backward pass's steps [begin, end) begins: the records of step begin - 1 are kept.
  void open(int64_t begin, int64_t end) {
    if (begin > 0) {
      const int64_t from = starts_[begin - 1 - begin_], rows = living(begin - 1);
      for (int64_t unit = 0; unit < units_.count(); ++unit) {
        copy(record(unit, from), rows * kRecord * W, record(unit, 1));
      }
    }
    begin_ = begin;
    count_ = 0;
    for (int64_t step = begin; step < end; ++step) {
      starts_[step - begin] = 1 + layer_.B + count_;
      count_ += living(step);
    }
  }

  const T* zero() const { return record(0, 0); }
  T* record(int64_t unit, int64_t position) const { return records_ + (unit * places_ + position) * kRecord * W; }
  int64_t position(int64_t place, int64_t step) const {
    return place + (step < begin_ ? 1 : starts_[step - begin_]);
  }

  // What a record's row read: the inputs and the h that R saw.
  void note(int64_t place, int64_t step, const T* x, const T* h, int64_t n, int64_t t) {
    const int64_t at = position(place, step), H = layer_.H;
    x_[at] = x;
    h_[at] = h;
    if (view_.dx.at) dx_[at] = view_.dx(t, n);
    if (!layer_.h_mask) return;
    h_[at] = masked_ + at * H;
    for (int64_t k = 0; k < H; ++k) masked_[at * H + k] = h[k] * view_.h_mask[n * H + k];
  }

  // sums += records M for a few columns of M [G * H, columns], packed by column.
  void multiply(int count, int vectors, const T* const* records, const T* panel, Vec<T>* sums) const {
    const int64_t full = units_.full(), stride = places_ * kRecord * W;
    tile<Product>(count, vectors, records, {full, G * W, stride, vectors * W}, panel, sums);
    if (full == units_.count()) return;
    const T* rest[kRows];
    for (int r = 0; r < count; ++r) rest[r] = records[r] + full * stride;
    tile<Product>(count, vectors, rest, {G, units_.lanes(full), W, vectors * W}, panel + full * G * W * vectors * W, sums);
  }

  // One thread's share of the chunk that is complete.
  void add(int thread) {
    const int64_t I = layer_.I, H = layer_.H, tiles_x = (I + kRows - 1) / kRows, tiles = tiles_x + (H + kRows - 1) / kRows;
    const int64_t tasks = units_.count() * tiles;
    for (int64_t task = thread * tasks / plan_.threads; task < (thread + 1) * tasks / plan_.threads; ++task) {
      const int64_t unit = task / tiles, n = task % tiles;
      T* sums = sums_ + unit * (I + H) * G * W;
      if (n == 0) total(unit);
      if (n < tiles_x) {
        outer(x_, unit, n * kRows, I, sums);
      } else {
        outer(h_, unit, (n - tiles_x) * kRows, H, sums + I * G * W);
      }
    }
    if (!view_.dx.at) return;
    const int64_t groups = (count_ + kRows - 1) / kRows;
    for (int64_t group = thread * groups / plan_.threads; group < (thread + 1) * groups / plan_.threads; ++group) {
      inputs(group * kRows);
    }
  }

  void finish(int thread) {
    const int64_t I = layer_.I, H = layer_.H;
    for (int64_t unit = thread; unit < units_.count(); unit += plan_.threads) {
      const T *sums = sums_ + unit * (I + H) * G * W, *totals = totals_ + unit * kRecord * W;
      unpack_by_unit(sums, G, H, I, unit, view_.dW);
      unpack_by_unit(sums + I * G * W, G, H, H, unit, view_.dR);
      unpack_by_unit(totals, G, H, 1, unit, view_.db);
      unpack_by_unit(totals + G * W, Cell::own, H, 1, unit, view_.dE);
    }
  }

 private:
  int64_t living(int64_t step) const { return plan_.living[plan_.time(layer_.T - 1 - step)]; }
  int64_t W_panels() const { return view_.dx.at ? (layer_.I + W - 1) / W * W * G * layer_.H : 0; }
  int vectors(int64_t column) const {
    const int64_t left = (layer_.I - column + W - 1) / W;
    return static_cast<int>(left < kVectors ? left : kVectors);
  }
  int64_t chunk() const { return 1 + layer_.B; }  // the place of the chunk's first record

  // Rows [first, first + kRows) of the transposed gradient of W or R, for one vector of units.
  void outer(const T* const* left, int64_t unit, int64_t first, int64_t columns, T* sums) {
    const int count = static_cast<int>(columns - first < kRows ? columns - first : kRows);
    Vec<T> add[kRows * G] = {};
    tile<Outer, T, G>(count, left + chunk(), {1, count_, first, kRecord * W}, record(unit, chunk()), add);
    for (int n = 0; n < count * G; ++n) {
      T* to = sums + (first * G + n) * W;
      store(to, load(to) + add[n]);
    }
  }

  // The sums of the records themselves: gradients of the bias and of the cell's own parameters.
  void total(int64_t unit) {
    Vec<T> add[kRecord] = {};
    const T* from = record(unit, chunk());
    for (int64_t p = 0; p < count_; ++p) {
      for (int s = 0; s < kRecord; ++s, from += W) add[s] += load(from);
    }
    for (int s = 0; s < kRecord; ++s) {
      T* to = totals_ + (unit * kRecord + s) * W;
      store(to, load(to) + add[s]);
    }
  }

  // The gradients of the inputs of a few records.
  void inputs(int64_t first) {
    const int count = static_cast<int>(count_ - first < kRows ? count_ - first : kRows);
    const T* records[kRows];
    for (int r = 0; r < count; ++r) records[r] = record(0, chunk() + first + r);
    for (int64_t column = 0; column < layer_.I; column += kVectors * W) {
      Vec<T> sums[kRows * kVectors] = {};
      multiply(count, vectors(column), records, W_panels_ + column * G * layer_.H, sums);
      for (int r = 0; r < count; ++r) {
        for (int v = 0; v < vectors(column); ++v) {
          const int64_t at = column + v * W, left = layer_.I - at;
          T* to = dx_[chunk() + first + r] + at;
          store_part(to, sums[r * vectors(column) + v], static_cast<int>(left < W ? left : W));
        }
      }
    }
  }
};

}  // namespace recollect::RECOLLECT_ISA
