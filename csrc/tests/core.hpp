// A problem given to the core.
#pragma once

#include <map>
#include <string>

#include "problem.hpp"

namespace recollect::test {

struct Call {
  bool wide = false;
  int threads = 1;
  bool training = true;  // else no backward pass, and nothing is saved for it
};

// What came out, by the names of recurrence.hpp: dense, and in double, which loses no bit.
struct Outcome {
  std::map<std::string, Values> arrays;
  std::string spilled;  // names of arrays between whose values something was written
};

Outcome run_core(const Problem& problem, Call call);

// How many threads the core really uses, and whether they share the units of a step.
struct Sharing {
  int threads;
  bool by_units;
};
Sharing sharing(const Problem& problem, int threads);

}  // namespace recollect::test
