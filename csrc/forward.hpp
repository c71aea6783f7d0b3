// The forward pass. Each thread takes its blocks of rows through the whole sequence; no thread waits for another.
#pragma once

#include "cells/whole.hpp"
#include "coin.hpp"
#include "dots.hpp"
#include "pack.hpp"
#include "plan.hpp"
#include "threads.hpp"
#include "tile.hpp"
#include "view.hpp"
#include "workspace.hpp"

namespace recollect::RECOLLECT_ISA {

template <class T>
class Forward {
  static constexpr int W = width<T>;
  // Where there are few rows panels are read for little work: W x is then computed for many steps at once.
  static constexpr int kFew = 3;
  static constexpr int64_t kAhead = 48;  // steps
  static_assert(kAhead % kRows == 0);

  struct Row {
    int64_t n;
    const T *x, *h, *h_old, *c;   // of the step before: h as R sees it, h, and c
    T *y, *m, *c_new, *gates;     // m: what the projection reads; y itself without one
    T gap;
  };

  // What a cell does with a few rows and one vector of units, once their sums are there.
  using Finish = void (Forward::*)(int64_t first, int count, int64_t unit, const Vec<T>* sums, const Vec<T>* through_R,
                                   int64_t t);

  using FinishWhole = void (Forward::*)(int64_t place, int64_t t);

  const Layer& layer_;
  const Plan& plan_;
  const Shape cell_;
  const Finish finish_;
  const FinishWhole finish_whole_;
  const int G;
  const Units<T> units_;
  const int64_t O_;
  const bool loose_, looks_ahead_;  // looks ahead: whatever the threads
  const Views<T> view_;
  const Coins<T> coins_c_, coins_h_;
  Workspace space_;
  T *bias_, *panels_, *Q_panels_, *masked_, *inner_, *ahead_, *whole_;  // panels: of R, then of W, a unit's together
  Row* rows_;  // [B], in their places, of the step that is being computed

 public:
  Forward(const Layer& layer, const Plan& plan, Shape cell, Finish finish, FinishWhole finish_whole)
      : layer_(layer), plan_(plan), cell_(cell), finish_(finish), finish_whole_(finish_whole), G(cell.gates),
        units_{layer.H}, O_(layer.P ? layer.P : layer.H),
        loose_(loose_pays(layer.T, layer.B, units_.count() * G * W * columns())),
        looks_ahead_(!loose_ && layer.B <= kFew && layer.I >= 8), view_(layer), coins_c_(layer, 0, layer.zone_c),
        coins_h_(layer, 1, layer.zone_h), space_(Workspace::measure([this](auto& space) { take(space); })) {
    take(space_);
  }

  void run() {
    parallel(plan_.threads, [this](int thread) { pack(thread); });
    if (plan_.by_units) {
      for (int64_t step = 0; step < layer_.T; ++step) {
        arrive(0, 1, step);
        parallel(plan_.threads, [this, step](int thread) {
          if (looks_ahead_ && step % kAhead == 0) look_ahead(0, 1, thread, plan_.threads, step);
          advance(0, 1, thread, plan_.threads, step);
        });
      }
      for (int64_t place = 0; place < layer_.B; ++place) end(place);
    } else {
      parallel(plan_.threads, [this](int thread) { read(thread); });
    }
  }

  // Everything that is elementwise.
  template <class Cell>
  void finish(int64_t first, int count, int64_t unit, const Vec<T>* sums, const Vec<T>* through_R, int64_t t) {
    units_.lanes(unit) == W ? finish_rows<Cell, false>(first, count, unit, sums, through_R, t)
                            : finish_rows<Cell, true>(first, count, unit, sums, through_R, t);
  }

  // For a cell that needs the whole row (whole_row.hpp): the sums wait for it.
  void hold(int64_t first, int count, int64_t unit, const Vec<T>* sums, const Vec<T>* through_R, int64_t t);
  template <class Cell>
  void finish_whole(int64_t place, int64_t t);

 private:
  template <class Space>
  void take(Space& space) {
    const int64_t panel = units_.count() * G * W;
    bias_ = space.template take<T>(panel);
    panels_ = space.template take<T>(loose_ ? 0 : panel * columns());
    Q_panels_ = space.template take<T>(loose_ ? 0 : Units<T>{layer_.P}.count() * W * layer_.H);
    masked_ = space.template take<T>(layer_.h_mask ? layer_.B * O_ : 0);
    inner_ = space.template take<T>(layer_.P && !layer_.inner.at ? layer_.B * layer_.H : 0);
    ahead_ = space.template take<T>(looks_ahead_ ? panel * kAhead * layer_.B : 0);
    whole_ = space.template take<T>(cell_.whole ? layer_.B * whole() : 0);
    rows_ = space.template take<Row>(layer_.B);
  }

  // Of a row, where all units are needed at once: the sums; what is saved, where nobody asks for it; c of the step before.
  int64_t whole() const { return units_.count() * W * (cell_.sums() + cell_.saved + 1) + W; }
  int64_t columns() const { return layer_.I + O_; }

  void pack(int thread) {
    for (int64_t unit = thread; unit < units_.count(); unit += plan_.threads) {
      pack_by_unit(view_.b, G, layer_.H, 1, unit, bias_ + unit * G * W, 1);
      if (cell_.whole) clear(bias_ + unit * G * W, G * W);  // such a cell adds b itself
      if (loose_) continue;
      pack_by_unit(view_.W, G, layer_.H, layer_.I, unit, panel(unit), columns(), O_);
      pack_by_unit(view_.R, G, layer_.H, O_, unit, panel(unit), columns());
    }
    for (int64_t unit = thread; !loose_ && unit < Units<T>{layer_.P}.count(); unit += plan_.threads) {
      pack_by_unit(view_.Q, 1, layer_.P, layer_.H, unit, Q_panels_ + unit * layer_.H * W, layer_.H);
    }
  }

  void read(int thread) {
    for (int64_t step = 0; step < layer_.T; ++step) {
      if (looks_ahead_ && step % kAhead == 0) look_ahead(thread, plan_.threads, 0, 1, step);
      arrive(thread, plan_.threads, step);
      advance(thread, plan_.threads, 0, 1, step);
    }
    plan_.each_place(thread, plan_.threads, [this](int64_t place) { end(place); });
  }

  // Where the rows of every `of`-th block stand at a step.
  void arrive(int block, int of, int64_t step) {
    const int64_t t = plan_.time(step);
    plan_.each_block(block, of, t, [&](int64_t first, int count) {
      for (int64_t place = first; place < first + count; ++place) rows_[place] = row_at(place, t);
    });
  }

  // One step of every `of`-th block and every `apart`-th vector of units. A panel serves every block before the next.
  void advance(int block, int of, int64_t unit, int64_t apart, int64_t step) {
    const int64_t t = plan_.time(step);
    for (; unit < units_.count(); unit += apart)
      plan_.each_block(block, of, t, [&](int64_t first, int count) { compute(first, count, unit, t); });
    if (cell_.whole)
      plan_.each_block(block, of, t, [&](int64_t first, int count) {
        for (int r = 0; r < count; ++r) (this->*finish_whole_)(first + r, t);
      });
    for (int64_t output = 0; output < Units<T>{layer_.P}.count(); ++output)
      plan_.each_block(block, of, t, [&](int64_t first, int count) { project(first, count, output, t); });
  }

  void compute(int64_t first, int count, int64_t unit, int64_t t) {
    const T *x[kRows], *h[kRows];
    for (int r = 0; r < count; ++r) x[r] = rows_[first + r].x, h[r] = rows_[first + r].h;
    Vec<T> sums[kRows * kVectors], through_R[kRows * kVectors];
    if (loose_) {
      compute_loose(x, h, count, unit, sums, through_R);
    } else {
      // R h first: its many small terms on top of the sum for x would be rounded as coarsely as that.
      const Columns<T> of_h{h, 1, O_}, of_x{x, looks_ahead_ ? 0 : 1, layer_.I};
      const Panel<T> all = Panel<T>::set(panel(unit), columns());
      if (cell_.split) {
        tile<Product>(count, G, {{of_h}}, all, through_R);
        tile<Product>(count, G, {{of_x}}, all.from(O_), sums);
      } else {
        tile<Product>(count, G, {{of_h, of_x}}, all, sums);
      }
    }
    (this->*finish_)(first, count, unit, sums, through_R, t);
  }

  T* panel(int64_t unit) const { return panels_ + unit * columns() * G * W; }
  // What is not in the sums of a row yet: b, or W x + b.
  const T* start(int64_t place, int64_t unit, int64_t t) const {
    return looks_ahead_ ? ahead(place, plan_.time(t), unit) : bias_ + unit * G * W;
  }

  void compute_loose(const T* const* x, const T* const* h, int count, int64_t unit, Vec<T>* sums, Vec<T>* through_R) const {
    for (int n = 0; n < G * count; ++n) {  // the weights of a gate stay in cache for all the rows
      const int g = n / count, r = n % count;
      const Loose<T> products[2] = {{view_.R, O_, h[r]}, {view_.W, layer_.I, x[r]}};
      if (cell_.split) through_R[r * G + g] = dots(g, units_, unit, products, 1);
      sums[r * G + g] = dots(g, units_, unit, products + cell_.split, 2 - cell_.split);
    }
  }

  // y = Q m, for one vector of outputs.
  void project(int64_t first, int count, int64_t unit, int64_t t) {
    const T* m[kRows];
    for (int r = 0; r < count; ++r) m[r] = rows_[first + r].m;
    Vec<T> sums[kRows] = {};
    if (loose_) {
      for (int r = 0; r < count; ++r) {
        const Loose<T> product{view_.Q, layer_.H, m[r]};
        sums[r] = dots(0, Units<T>{layer_.P}, unit, &product, 1);
      }
    } else {
      tile<Product>(count, 1, {{{m, 1, layer_.H}}}, Panel<T>::set(Q_panels_ + unit * layer_.H * W, layer_.H), sums);
    }
    const Lanes<T, true> lane{Units<T>{layer_.P}.lanes(unit)};
    for (int r = 0; r < count; ++r) {
      const Row& row = rows_[first + r];
      if (layer_.zone_h > 0) zone_h(row, unit * W, t, lane.get(row.h_old + unit * W), sums[r]);
      lane.put(row.y + unit * W, sums[r]);
    }
  }

  template <class Cell, bool part>
  void finish_rows(int64_t first, int count, int64_t unit, const Vec<T>* sums, const Vec<T>* through_R, int64_t t) {
    constexpr Shape cell = Cell::shape;
    const int64_t at = unit * W, gate = layer_.gate;
    const Lanes<T, part> lane{units_.lanes(unit)};
    const Own<T> own{view_.E + at, layer_.H, lane.count};
    const bool zones_c = cell.has_c && layer_.zone_c > 0, zones_h = layer_.zone_h > 0 && !layer_.P;
    Vec<T> gates[kRows], made[kRows];  // the last gate of each; c, or h of a cell without one
    for (int r = 0; r < count; ++r) {
      const Row& row = rows_[first + r];
      const T* begin = start(first + r, unit, t);
      Before<T> before{Vec<T>{}, Vec<T>{}, row.gap};
      if constexpr (cell.has_c) before.c = lane.get(row.c + at);
      if constexpr (cell.sees_h) before.h = lane.get(row.h_old + at);
      Vec<T> saved[cell.saved], preacts[cell.sums()];
      unrolled<cell.gates>([&](auto g) {
        preacts[g] = *sums++ + load(begin + g * W);
        if constexpr (cell.split) preacts[cell.gates + g] = *through_R++;
      });
      Vec<T> c = made[r] = Cell::forward(preacts, before, own, saved);
      gates[r] = saved[cell.gates - 1];
      if (zones_c) zone_c(row, at, t, before.c, c);
      if constexpr (cell.has_c) lane.put(row.c_new + at, c);
      if (T* to = row.gates) unrolled<cell.saved>([&](auto s) { lane.put(to + s * gate + at, saved[s]); });
    }
    for (int r = 0; r < count; ++r) {
      const Row& row = rows_[first + r];
      Vec<T> h = made[r];
      if constexpr (cell.has_c) h = Cell::show(gates[r], h);
      if (zones_h) zone_h(row, at, t, lane.get(row.h_old + at), h);
      lane.put(row.m + at, h);
    }
  }

  void zone_c(const Row& row, int64_t at, int64_t t, Vec<T> old, Vec<T>& c) const {
    c += coins_c_.keep((t * layer_.B + row.n) * layer_.H + at) * (old - c);
  }
  void zone_h(const Row& row, int64_t at, int64_t t, Vec<T> old, Vec<T>& h) const {
    h += coins_h_.keep((t * layer_.B + row.n) * O_ + at) * (old - h);
  }

  Row row_at(int64_t place, int64_t t) {
    const int64_t n = plan_.order[place], s = plan_.before(t), H = layer_.H;
    const bool first = plan_.first(place, t);
    Row row;
    row.n = n;
    row.x = view_.x(t, n);
    row.h = first ? view_.h0 + n * O_ : view_.y(s, n);
    row.y = view_.y(t, n);
    row.m = !layer_.P ? row.y : view_.inner.at ? view_.inner(t, n) : inner_ + place * H;
    row.c_new = view_.cells.at ? view_.cells(t, n) : view_.cT + n * H;
    row.c = first ? view_.c0 + n * H : view_.cells.at ? view_.cells(s, n) : row.c_new;
    row.gates = view_.gates.at ? view_.gates(t, n) : nullptr;
    row.gap = view_.gaps.at ? *view_.gaps(t, n) : T{0};
    row.h_old = row.h;
    for (int64_t k = 0; layer_.h_mask && k < O_; ++k) masked_[place * O_ + k] = row.h[k] * view_.h_mask[n * O_ + k];
    if (layer_.h_mask) row.h = masked_ + place * O_;
    return row;
  }

  T* ahead(int64_t place, int64_t step, int64_t unit) const {
    return ahead_ + ((unit * layer_.B + place) * kAhead + step % kAhead) * G * W;
  }

  // W x + b of the next kAhead steps, for the same choice of blocks and units as in advance.
  void look_ahead(int block, int of, int64_t unit, int64_t apart, int64_t step) {
    const int64_t end = step + kAhead < layer_.T ? step + kAhead : layer_.T;
    for (; unit < units_.count(); unit += apart)
      plan_.each_place(block, of, [&](int64_t place) {
        for (int64_t from = step; from < end; from += kRows) look_ahead(place, unit, from);
      });
  }

  void look_ahead(int64_t place, int64_t unit, int64_t from) {
    const T* x[kRows];
    int count = 0;  // kAhead is a multiple of kRows
    for (; count < kRows && from + count < layer_.T; ++count) x[count] = view_.x(plan_.time(from + count), plan_.order[place]);
    Vec<T> sums[kRows * kVectors];
    tile<Product>(count, G, {{{x, 1, layer_.I}}}, Panel<T>::set(panel(unit), columns()).from(O_), sums);
    for (int n = 0; n < count * G; ++n) store(ahead(place, from, unit) + n * W, sums[n] + load(bias_ + (unit * G + n % G) * W));
  }

  // The state at the row's end, and zeros behind it.
  void end(int64_t place) {
    const int64_t n = plan_.order[place], length = plan_.lengths[place], H = layer_.H;
    const int64_t end = plan_.reverse ? 0 : length - 1;
    copy(length ? view_.y(end, n) : view_.h0 + n * O_, O_, view_.hT + n * O_);
    if (cell_.has_c && (view_.cells.at || !length)) copy(length ? view_.cells(end, n) : view_.c0 + n * H, H, view_.cT + n * H);
    for (int64_t t = length; t < layer_.T; ++t) clear(view_.y(t, n), O_);
  }
};

}  // namespace recollect::RECOLLECT_ISA
