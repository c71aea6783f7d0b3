// The backward pass: over the steps from the last to the first, in chunks. Within a chunk each thread takes its blocks of
// rows through the recurrence and leaves the gradients of the pre-activations behind ("records"); then all threads
// share what the chunk adds to the gradients of weights and inputs (gradients.hpp), while the records are in cache.
#pragma once

#include "gradients.hpp"

namespace recollect::RECOLLECT_ISA {

template <class T, class Cell>
class Backward {
  static constexpr int W = width<T>, G = Cell::gates, kRecord = G + Cell::own;

  struct Row {
    int64_t n;
    const T *dy, *dhT, *dcT, *saved, *c_old, *h_old;  // dhT, dcT: where t is the row's last step, and they are given
    bool last;
    T gap;
  };

  const Layer& layer_;
  const Plan& plan_;
  const Units<T> units_;
  const Views<T> view_;
  const bool zoned_, direct_;  // direct: gradients also reach h of the step before by other ways than R
  const Coins<T> coins_c_, coins_h_;
  Gradients<T, Cell> sum_;
  Workspace space_;
  T *R_panels_, *dc_, *dh_;  // dc, dh: [B, padded H], what the step before is to get

 public:
  Backward(const Layer& layer, const Plan& plan)
      : layer_(layer), plan_(plan), units_{layer.H}, view_(layer), zoned_(layer.zone_c > 0 || layer.zone_h > 0),
        direct_(Cell::sees_h || zoned_), coins_c_(layer, 0, layer.zone_c), coins_h_(layer, 1, layer.zone_h),
        sum_(layer, plan), space_(bytes()) {
    sum_.take(space_);
    R_panels_ = space_.template take<T>(G * layer.H * padded());
    dc_ = space_.template take<T>(layer.B * padded());
    dh_ = space_.template take<T>(direct_ ? layer.B * padded() : 0);
  }

  void run() {
    parallel(plan_.threads, [this](int thread) { prepare(thread); });
    for (int64_t begin = 0; begin < layer_.T; begin += sum_.steps()) {
      const int64_t end = begin + sum_.steps() < layer_.T ? begin + sum_.steps() : layer_.T;
      sum_.open(begin, end);
      parallel(plan_.threads, [this, begin, end](int thread) { recur(thread, begin, end); });
      parallel(plan_.threads, [this](int thread) { sum_.add(thread); });
    }
    parallel(plan_.threads, [this](int thread) { finish(thread); });
  }

 private:
  int64_t padded() const { return units_.count() * W; }
  size_t bytes() const {
    return sum_.bytes() + Workspace::size<T>(G * layer_.H * padded()) + Workspace::size<T>(layer_.B * padded()) +
           Workspace::size<T>(direct_ ? layer_.B * padded() : 0);
  }
  int vectors(int64_t unit) const {
    return static_cast<int>(units_.count() - unit < kVectors ? units_.count() - unit : kVectors);
  }
  int64_t time(int64_t step) const { return plan_.time(layer_.T - 1 - step); }

  void prepare(int thread) {
    sum_.prepare(thread);
    for (int64_t unit = thread * kVectors; unit < units_.count(); unit += plan_.threads * kVectors) {
      pack_by_column(view_.R, G, layer_.H, layer_.H, unit * W, vectors(unit), R_panels_ + unit * W * G * layer_.H);
    }
  }

  void recur(int thread, int64_t begin, int64_t end) {
    for (int64_t step = begin; step < end; ++step) {
      const int64_t t = time(step);
      for (int64_t unit = 0; unit < units_.count(); unit += kVectors) {
        for (int64_t k = thread; k < plan_.block_count; k += plan_.threads) {
          const int64_t left = plan_.living[t] - plan_.blocks[k].first;
          if (left <= 0) break;
          const int count = static_cast<int>(left < plan_.blocks[k].rows ? left : plan_.blocks[k].rows);
          retrace(plan_.blocks[k].first, count, unit, step, t);
        }
      }
    }
    for (int64_t k = thread; k < plan_.block_count; k += plan_.threads) {
      for (int64_t place = plan_.blocks[k].first; place < plan_.blocks[k].first + plan_.blocks[k].rows; ++place) {
        leave(place, begin, end);
      }
    }
  }

  // A few rows, and the units of kVectors vectors, at one step.
  void retrace(int64_t first, int count, int64_t unit, int64_t step, int64_t t) {
    Row rows[kRows];
    const T* later[kRows];  // the records of the step that was read after this one
    for (int r = 0; r < count; ++r) {
      rows[r] = row_at(first + r, t);
      later[r] = rows[r].last ? sum_.zero() : sum_.record(0, sum_.position(first + r, step - 1));
      if (unit == 0) sum_.note(first + r, step, view_.x(t, rows[r].n), rows[r].h_old, rows[r].n, t);
    }
    Vec<T> sums[kRows * kVectors] = {};
    through_R(count, later, unit, sums);
    for (int r = 0; r < count; ++r) {
      for (int v = 0; v < vectors(unit); ++v) {
        const Vec<T> dh = sums[r * vectors(unit) + v];
        T* record = sum_.record(unit + v, sum_.position(first + r, step));
        if (units_.lanes(unit + v) == W) {
          retrace_unit<false>(rows[r], first + r, dh, unit + v, t, record);
        } else {
          retrace_unit<true>(rows[r], first + r, dh, unit + v, t, record);
        }
      }
    }
  }

  // sums += records R, for the columns of these units.
  void through_R(int count, const T* const* records, int64_t unit, Vec<T>* sums) const {
    const T* panel = R_panels_ + unit * W * G * layer_.H;
    sum_.multiply(count, vectors(unit), records, panel, sums);
  }

  template <bool part>
  void retrace_unit(const Row& row, int64_t place, Vec<T> through, int64_t unit, int64_t t, T* record) {
    const int64_t at = unit * W, own = place * padded() + at;
    const Lanes<T, part> lane{units_.lanes(unit)};
    if (layer_.h_mask) through *= lane.get(view_.h_mask + row.n * layer_.H + at);
    After<T> after{Vec<T>{}, through};
    if (row.dy) after.h += lane.get(row.dy + at);
    if (row.last) {
      if (row.dhT) after.h += lane.get(row.dhT + at);
      if (row.dcT) after.c = lane.get(row.dcT + at);
    } else {
      after.c = load(dc_ + own);
      if (direct_) after.h += load(dh_ + own);
    }
    Vec<T> saved[Cell::saved], grads[kRecord];
    for (int s = 0; s < Cell::saved; ++s) saved[s] = lane.get(row.saved + s * layer_.gate + at);
    const Before<T> before{lane.get(row.c_old + at), Cell::sees_h ? lane.get(row.h_old + at) : Vec<T>{}, row.gap};
    After<T> kept{};
    if (zoned_) {
      const int64_t counter = (t * layer_.B + row.n) * layer_.H + at;
      kept = {coins_c_.keep(counter) * after.c, coins_h_.keep(counter) * after.h};
      after = {after.c - kept.c, after.h - kept.h};
    }
    const Back<T> back = Cell::backward(saved, before, Own<T>{view_.E + at, layer_.H, lane.count}, after, grads);
    store(dc_ + own, back.dc + kept.c);
    if (direct_) store(dh_ + own, back.dh + kept.h);
    for (int g = 0; g < kRecord; ++g) store(record + g * W, grads[g]);
  }

  Row row_at(int64_t place, int64_t t) const {
    const int64_t n = plan_.order[place], H = layer_.H;
    const bool first = plan_.first(place, t), last = plan_.last(place, t);
    const int64_t s = plan_.before(t);
    return {n,
            view_.dy.at ? view_.dy(t, n) : nullptr,
            view_.dhT ? view_.dhT + n * H : nullptr,
            view_.dcT ? view_.dcT + n * H : nullptr,
            view_.gates(t, n),
            first ? view_.c0 + n * H : view_.cells(s, n),
            first ? view_.h0 + n * H : view_.y(s, n),
            last,
            view_.gaps.at ? *view_.gaps(t, n) : T{0}};
  }

  // The gradient of the initial state, where the row's first step lies in this chunk.
  void leave(int64_t place, int64_t begin, int64_t end) {
    const int64_t n = plan_.order[place], length = plan_.lengths[place], H = layer_.H;
    if (length == 0) return;
    const int64_t t = plan_.reverse ? length - 1 : 0;
    const int64_t step = plan_.reverse ? t : layer_.T - 1;
    if (step < begin || step >= end) return;
    const T* record = sum_.record(0, sum_.position(place, step));
    for (int64_t unit = 0; unit < units_.count(); unit += kVectors) {
      Vec<T> sums[kVectors] = {};
      through_R(1, &record, unit, sums);
      for (int v = 0; v < vectors(unit); ++v) {
        const int lanes = units_.lanes(unit + v);
        const int64_t at = (unit + v) * W, own = place * padded() + at;
        if (layer_.h_mask) sums[v] *= load_part(view_.h_mask + n * H + at, lanes);
        if (direct_) sums[v] += load(dh_ + own);
        store_part(view_.dh0 + n * H + at, sums[v], lanes);
        store_part(view_.dc0 + n * H + at, load(dc_ + own), lanes);
      }
    }
  }

  void finish(int thread) {
    sum_.finish(thread);
    for (int64_t place = thread; place < layer_.B; place += plan_.threads) {
      const int64_t n = plan_.order[place], length = plan_.lengths[place], H = layer_.H;
      if (view_.dx.at) {
        for (int64_t t = length; t < layer_.T; ++t) clear(view_.dx(t, n), layer_.I);
      }
      if (length > 0) continue;
      view_.dhT ? copy(view_.dhT + n * H, H, view_.dh0 + n * H) : clear(view_.dh0 + n * H, H);
      view_.dcT ? copy(view_.dcT + n * H, H, view_.dc0 + n * H) : clear(view_.dc0 + n * H, H);
    }
  }
};

}  // namespace recollect::RECOLLECT_ISA
