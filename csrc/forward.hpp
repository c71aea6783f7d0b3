// The forward pass. Each thread takes its blocks of rows through the whole sequence; no thread waits for another.
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
class Forward {
  static constexpr int W = width<T>, G = Cell::gates;
  // Where a block has few rows its panels are read for little work: W x is then computed for many steps at once.
  static constexpr int kFew = 3;
  static constexpr int64_t kAhead = 48;  // steps

  struct Row {
    int64_t n;
    const T *x, *h, *c;   // h, c: of the step before
    T *y, *c_new, *gates;
    T gap;
  };

  const Layer& layer_;
  const Plan& plan_;
  const Units<T> units_;
  const Views<T> view_;
  const bool zoned_;
  const Coins<T> coins_c_, coins_h_;
  Workspace space_;
  T *bias_, *W_panels_, *R_panels_, *masked_, *ahead_;

 public:
  Forward(const Layer& layer, const Plan& plan)
      : layer_(layer), plan_(plan), units_{layer.H}, view_(layer), zoned_(layer.zone_c > 0 || layer.zone_h > 0),
        coins_c_(layer, 0, layer.zone_c), coins_h_(layer, 1, layer.zone_h), space_(bytes()) {
    const int64_t U = units_.count();
    bias_ = space_.template take<T>(U * G * W);
    W_panels_ = space_.template take<T>(U * layer.I * G * W);
    R_panels_ = space_.template take<T>(U * layer.H * G * W);
    masked_ = space_.template take<T>(layer.h_mask ? layer.B * layer.H : 0);
    ahead_ = space_.template take<T>(U * ahead_rows() * G * W);
  }

  void run() {
    parallel(plan_.threads, [this](int thread) { pack(thread); });
    parallel(plan_.threads, [this](int thread) { read(thread); });
  }

 private:
  size_t bytes() const {
    const int64_t U = units_.count();
    return Workspace::size<T>(U * G * W) + Workspace::size<T>(U * layer_.I * G * W) +
           Workspace::size<T>(U * layer_.H * G * W) + Workspace::size<T>(layer_.h_mask ? layer_.B * layer_.H : 0) +
           Workspace::size<T>(U * ahead_rows() * G * W);
  }
  bool looks_ahead() const { return plan_.blocks[0].rows <= kFew && layer_.I >= 8; }
  int64_t ahead_rows() const { return looks_ahead() ? kAhead * layer_.B : 0; }

  void pack(int thread) {
    for (int64_t unit = thread; unit < units_.count(); unit += plan_.threads) {
      pack_by_unit(view_.W, G, layer_.H, layer_.I, unit, W_panels_ + unit * layer_.I * G * W);
      pack_by_unit(view_.R, G, layer_.H, layer_.H, unit, R_panels_ + unit * layer_.H * G * W);
      pack_by_unit(view_.b, G, layer_.H, 1, unit, bias_ + unit * G * W);
    }
  }

  void read(int thread) {
    for (int64_t step = 0; step < layer_.T; ++step) {
      for (int64_t k = thread; k < plan_.block_count; k += plan_.threads) {
        if (looks_ahead() && step % kAhead == 0) look_ahead(plan_.blocks[k], step);
      }
      advance(thread, step);
    }
    for (int64_t k = thread; k < plan_.block_count; k += plan_.threads) {
      for (int row = 0; row < plan_.blocks[k].rows; ++row) finish(plan_.blocks[k].first + row);
    }
  }

  // One step of all this thread's rows: a panel serves every block before the next panel is read.
  void advance(int thread, int64_t step) {
    const int64_t t = plan_.time(step);
    for (int64_t unit = 0; unit < units_.count(); ++unit) {
      for (int64_t k = thread; k < plan_.block_count; k += plan_.threads) {
        const int64_t left = plan_.living[t] - plan_.blocks[k].first;
        if (left <= 0) break;
        const int count = static_cast<int>(left < plan_.blocks[k].rows ? left : plan_.blocks[k].rows);
        if (unit == 0 && layer_.h_mask) mask(plan_.blocks[k].first, count, t);
        compute(plan_.blocks[k].first, count, unit, step, t);
      }
    }
  }

  void compute(int64_t first, int count, int64_t unit, int64_t step, int64_t t) {
    Row rows[kRows];
    const T *x[kRows], *h[kRows];
    Vec<T> sums[kRows * G];
    for (int r = 0; r < count; ++r) {
      rows[r] = row_at(first + r, t);
      x[r] = rows[r].x;
      h[r] = layer_.h_mask ? masked_ + (first + r) * layer_.H : rows[r].h;
      const T* start = looks_ahead() ? ahead(first + r, step, unit) : bias_ + unit * G * W;
      for (int g = 0; g < G; ++g) sums[r * G + g] = load(start + g * W);
    }
    if (!looks_ahead()) {
      tile<Product, T, G>(count, x, {1, layer_.I, 0, G * W}, W_panels_ + unit * layer_.I * G * W, sums);
    }
    tile<Product, T, G>(count, h, {1, layer_.H, 0, G * W}, R_panels_ + unit * layer_.H * G * W, sums);
    const int lanes = units_.lanes(unit);
    for (int r = 0; r < count; ++r) {
      if (lanes == W) {
        finish_unit<false>(rows[r], sums + r * G, unit * W, lanes, t);
      } else {
        finish_unit<true>(rows[r], sums + r * G, unit * W, lanes, t);
      }
    }
  }

  // Everything that is elementwise, for one row and vector of units.
  template <bool part>
  void finish_unit(const Row& row, const Vec<T>* sums, int64_t at, int lanes, int64_t t) {
    const Lanes<T, part> lane{lanes};
    const Before<T> before{lane.get(row.c + at), Cell::sees_h || zoned_ ? lane.get(row.h + at) : Vec<T>{}, row.gap};
    Vec<T> saved[Cell::saved];
    After<T> after = Cell::forward(sums, before, Own<T>{view_.E + at, layer_.H, lanes}, saved);
    if (zoned_) {
      const int64_t counter = (t * layer_.B + row.n) * layer_.H + at;
      after.c += coins_c_.keep(counter) * (before.c - after.c);
      after.h += coins_h_.keep(counter) * (before.h - after.h);
    }
    lane.put(row.y + at, after.h);
    lane.put(row.c_new + at, after.c);
    if (row.gates) {
      for (int s = 0; s < Cell::saved; ++s) lane.put(row.gates + s * layer_.gate + at, saved[s]);
    }
  }

  Row row_at(int64_t place, int64_t t) const {
    const int64_t n = plan_.order[place];
    const bool first = plan_.first(place, t);
    const int64_t s = plan_.before(t);
    const T* c_old = view_.cells.at ? view_.cells(s, n) : view_.cT + n * layer_.H;
    return {n,
            view_.x(t, n),
            first ? view_.h0 + n * layer_.H : view_.y(s, n),
            first ? view_.c0 + n * layer_.H : c_old,
            view_.y(t, n),
            view_.cells.at ? view_.cells(t, n) : view_.cT + n * layer_.H,
            view_.gates.at ? view_.gates(t, n) : nullptr,
            view_.gaps.at ? *view_.gaps(t, n) : T{0}};
  }

  void mask(int64_t first, int count, int64_t t) {
    for (int64_t place = first; place < first + count; ++place) {
      const Row row = row_at(place, t);
      const T* factor = view_.h_mask + row.n * layer_.H;
      for (int64_t k = 0; k < layer_.H; ++k) masked_[place * layer_.H + k] = row.h[k] * factor[k];
    }
  }

  T* ahead(int64_t place, int64_t step, int64_t unit) const {
    return ahead_ + ((unit * layer_.B + place) * kAhead + step % kAhead) * G * W;
  }

  // W x + b of the next kAhead steps of a block's rows.
  void look_ahead(Block block, int64_t step) {
    for (int64_t unit = 0; unit < units_.count(); ++unit) {
      for (int64_t place = block.first; place < block.first + block.rows; ++place) {
        for (int64_t from = step; from < step + kAhead && from < layer_.T; from += kRows) {
          const T* x[kRows];
          int count = 0;
          for (; count < kRows && from + count < layer_.T && from + count < step + kAhead; ++count) {
            x[count] = view_.x(plan_.time(from + count), plan_.order[place]);
          }
          Vec<T> sums[kRows * G];
          for (int n = 0; n < count * G; ++n) sums[n] = load(bias_ + (unit * G + n % G) * W);
          tile<Product, T, G>(count, x, {1, layer_.I, 0, G * W}, W_panels_ + unit * layer_.I * G * W, sums);
          for (int n = 0; n < count * G; ++n) store(ahead(place, from, unit) + n * W, sums[n]);
        }
      }
    }
  }

  // The state at the row's end, and zeros behind it.
  void finish(int64_t place) {
    const int64_t n = plan_.order[place], length = plan_.lengths[place], H = layer_.H;
    const int64_t end = plan_.reverse ? 0 : length - 1;
    copy(length ? view_.y(end, n) : view_.h0 + n * H, H, view_.hT + n * H);
    if (view_.cells.at || !length) copy(length ? view_.cells(end, n) : view_.c0 + n * H, H, view_.cT + n * H);
    for (int64_t t = length; t < layer_.T; ++t) clear(view_.y(t, n), H);
  }
};

}  // namespace recollect::RECOLLECT_ISA
