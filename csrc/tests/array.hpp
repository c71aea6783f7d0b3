// Arrays for the core: each a heap block of exactly its own size, so that the sanitizer sees one value too far.
#pragma once

#include <cmath>
#include <cstdlib>
#include <limits>

#include "problem.hpp"

namespace recollect::test {

// Where the values of an array [T, B, S, F] lie: all dimensions but the last have strides.
struct Place {
  int64_t T, B, S, F, time, row, group;

  static Place of(Layout layout, int64_t T, int64_t B, int64_t S, int64_t F) {
    switch (layout) {
      case Layout::batch_major: return {T, B, S, F, S * F, T * S * F, F};
      case Layout::padded: return {T, B, S, F, B * (S * (F + 2) + 3) + 5, S * (F + 2) + 3, F + 2};
      case Layout::gate_major: return {T, B, S, F, B * F, F, T * B * F};
      default: return {T, B, S, F, B * S * F, S * F, F};
    }
  }
  size_t size() const {
    return S * F == 0 ? 0 : static_cast<size_t>((T - 1) * time + (B - 1) * row + (S - 1) * group + F);
  }
  int64_t at(int64_t t, int64_t n, int64_t k) const { return t * time + n * row + k / F * group + k % F; }
};

// NaN wherever nothing was put. An array of no values has the address 0.
template <class T>
class Array {
  Place place_;
  T* at_;

 public:
  explicit Array(Place place)
      : place_(place), at_(place.size() ? static_cast<T*>(std::malloc(place.size() * sizeof(T))) : nullptr) {
    for (size_t k = 0; k < place.size(); ++k) at_[k] = std::numeric_limits<T>::quiet_NaN();
  }
  explicit Array(size_t count) : Array(Place{1, 1, 1, static_cast<int64_t>(count), 0, 0, 0}) {}
  explicit Array(const Values& dense) : Array(dense.size()) {
    for (size_t k = 0; k < dense.size(); ++k) at_[k] = static_cast<T>(dense[k]);
  }
  // [T, B, F]; past a row's end it stays NaN.
  Array(const Problem& problem, int64_t F, const Values& dense)
      : Array(Place::of(problem.layout, problem.size.T, problem.size.B, 1, dense.empty() ? 0 : F)) {
    for (int64_t n = 0; n < problem.size.B && !dense.empty(); ++n) {
      for (int64_t t = 0; t < problem.length(n); ++t) {
        for (int64_t k = 0; k < F; ++k) at_[place_.at(t, n, k)] = static_cast<T>(dense[(t * problem.size.B + n) * F + k]);
      }
    }
  }
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;
  ~Array() { std::free(at_); }

  Address address() const { return reinterpret_cast<Address>(at_); }
  Sequence sequence() const { return {address(), place_.time, place_.row}; }
  int64_t group() const { return place_.group; }

  // All values in their order [T, B, S, F].
  Values dense() const {
    Values found;
    for (int64_t t = 0; t < place_.T && place_.size(); ++t) {
      for (int64_t n = 0; n < place_.B; ++n) {
        for (int64_t k = 0; k < place_.S * place_.F; ++k) found.push_back(static_cast<double>(at_[place_.at(t, n, k)]));
      }
    }
    return found;
  }

  // Whether anything was written between the values.
  bool spilled() const {
    const Values values = dense();
    size_t inside = 0, all = 0;
    for (const double value : values) inside += !std::isnan(value);
    for (size_t k = 0; k < place_.size(); ++k) all += !std::isnan(at_[k]);
    return all != inside;
  }
};

}  // namespace recollect::test
