// What is checked of an outcome. Every check returns its complaints, a line for each; none if all is well.
#pragma once

#include "core.hpp"
#include "reference.hpp"

namespace recollect::test {

// The reference's answer with slopes along one drawn direction for each input.
struct Expected {
  std::array<Values, kInputs> directions;
  Answer answer;
};
Expected expect(const Problem& problem, Draw& draw);

// Values of the forward pass, those past a row's end, and what must not have been written.
std::string check_forward(const Problem& problem, const Answer& answer, const Outcome& outcome, double tolerance);

// Each gradient's product with its direction.
std::string check_gradients(const Problem& problem, const Expected& expected, const Outcome& outcome, double tolerance);

// Each gradient value by value; for small problems, since the reference runs once for every kSlopes values.
std::string check_every_gradient(const Problem& problem, const Outcome& outcome, double tolerance);

// The same bits in every array.
std::string check_bits(const Outcome& one, const Outcome& other);

}  // namespace recollect::test
