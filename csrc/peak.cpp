// Compiled once for each instruction set, each time into a namespace of its own (RECOLLECT_ISA).
#include "peak.hpp"

#include <chrono>
#include <utility>

namespace recollect::RECOLLECT_ISA {

namespace {

#if defined(__AVX512F__)
constexpr int kWidth = 16;
#elif defined(__AVX__)
constexpr int kWidth = 8;
#else
constexpr int kWidth = 4;
#endif
typedef float Vector __attribute__((vector_size(kWidth * sizeof(float))));

constexpr int kChains = 12;     // independent sums: enough to hide a latency of 4 to 6 cycles on two units
constexpr int kRounds = 1 << 14;

// kRounds multiply-adds on each of the chains; nothing touches memory. The sums are named by constants rather than by a
// loop variable: only then does the compiler hold each in a register of its own.
template <int... chain>
float multiply_add(float start, std::integer_sequence<int, chain...>) {
  Vector sums[kChains] = {(Vector{} + start + static_cast<float>(chain))...};
  const Vector scale = Vector{} + 0.999F, shift = Vector{} + start;
  for (int round = 0; round < kRounds; ++round) {
    ((sums[chain] = sums[chain] * scale + shift), ...);
  }
  const Vector total = (sums[chain] + ...);
  float result = 0;
  for (int lane = 0; lane < kWidth; ++lane) result += total[lane];
  return result;
}

}  // namespace

// Best rate seen within `seconds`, in floating-point operations a second on one thread; an FMA counts as two.
double peak_flops(double seconds) {
  using Clock = std::chrono::steady_clock;
  volatile float sink = 1e-3F;
  double best = 0;
  const auto start = Clock::now();
  auto now = start;
  do {
    const auto before = now;
    sink = multiply_add(1e-3F, std::make_integer_sequence<int, kChains>());
    now = Clock::now();
    const double elapsed = std::chrono::duration<double>(now - before).count();
    const double rate = 2.0 * kWidth * kChains * kRounds / elapsed;
    if (rate > best) best = rate;
  } while (std::chrono::duration<double>(now - start).count() < seconds);
  static_cast<void>(sink);
  return best;
}

}  // namespace recollect::RECOLLECT_ISA
