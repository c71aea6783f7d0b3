// What a chunk of steps adds to the gradients of weights and inputs: products of the records that the backward pass
// leaves. A record is [sums + own, width] for one row, step and vector of units: the gradients of the sums that the cell
// was given, then those of its own parameters. The sums run over the records in their order, so no number depends on threads.
#pragma once

#include "cells/whole.hpp"
#include "coin.hpp"
#include "pack.hpp"
#include "plan.hpp"
#include "records.hpp"
#include "threads.hpp"
#include "tile.hpp"
#include "view.hpp"
#include "workspace.hpp"

namespace recollect::RECOLLECT_ISA {

template <class T>
class Gradients {
  static constexpr int W = width<T>;
  static constexpr int64_t kChunk = 256;  // records at least, if there are so many: then the panels are worth reading

  const Layer& layer_;
  const Shape cell_;
  const int G, record_;
  const int64_t back_;  // where in a record the gradients of R h begin
  const Plan& plan_;
  const Units<T> units_;
  const Views<T> view_;
  const int64_t O_, steps_, places_;  // places: one of zeros, those of the step before the chunk, those of the chunk
  int64_t begin_ = 0, count_ = 0;
  Records<T> records_, outputs_;  // of pre-activations; of the outputs where they are projected
  // sums [units, I + O, G, width]; totals [units, record, width]; Q_sums [units of P, H, width]
  T *sums_, *totals_, *Q_sums_, *W_panels_;
  // What the rows of the records read, in strips for the micro-kernel: x, h as R saw it, and what the projection read.
  T *x_, *h_, *m_;  // [tiles of I, O, H; places; kRows]
  T** dx_;
  int64_t* starts_;  // [steps]: the place of each step's first record

 public:
  Gradients(const Layer& layer, const Plan& plan, Shape cell)
      : layer_(layer), cell_(cell), G(cell.gates), record_(cell.record()), back_(cell.split ? G * W : 0), plan_(plan), units_{layer.H}, view_(layer), O_(layer.P ? layer.P : layer.H),
        steps_(layer.B >= kChunk ? 1 : kChunk / layer.B < layer.T ? kChunk / layer.B : layer.T),
        places_(1 + layer.B + steps_ * layer.B), records_{units_, places_, G, record_},
        outputs_{{layer.P}, places_, 1, 1} {}

  template <class Space>
  void take(Space& space) {
    const int64_t U = units_.count();
    records_.at_ = space.template take<T>(records_.size());
    outputs_.at_ = space.template take<T>(outputs_.size());
    sums_ = space.template take<T>(U * (layer_.I + O_) * G * W);
    totals_ = space.template take<T>(U * record_ * W);
    Q_sums_ = space.template take<T>(outputs_.units.count() * layer_.H * W);
    W_panels_ = space.template take<T>(view_.dx.at ? (layer_.I + W - 1) / W * W * G * layer_.H : 0);
    x_ = space.template take<T>(tiles(layer_.I) * kRows * places_);
    h_ = space.template take<T>(tiles(O_) * kRows * places_);
    m_ = space.template take<T>(layer_.P ? tiles(layer_.H) * kRows * places_ : 0);
    dx_ = space.template take<T*>(places_);
    starts_ = space.template take<int64_t>(steps_);
  }

  void prepare(int thread) {
    const int64_t I = layer_.I, H = layer_.H;
    for (int64_t unit = thread; unit < units_.count(); unit += plan_.threads) {
      clear(records_.at(unit, 0), record_ * W);
      clear(sums_ + unit * (I + O_) * G * W, (I + O_) * G * W);
      clear(totals_ + unit * record_ * W, record_ * W);
    }
    for (int64_t unit = thread; unit < outputs_.units.count(); unit += plan_.threads) clear(Q_sums_ + unit * H * W, H * W);
    if (!view_.dx.at) return;
    pack_by_column(view_.W, G, H, I, kVectors, thread, plan_.threads, W_panels_);
  }

  int64_t steps() const { return steps_; }

  // The chunk of the backward pass's steps [begin, end) begins: the records of step begin - 1 are kept.
  void open(int64_t begin, int64_t end) {
    if (begin > 0) {
      const int64_t from = starts_[begin - 1 - begin_], rows = living(begin - 1);
      for (int64_t unit = 0; unit < units_.count(); ++unit) {
        copy(records_.at(unit, from), rows * record_ * W, records_.at(unit, 1));
      }
    }
    begin_ = begin;
    count_ = 0;
    for (int64_t step = begin; step < end; ++step) {
      starts_[step - begin] = 1 + layer_.B + count_;
      count_ += living(step);
    }
  }

  const Records<T>& records() const { return records_; }
  const Records<T>& outputs() const { return outputs_; }
  // sums = records R, for some columns of R.
  void through_R(int count, int vectors, const T* const* records, const T* panel, Vec<T>* sums) const {
    const T* back[kRows] = {};
    for (int r = 0; r < count; ++r) back[r] = records[r] + back_;
    records_.multiply(count, vectors, back, panel, sums);
  }
  const T* zero() const { return records_.at(0, 0); }
  int64_t position(int64_t place, int64_t step) const {
    return place + (step < begin_ ? 1 : starts_[step - begin_]);
  }

  // What the row of a record read.
  void note(int64_t position, int64_t n, int64_t t, const T* h) {
    set(view_.x(t, n), nullptr, layer_.I, position, x_);
    set(h, layer_.h_mask ? view_.h_mask + n * O_ : nullptr, O_, position, h_);
    if (layer_.P) set(view_.inner(t, n), nullptr, layer_.H, position, m_);
    if (view_.dx.at) dx_[position] = view_.dx(t, n);
  }

  // One thread's share of the chunk that is complete.
  void add(int thread) {
    const int64_t I = layer_.I, H = layer_.H;
    const int64_t of_x = tiles(I), each = of_x + tiles(O_), of_W = units_.count() * each;
    share(thread, of_W, [&](int64_t task) {
      const int64_t unit = task / each, n = task % each;
      T* sums = sums_ + unit * (I + O_) * G * W;
      if (n == 0) total(unit);
      if (n < of_x) {
        outer(G, x_, records_, 0, unit, n, I, sums);
      } else {
        outer(G, h_, records_, back_, unit, n - of_x, O_, sums + I * G * W);
      }
    });
    share(thread, outputs_.units.count() * tiles(H), [&](int64_t task) {
      const int64_t unit = task / tiles(H);
      outer(1, m_, outputs_, 0, unit, task % tiles(H), H, Q_sums_ + unit * H * W);
    });
    if (view_.dx.at) share(thread, tiles(count_), [&](int64_t task) { inputs(task * kRows); });
  }

  void finish(int thread) {
    const int64_t I = layer_.I, H = layer_.H;
    for (int64_t unit = thread; unit < units_.count(); unit += plan_.threads) {
      const T *sums = sums_ + unit * (I + O_) * G * W, *totals = totals_ + unit * record_ * W;
      unpack_by_unit(sums, G, H, I, unit, view_.dW);
      unpack_by_unit(sums + I * G * W, G, H, O_, unit, view_.dR);
      unpack_by_unit(totals + cell_.bias() * W, G, H, 1, unit, view_.db);
      unpack_by_unit(totals + cell_.sums() * W, cell_.own, H, 1, unit, view_.dE);
    }
    for (int64_t unit = thread; unit < outputs_.units.count(); unit += plan_.threads) {
      unpack_by_unit(Q_sums_ + unit * H * W, 1, layer_.P, H, unit, view_.dQ);
    }
  }

 private:
  int64_t living(int64_t step) const { return plan_.living[plan_.time(layer_.T - 1 - step)]; }
  static int64_t tiles(int64_t rows) { return (rows + kRows - 1) / kRows; }
  template <class Work>
  void share(int thread, int64_t tasks, Work&& work) const {
    for (int64_t task = thread * tasks / plan_.threads; task < (thread + 1) * tasks / plan_.threads; ++task) work(task);
  }
  int vectors(int64_t column) const {
    const int64_t left = (layer_.I - column + W - 1) / W;
    return static_cast<int>(left < kVectors ? left : kVectors);
  }
  int64_t chunk() const { return 1 + layer_.B; }  // the place of the chunk's first record

  // A row of `count` values, times `mask` where there is one, into its place in the strips.
  void set(const T* row, const T* mask, int64_t count, int64_t position, T* strips) const {
    T* to = strips + position * kRows;
    const int64_t whole = mask ? 0 : count - count % kRows;
    for (int64_t k = 0; k < whole; k += kRows, to += places_ * kRows) std::memcpy(to, row + k, kRows * sizeof(T));
    for (int64_t k = whole; k < count; k += kRows, to += places_ * kRows) {
      const int64_t some = count - k < kRows ? count - k : kRows;
      for (int64_t r = 0; r < some; ++r) to[r] = mask ? row[k + r] * mask[k + r] : row[k + r];
    }
  }

  // Rows [n * kRows, ...) of a transposed gradient, for one vector of units.
  void outer(int gates, const T* strips, const Records<T>& right, int64_t at, int64_t unit, int64_t n, int64_t rows,
             T* sums) {
    const int64_t first = n * kRows;
    const int count = static_cast<int>(rows - first < kRows ? rows - first : kRows);
    const T* strip = strips + (n * places_ + chunk()) * kRows;
    Vec<T> add[kRows * kVectors];
    tile<Outer>(count, gates, {strip, count_}, Panel<T>::lying(right.at(unit, chunk()) + at, right.record * W), add);
    for (int n = 0; n < count * gates; ++n) {
      T* to = sums + (first * gates + n) * W;
      store(to, load(to) + add[n]);
    }
  }

  // The sums of the records themselves: gradients of the bias and of the cell's own parameters. A few side by side, or each
  // addition would wait for the one before.
  void total(int64_t unit) {
    for (int first = 0; first < record_; first += kVectors) {
      const int count = record_ - first < kVectors ? record_ - first : kVectors;
      const T* from = records_.at(unit, chunk()) + first * W;
      Vec<T> add[kVectors] = {};
      for (int64_t p = 0; p < count_; ++p, from += record_ * W) {
        unrolled<kVectors>([&](auto s) { if (s < count) add[s] += load(from + s * W); });
      }
      T* to = totals_ + (unit * record_ + first) * W;
      for (int s = 0; s < count; ++s) store(to + s * W, load(to + s * W) + add[s]);
    }
  }

  // The gradients of the inputs of a few records.
  void inputs(int64_t first) {
    const int count = static_cast<int>(count_ - first < kRows ? count_ - first : kRows);
    const T* records[kRows] = {};
    for (int r = 0; r < count; ++r) records[r] = records_.at(0, chunk() + first + r);
    for (int64_t column = 0; column < layer_.I; column += kVectors * W) {
      Vec<T> sums[kRows * kVectors] = {};
      records_.multiply(count, vectors(column), records, W_panels_ + column * G * layer_.H, sums);
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
