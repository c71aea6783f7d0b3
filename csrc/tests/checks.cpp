#include "checks.hpp"

#include <cmath>
#include <cstring>

namespace recollect::test {

namespace {

Tangents constants(const Problem& problem) {
  Tangents inputs;
  for (int input = 0; input < kInputs; ++input) {
    inputs[input].assign(problem.inputs[input].begin(), problem.inputs[input].end());
  }
  return inputs;
}

std::string gradient(int input) { return std::string("d") + kInputNames[input]; }

bool wanted(const Problem& problem, int input) {
  return !problem.inputs[input].empty() && (input != kX || problem.wants_dx);
}

std::string complain(const std::string& array, size_t at, double found, double expected) {
  return "  " + array + "[" + std::to_string(at) + "] is " + std::to_string(found) + ", not " + std::to_string(expected) +
         " (off by " + std::to_string((found - expected) * 1e6) + "e-6)\n";
}

// What an array [T, B, ...] holds past a row's end.
enum class Past { zero, untouched, anything };

// found has at least as many values at each [t, n] as expected has; more of them are not compared.
std::string compare(const Problem& p, const std::string& name, const Values& found, const Duals& expected, Past past,
                    double tolerance) {
  if (found.empty()) return "";
  const size_t places = static_cast<size_t>(p.size.T * p.size.B), each = found.size() / places, known = expected.size() / places;
  for (size_t at = 0; at < found.size(); ++at) {
    const size_t place = at / each, k = at % each;
    const bool alive = static_cast<int64_t>(place) / p.size.B < p.length(static_cast<int64_t>(place) % p.size.B);
    if (alive && k < known) {
      const double value = expected[place * known + k].value;
      if (!(std::abs(found[at] - value) <= tolerance * (1 + std::abs(value)))) return complain(name, at, found[at], value);
    } else if (alive && !std::isfinite(found[at])) {
      return complain(name, at, found[at], 0);
    } else if (!alive && past == Past::zero && found[at] != 0) {
      return complain(name + " past a row's end", at, found[at], 0);
    } else if (!alive && past == Past::untouched && !std::isnan(found[at])) {
      return complain(name + " past a row's end", at, found[at], std::nan(""));
    }
  }
  return "";
}

std::string compare_state(const std::string& name, const Values& found, const Duals& expected, double tolerance) {
  for (size_t at = 0; at < found.size(); ++at) {
    const double value = expected[at].value;
    if (!(std::abs(found[at] - value) <= tolerance * (1 + std::abs(value)))) return complain(name, at, found[at], value);
  }
  return "";
}

}  // namespace

Expected expect(const Problem& problem, Draw& draw) {
  Expected expected;
  Tangents inputs = constants(problem);
  for (int input = 0; input < kInputs; ++input) {
    for (Dual& value : inputs[input]) {
      expected.directions[input].push_back(draw.coin() ? 1 : -1);
      value.slope[input] = expected.directions[input].back();
    }
  }
  expected.answer = answer(problem, inputs);
  return expected;
}

std::string check_forward(const Problem& p, const Answer& answer, const Outcome& outcome, double tolerance) {
  std::string found = outcome.spilled.empty() ? "" : "  written between the values of:" + outcome.spilled + "\n";
  const auto& arrays = outcome.arrays;
  found += compare(p, "y", arrays.at("y"), answer.y, Past::zero, tolerance);
  found += compare_state("hT", arrays.at("hT"), answer.hT, tolerance);
  found += compare_state("cT", arrays.at("cT"), answer.cT, tolerance);
  found += compare(p, "gates", arrays.at("gates"), answer.gates, Past::untouched, tolerance);
  found += compare(p, "cells", arrays.at("cells"), answer.cells, Past::anything, tolerance);
  found += compare(p, "inner", arrays.at("inner"), answer.inner, Past::anything, tolerance);
  return found;
}

// With directions of ones and minus ones, errors of independent signs add up to the tolerance times the gradient's norm.
std::string check_gradients(const Problem& p, const Expected& expected, const Outcome& outcome, double tolerance) {
  std::string complaints;
  for (int input = 0; input < kInputs; ++input) {
    if (!wanted(p, input)) continue;
    const Values &found = outcome.arrays.at(gradient(input)), &direction = expected.directions[input];
    double along = 0, squares = 0;
    for (size_t k = 0; k < found.size(); ++k) along += found[k] * direction[k], squares += found[k] * found[k];
    const double slope = expected.answer.loss.slope[input];
    if (!(std::abs(along - slope) <= tolerance * (1 + std::sqrt(squares)))) {
      complaints += complain(gradient(input) + " along its direction", 0, along, slope);
    }
  }
  for (size_t at = 0; p.wants_dx && at < outcome.arrays.at("dx").size(); ++at) {
    const int64_t place = static_cast<int64_t>(at) / p.size.I;
    const double value = outcome.arrays.at("dx")[at];
    if (place / p.size.B >= p.length(place % p.size.B) && value != 0) {
      return complaints + complain("dx past a row's end", at, value, 0);
    }
  }
  return complaints;
}

std::string check_every_gradient(const Problem& p, const Outcome& outcome, double tolerance) {
  for (int input = 0; input < kInputs; ++input) {
    const size_t count = wanted(p, input) ? p.inputs[input].size() : 0;
    for (size_t first = 0; first < count; first += kSlopes) {
      const size_t some = std::min(count - first, static_cast<size_t>(kSlopes));
      Tangents inputs = constants(p);
      for (size_t k = 0; k < some; ++k) inputs[input][first + k].slope[k] = 1;
      const Slopes slopes = answer(p, inputs).loss.slope;
      for (size_t k = 0; k < some; ++k) {
        const double found = outcome.arrays.at(gradient(input))[first + k];
        if (!(std::abs(found - slopes[k]) <= tolerance * (1 + std::abs(slopes[k])))) {
          return complain(gradient(input), first + k, found, slopes[k]);
        }
      }
    }
  }
  return "";
}

std::string check_bits(const Outcome& one, const Outcome& other) {
  for (const auto& [name, values] : one.arrays) {
    const Values& others = other.arrays.at(name);
    for (size_t k = 0; k < values.size(); ++k) {
      if (std::memcmp(&values[k], &others[k], sizeof(double)) != 0) return complain(name, k, others[k], values[k]);
    }
  }
  return "";
}

}  // namespace recollect::test
