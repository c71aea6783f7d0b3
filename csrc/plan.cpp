#include "plan.hpp"

#include <algorithm>
#include <numeric>

namespace recollect {

namespace {

// Below this many multiply-adds waking a second thread costs more than it saves.
constexpr double kWorthAThread = 1e6;
// And within a step, where the threads wait for each other at its end.
constexpr double kWorthAStep = 1.5e5;
// More weights than the caches hold: every thread that owns rows would bring all of them from memory at every step.
constexpr double kMoreThanCaches = 2e6;

int useful_threads(const Layer& layer) {
  const double work = 4.0 * layer.H * (layer.I + layer.H) * layer.B * layer.T;
  return static_cast<int>(std::clamp(work / kWorthAThread, 1.0, static_cast<double>(std::max(layer.threads, 1))));
}

bool shares_units(const Layer& layer, bool few) {
  const double weights = 4.0 * layer.H * (layer.I + layer.H);
  if (layer.P != 0 || layer.kind == Kind::layernorm || !(few || weights > kMoreThanCaches)) return false;
  return layer.threads > 1 && weights * layer.B / layer.threads > kWorthAStep;
}

}  // namespace

Planned::Planned(const Layer& layer, int most)
    : T_(layer.T), reverse_(layer.reverse), by_units_(false), threads_(useful_threads(layer)), order_(layer.B),
      lengths_(layer.B, layer.T), living_(layer.T, layer.B) {
  std::iota(order_.begin(), order_.end(), 0);
  if (layer.lengths != 0) {
    const auto* given = reinterpret_cast<const int64_t*>(layer.lengths);
    std::stable_sort(order_.begin(), order_.end(), [given](int64_t a, int64_t b) { return given[a] > given[b]; });
    std::transform(order_.begin(), order_.end(), lengths_.begin(), [given](int64_t row) { return given[row]; });
    int64_t rows = layer.B;
    for (int64_t t = 0; t < T_; ++t) {
      while (rows > 0 && lengths_[rows - 1] <= t) --rows;
      living_[t] = rows;
    }
  }
  const int64_t fewest = (layer.B + most - 1) / most;
  const int64_t count = std::min(layer.B, (fewest + threads_ - 1) / threads_ * threads_);
  for (int64_t block = 0; block < count; ++block) {
    const int64_t first = block * layer.B / count;
    blocks_.push_back({first, static_cast<int>((block + 1) * layer.B / count - first)});
  }
  by_units_ = shares_units(layer, count < threads_);
}

Plan Planned::plan() const {
  return {order_.data(), lengths_.data(), living_.data(), blocks_.data(), static_cast<int64_t>(blocks_.size()),
          threads_,      by_units_,       T_,            reverse_};
}

}  // namespace recollect
