// Compiled once for each instruction set, each time into a namespace of its own (RECOLLECT_ISA).
#include "accuracy.hpp"

#include <cmath>
#include <cstring>
#include <limits>

#include "math.hpp"

namespace recollect::RECOLLECT_ISA {

namespace {

template <class T>
using Wider = std::conditional_t<sizeof(T) == 4, double, long double>;

template <class T>
Wider<T> truth(Function function, T x) {
  const Wider<T> wide = x;
  switch (function) {
    case Function::exp: return std::exp(wide);
    case Function::sigmoid: return 1 / (1 + std::exp(-wide));
    default: return std::tanh(wide);
  }
}

template <class T>
Vec<T> computed(Function function, Vec<T> x) {
  switch (function) {
    case Function::exp: return exp<T>(x);
    case Function::sigmoid: return value<T, Sigmoid>(x);
    default: return value<T, Tanh>(x);
  }
}

template <class T>
double error_in_ulp(T found, Wider<T> right) {
  constexpr Wider<T> least = std::numeric_limits<T>::min();
  int exponent;
  std::frexp(std::fabs(right) < least ? least : right, &exponent);
  const Wider<T> unit = std::ldexp(Wider<T>{1}, exponent - std::numeric_limits<T>::digits);
  return static_cast<double>(std::fabs(found - right) / unit);
}

// The n-th argument: all bit patterns of float32; of float64 those whose low bits are zero but for a scattered part.
template <class T>
T argument(uint64_t n) {
  T x;
  if constexpr (sizeof(T) == 4) {
    const auto bits = static_cast<uint32_t>(n);
    std::memcpy(&x, &bits, sizeof x);
  } else {
    const uint64_t bits = n << 40 | (n * 0x9e3779b97f4a7c15U) >> 24;
    std::memcpy(&x, &bits, sizeof x);
  }
  return x;
}

template <class T>
std::pair<double, double> worst(Function function, uint64_t stride) {
  constexpr uint64_t count = uint64_t{1} << (sizeof(T) == 4 ? 32 : 24);
  double most = 0, where = 0;
  for (uint64_t n = 0; n < count; n += stride * width<T>) {
    T arguments[width<T>], results[width<T>];
    for (int lane = 0; lane < width<T>; ++lane) {
      const T x = argument<T>((n + lane * stride) % count);
      arguments[lane] = !std::isfinite(x) ? T{0} : function == Function::exp ? -std::fabs(x) : x;
    }
    store(results, computed<T>(function, load(arguments)));
    for (int lane = 0; lane < width<T>; ++lane) {
      const auto right = truth(function, arguments[lane]);
      // What should be less than the smallest normal number may come out as that number.
      const bool small = std::fabs(right) < 2 * std::numeric_limits<T>::min() && function != Function::tanh;
      if (small && results[lane] >= 0 && results[lane] <= 4 * std::numeric_limits<T>::min()) continue;
      const double error = error_in_ulp(results[lane], right);
      if (!(error <= most)) most = error, where = arguments[lane];
    }
  }
  return {most, where};
}

}  // namespace

std::pair<double, double> worst_error(Function function, bool wide, uint64_t stride) {
  return wide ? worst<double>(function, stride) : worst<float>(function, stride);
}

}  // namespace recollect::RECOLLECT_ISA
