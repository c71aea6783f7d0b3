// Numbers that carry derivatives along: forward-mode differentiation, exact to rounding, for the reference alone.
// Wengert 1964, "A simple automatic derivative evaluation program".
#pragma once

#include <cmath>
#include <vector>

namespace recollect::test {

constexpr int kSlopes = 8;
typedef double Slopes __attribute__((vector_size(kSlopes * sizeof(double))));

// A value and its derivatives in kSlopes directions at once.
struct Dual {
  double value = 0;
  Slopes slope{};
  Dual() = default;
  Dual(double of) : value(of) {}
  Dual(double of, const Slopes& d) : value(of), slope(d) {}
};
using Duals = std::vector<Dual>;

inline Dual operator+(const Dual& a, const Dual& b) { return {a.value + b.value, a.slope + b.slope}; }
inline Dual operator-(const Dual& a, const Dual& b) { return {a.value - b.value, a.slope - b.slope}; }
inline Dual operator*(const Dual& a, const Dual& b) { return {a.value * b.value, a.slope * b.value + b.slope * a.value}; }
inline Dual operator/(const Dual& a, const Dual& b) {
  return {a.value / b.value, (a.slope - b.slope * (a.value / b.value)) / b.value};
}
inline Dual& operator+=(Dual& a, const Dual& b) { return a = a + b; }

inline Dual exp(const Dual& x) { return {std::exp(x.value), x.slope * std::exp(x.value)}; }
inline Dual sqrt(const Dual& x) { return {std::sqrt(x.value), x.slope / (2 * std::sqrt(x.value))}; }
inline Dual tanh(const Dual& x) { return {std::tanh(x.value), x.slope * (1 - std::tanh(x.value) * std::tanh(x.value))}; }
inline Dual relu(const Dual& x) { return x.value > 0 ? x : Dual(); }
inline Dual sigmoid(const Dual& x) {
  const double value = 1 / (1 + std::exp(-x.value));
  return {value, x.slope * (value * (1 - value))};
}

}  // namespace recollect::test
