// The backward pass: over the steps from the last to the first, in chunks. Within a chunk each thread takes its blocks of
// rows through the recurrence and leaves the gradients of the pre-activations behind ("records"); then all threads
// share what the chunk adds to the gradients of weights and inputs (gradients.hpp), while the records are in cache.
#pragma once

#include "gradients.hpp"

namespace recollect::RECOLLECT_ISA {

template <class T>
class Backward {
  static constexpr int W = width<T>;

  struct Row {
    int64_t n, position;  // position: of its record
    T* record;            // that, of unit 0
    const T* later;       // its record of the step that was read after this one, or zeros
    const T *dy, *saved, *c_old, *h_old;
    T gap;
    bool last;  // of the row's steps
  };

  // What a cell does with the gradients of h of a few rows, for the units of a few vectors.
  using Retrace = void (Backward::*)(int64_t first, int count, int64_t unit, const Vec<T>* dh, int64_t t);

  using RetraceWhole = void (Backward::*)(int64_t place, int64_t t);

  const Layer& layer_;
  const Plan& plan_;
  const Shape cell_;
  const Retrace retrace_;
  const RetraceWhole retrace_whole_;
  const int G, side_;  // side: vectors of units side by side
  const Units<T> units_, outputs_;
  const int64_t padded_, O_;
  const Views<T> view_;
  const bool direct_;  // direct: gradients also reach h of the step before by other ways than R
  const Coins<T> coins_c_, coins_h_;
  Gradients<T> sum_;
  Workspace space_;
  T *R_panels_, *Q_panels_, *dc_, *dh_, *whole_;  // dc, dh: [B, padded H], what the step before is to get
  Row* rows_;  // [B], in their places, of the step that is being computed

 public:
  Backward(const Layer& layer, const Plan& plan, Shape cell, Retrace retrace, RetraceWhole retrace_whole)
      : layer_(layer), plan_(plan), cell_(cell), retrace_(retrace), retrace_whole_(retrace_whole), G(cell.gates),
        side_(layer.B == 1 ? kMost : kVectors), units_{layer.H}, outputs_{layer.P ? layer.P : layer.H},
        padded_(units_.count() * W), O_(outputs_.H), view_(layer), direct_(cell.sees_h || layer.zone_h > 0),
        coins_c_(layer, 0, layer.zone_c), coins_h_(layer, 1, layer.zone_h), sum_(layer, plan, cell),
        space_(Workspace::measure([this](auto& space) { take(space); })) {
    take(space_);
  }

  void run() {
    parallel(plan_.threads, [this](int thread) { prepare(thread); });
    for (int64_t begin = 0; begin < layer_.T; begin += sum_.steps()) {
      const int64_t end = begin + sum_.steps() < layer_.T ? begin + sum_.steps() : layer_.T;
      sum_.open(begin, end);
      if (plan_.by_units) recur_by_units(begin, end);
      else parallel(plan_.threads, [this, begin, end](int thread) { recur(thread, begin, end); });
      parallel(plan_.threads, [this](int thread) { sum_.add(thread); });
    }
    parallel(plan_.threads, [this](int thread) { finish(thread); });
  }

  template <class Cell>
  void retrace(int64_t first, int count, int64_t unit, const Vec<T>* dh, int64_t t) {
    for (int v = 0, side_by_side = vectors(units_, unit); v < side_by_side; ++v) {
      units_.lanes(unit + v) == W ? retrace_rows<Cell, false>(first, count, dh + v, side_by_side, unit + v, t)
                                  : retrace_rows<Cell, true>(first, count, dh + v, side_by_side, unit + v, t);
    }
  }

  // For a cell that needs the whole row (whole_row.hpp): the gradients of c and h wait for it.
  void hold(int64_t first, int count, int64_t unit, const Vec<T>* dh, int64_t t);
  template <class Cell>
  void retrace_whole(int64_t place, int64_t t);

 private:
  template <class Space>
  void take(Space& space) {
    const int64_t H = layer_.H;
    sum_.take(space);
    R_panels_ = space.template take<T>(G * H * outputs_.count() * W);
    Q_panels_ = space.template take<T>(layer_.P * padded_);
    dc_ = space.template take<T>(layer_.B * padded_);
    dh_ = space.template take<T>(direct_ ? layer_.B * padded_ : 0);
    whole_ = space.template take<T>(cell_.whole ? 2 * layer_.B * padded_ : 0);
    rows_ = space.template take<Row>(layer_.B);
  }

  int vectors(const Units<T>& units, int64_t unit) const {
    return static_cast<int>(units.count() - unit < side_ ? units.count() - unit : side_);
  }
  int64_t time(int64_t step) const { return plan_.time(layer_.T - 1 - step); }

  void prepare(int thread) {
    sum_.prepare(thread);
    pack_by_column(view_.R, G, layer_.H, O_, side_, thread, plan_.threads, R_panels_);
    if (layer_.P) pack_by_column(view_.Q, 1, layer_.P, layer_.H, side_, thread, plan_.threads, Q_panels_);
  }

  void recur(int thread, int64_t begin, int64_t end) {
    for (int64_t step = begin; step < end; ++step) {
      arrive(thread, plan_.threads, step);
      retreat(thread, plan_.threads, 0, 1, step);
    }
    plan_.each_place(thread, plan_.threads, [this, begin, end](int64_t place) { leave(place, begin, end); });
  }

  void recur_by_units(int64_t begin, int64_t end) {
    for (int64_t step = begin; step < end; ++step) {
      arrive(0, 1, step);
      parallel(plan_.threads, [this, step](int thread) { retreat(0, 1, thread, plan_.threads, step); });
    }
    for (int64_t place = 0; place < layer_.B; ++place) leave(place, begin, end);
  }

  // Where the rows of every `of`-th block stand at a step.
  void arrive(int block, int of, int64_t step) {
    const int64_t t = time(step);
    plan_.each_block(block, of, t, [&](int64_t first, int count) {
      for (int64_t place = first; place < first + count; ++place) {
        rows_[place] = row_at(place, step, t);
        sum_.note(rows_[place].position, rows_[place].n, t, rows_[place].h_old);
      }
    });
  }

  // One step of every `of`-th block, and every `apart`-th group of `side_` vectors of units from the given one on.
  void retreat(int block, int of, int64_t group, int64_t apart, int64_t step) {
    const int64_t t = time(step);
    for (int64_t unit = 0; layer_.P && unit < outputs_.count(); unit += side_) {
      plan_.each_block(block, of, t, [&](int64_t first, int count) { gather(first, count, unit, t); });
    }
    for (int64_t unit = group * side_; unit < units_.count(); unit += apart * side_) {
      plan_.each_block(block, of, t, [&](int64_t first, int count) { compute(first, count, unit, t); });
    }
    if (cell_.whole) {
      plan_.each_block(block, of, t, [&](int64_t first, int count) {
        for (int64_t place = first; place < first + count; ++place) (this->*retrace_whole_)(place, t);
      });
    }
  }

  // The gradients of projected outputs, a few rows and a group of vectors of them.
  void gather(int64_t first, int count, int64_t unit, int64_t t) {
    Vec<T> sums[kRows * kVectors];
    through_R(first, count, unit, sums);
    for (int r = 0; r < count; ++r) {
      for (int v = 0; v < vectors(outputs_, unit); ++v) {
        const Lanes<T, true> lane{outputs_.lanes(unit + v)};
        const Vec<T> dh = arriving<true>(first + r, sums[r * vectors(outputs_, unit) + v], (unit + v) * W, lane, t);
        store(sum_.outputs().at(unit + v, rows_[first + r].position), dh);
      }
    }
  }

  // A few rows, and the units of a group of vectors.
  void compute(int64_t first, int count, int64_t unit, int64_t t) {
    Vec<T> sums[kRows * kVectors];
    for (int r = 0; r < count; ++r) fetch(rows_[first + r], unit);
    if (layer_.P) {
      const T* outputs[kRows];
      for (int r = 0; r < count; ++r) outputs[r] = sum_.outputs().at(0, rows_[first + r].position);
      sum_.outputs().multiply(count, vectors(units_, unit), outputs, Q_panels_ + unit * W * layer_.P, sums);
    } else {
      through_R(first, count, unit, sums);
    }
    (this->*retrace_)(first, count, unit, sums, t);
  }

  // sums = records R, for some columns of R: what the step that was read after this one sends back.
  void through_R(int64_t first, int count, int64_t unit, Vec<T>* sums) const {
    const T* records[kRows] = {};
    for (int r = 0; r < count; ++r) records[r] = rows_[first + r].later;
    sum_.through_R(count, vectors(outputs_, unit), records, R_panels_ + unit * W * G * layer_.H, sums);
  }

  // The gradient of some units of h: from the step after, from outside, from the last state; less what zoneout sends back.
  template <bool part>
  Vec<T> arriving(int64_t place, Vec<T> dh, int64_t at, Lanes<T, part> lane, int64_t t) {
    const Row& row = rows_[place];
    T* direct = dh_ + place * padded_ + at;
    if (layer_.h_mask) dh *= lane.get(view_.h_mask + row.n * O_ + at);
    if (row.dy) dh += lane.get(row.dy + at);
    if (row.last && view_.dhT) dh += lane.get(view_.dhT + row.n * O_ + at);
    if (!row.last && direct_) dh += load(direct);
    if (!(layer_.zone_h > 0)) return dh;
    const Vec<T> kept = coins_h_.keep((t * layer_.B + row.n) * O_ + at) * dh;
    store(direct, kept);
    return dh - kept;
  }

  // The gradients of c and h of some units, and what zoneout sends straight to c of the step before.
  template <bool part>
  After<T> arriving_both(int64_t place, Vec<T> dh, int64_t at, Lanes<T, part> lane, int64_t t, Vec<T>& kept) {
    const Row& row = rows_[place];
    After<T> after{Vec<T>{}, layer_.P ? dh : arriving(place, dh, at, lane, t)};
    if (!row.last) {
      after.c = load(dc_ + place * padded_ + at);
    } else if (view_.dcT) {
      after.c = lane.get(view_.dcT + row.n * layer_.H + at);
    }
    if (layer_.zone_c > 0) {
      kept = coins_c_.keep((t * layer_.B + row.n) * layer_.H + at) * after.c;
      after.c -= kept;
    }
    return after;
  }

  template <class Cell, bool part>
  void retrace_rows(int64_t first, int count, const Vec<T>* dh, int step, int64_t unit, int64_t t) {
    constexpr Shape cell = Cell::shape;
    const int64_t at = unit * W, gate = layer_.gate, to_unit = unit * sum_.records().apart();
    const Lanes<T, part> lane{units_.lanes(unit)};
    const Own<T> own{view_.E + at, layer_.H, lane.count};
    for (int64_t place = first; place < first + count; ++place, dh += step) {
      const Row& row = rows_[place];
      Vec<T> kept{}, saved[cell.saved], grads[cell.record()];
      const After<T> after = arriving_both(place, *dh, at, lane, t, kept);
      unrolled<cell.saved>([&](auto s) { saved[s] = lane.get(row.saved + s * gate + at); });
      Before<T> before{Vec<T>{}, cell.sees_h ? lane.get(row.h_old + at) : Vec<T>{}, row.gap};
      if constexpr (cell.has_c) before.c = lane.get(row.c_old + at);
      const Back<T> back = Cell::backward(saved, before, own, after, grads);
      store(dc_ + place * padded_ + at, back.dc + kept);
      if constexpr (cell.sees_h) {
        T* direct = dh_ + place * padded_ + at;
        store(direct, layer_.zone_h > 0 ? load(direct) + back.dh : back.dh);
      }
      unrolled<cell.record()>([&](auto g) { store(row.record + to_unit + g * W, grads[g]); });
    }
  }

  // Asks for what the cell is to read: written long ago, it has left the caches, and comes while R is multiplied.
  RECOLLECT_INLINE void fetch(const Row& row, int64_t unit) const {
    constexpr int64_t line = 64 / sizeof(T);
    for (int64_t at = unit * W, end = at + vectors(units_, unit) * W; at < end; at += line) {
      for (int s = 0; s < cell_.saved; ++s) __builtin_prefetch(row.saved + s * layer_.gate + at);
      __builtin_prefetch(row.c_old + at);
      if (row.dy) __builtin_prefetch(row.dy + at);
    }
  }

  Row row_at(int64_t place, int64_t step, int64_t t) const {
    const int64_t n = plan_.order[place], s = plan_.before(t), position = sum_.position(place, step);
    const bool first = plan_.first(place, t), last = plan_.last(place, t);
    return {n,
            position,
            sum_.records().at(0, position),
            last ? sum_.zero() : sum_.records().at(0, sum_.position(place, step - 1)),
            view_.dy.at ? view_.dy(t, n) : nullptr,
            view_.gates(t, n),
            first ? view_.c0 + n * layer_.H : view_.cells(s, n),
            first ? view_.h0 + n * O_ : view_.y(s, n),
            view_.gaps.at ? *view_.gaps(t, n) : T{0},
            last};
  }

  // The gradient of the initial state, where the row's first step lies in this chunk.
  void leave(int64_t place, int64_t begin, int64_t end) {
    const int64_t n = plan_.order[place], length = plan_.lengths[place], H = layer_.H;
    if (length == 0 || !view_.dh0) return;
    const int64_t t = plan_.reverse ? length - 1 : 0;
    const int64_t step = plan_.reverse ? t : layer_.T - 1;
    if (step < begin || step >= end) return;
    const T* record = sum_.records().at(0, sum_.position(place, step));
    for (int64_t unit = 0; unit < outputs_.count(); unit += side_) {
      Vec<T> sums[kMost] = {};
      sum_.through_R(1, vectors(outputs_, unit), &record, R_panels_ + unit * W * G * H, sums);
      for (int v = 0; v < vectors(outputs_, unit); ++v) {
        const int lanes = outputs_.lanes(unit + v);
        const int64_t at = (unit + v) * W;
        if (layer_.h_mask) sums[v] *= load_part(view_.h_mask + n * O_ + at, lanes);
        if (direct_) sums[v] += load(dh_ + place * padded_ + at);
        store_part(view_.dh0 + n * O_ + at, sums[v], lanes);
      }
    }
    if (cell_.has_c) copy(dc_ + place * padded_, H, view_.dc0 + n * H);
  }

  void finish(int thread) {
    sum_.finish(thread);
    for (int64_t place = thread; place < layer_.B; place += plan_.threads) {
      const int64_t n = plan_.order[place], length = plan_.lengths[place], H = layer_.H;
      for (int64_t t = length; view_.dx.at && t < layer_.T; ++t) clear(view_.dx(t, n), layer_.I);
      if (length > 0 || !view_.dh0) continue;
      view_.dhT ? copy(view_.dhT + n * O_, O_, view_.dh0 + n * O_) : clear(view_.dh0 + n * O_, O_);
      if (cell_.has_c) view_.dcT ? copy(view_.dcT + n * H, H, view_.dc0 + n * H) : clear(view_.dc0 + n * H, H);
    }
  }
};

}  // namespace recollect::RECOLLECT_ISA
