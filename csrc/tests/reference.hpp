// The layer once more, naively: a row after the other, a step after the other, in double, with exact derivatives.
#pragma once

#include "problem.hpp"

namespace recollect::test {

using Tangents = std::array<Duals, kInputs>;

// Everything dense: y [T, B, O], hT [B, O], cT [B, H], gates [T, B, G, H], cells and inner [T, B, H]. loss is the sum of the
// outputs times their gradients, so that the slopes of loss are what the backward pass has to give.
struct Answer {
  Duals y, hT, cT, gates, cells, inner;
  Dual loss;
};

Answer answer(const Problem& problem, const Tangents& inputs);

}  // namespace recollect::test
