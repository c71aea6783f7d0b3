// A layer with its numbers, dense and in double, before they are laid out for the core.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "kinds.hpp"

namespace recollect::test {

using Values = std::vector<double>;

// What gradients are asked for, as in recurrence.hpp.
enum Input : int { kX, kH0, kC0, kW, kR, kB, kE, kQ, kInputs };
constexpr const char* kInputNames[kInputs] = {"x", "h0", "c0", "W", "R", "b", "E", "Q"};

enum class Layout : int { time_major, batch_major, padded, gate_major, count };

struct Sizes {
  int64_t T, B, I, H, P;
};

// An empty array is absent. Past a row's end x, dy and gaps mean nothing: the core is given NaN there.
struct Problem {
  const KindRow* kind = nullptr;
  Sizes size{};
  bool relu = false, reverse = false, wants_dx = true;
  Layout layout = Layout::time_major;
  std::array<Values, kInputs> inputs;
  std::vector<int64_t> lengths;
  Values gaps, mask;
  Values dy, dhT, dcT;
  double zone_c = 0, zone_h = 0;
  bool zone_mean = false;
  uint64_t seed = 0;

  int64_t outputs() const { return size.P ? size.P : size.H; }
  int64_t length(int64_t n) const { return lengths.empty() ? size.T : lengths[static_cast<size_t>(n)]; }
  std::string name() const;
};

// Fixed sequences of numbers: the same on every machine.
class Draw {
  uint64_t state_;

 public:
  explicit Draw(uint64_t seed) : state_(seed) {}
  uint64_t bits();
  int64_t below(int64_t bound) { return static_cast<int64_t>(bits() % static_cast<uint64_t>(bound)); }
  bool coin() { return below(2) == 0; }
  double number(double most);  // in (-most, most), a float
  Values numbers(int64_t count, double most);
};

// Sizes from a list of small numbers, of which most are odd, with less work than the naive reference can bear.
Sizes draw_sizes(const KindRow& kind, Draw& draw);

// Everything but the kind and the sizes drawn: direction, lengths, what is absent, noise, layout.
Problem draw_problem(const KindRow& kind, Sizes sizes, Draw& draw);

}  // namespace recollect::test
