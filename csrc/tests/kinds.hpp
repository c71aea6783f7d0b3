// What the tests know of each cell: its sizes and one step of its equations. A new cell is a function and a row in kinds().
#pragma once

#include <cstdint>
#include <vector>

#include "../recurrence.hpp"
#include "dual.hpp"

namespace recollect::test {

// One row at one step, every unit of it.
struct Step {
  int64_t H;
  bool relu;             // what squashes the candidate and the output, else tanh
  const Dual *wx, *rh;   // [G, H]: W x and R h
  const Dual *b, *E;     // [G, H], [E, H]
  const Dual *h_old, *c_old;
  double gap;
  Dual *gates, *c, *h;   // [G, H], [H], [H]: to be written
  Dual squash(const Dual& x) const { return relu ? test::relu(x) : tanh(x); }
  Dual sum(int64_t at) const { return wx[at] + rh[at] + b[at]; }
};

struct KindRow {
  Kind kind;
  const char* name;
  int gates, saved, own;  // G, S, E
  bool has_c, projects, gaps, norms;
  void (*step)(const Step&);
};

const std::vector<KindRow>& kinds();

}  // namespace recollect::test
