// The core without Python, held against a naive reference under the compiler's sanitizers.
//   core_test            every cell and instruction set: values, gradients, threads
//   core_test threads    the threads alone
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <algorithm>
#include <memory>
#include <thread>

#include "../cpu.hpp"
#include "checks.hpp"

#if defined(__SANITIZE_ADDRESS__)
// Fresh memory is full of NaN, so that no number can depend on memory that nobody wrote: the core's own scratch included.
extern "C" const char* __asan_default_options() {
  return "malloc_fill_byte=255:max_malloc_fill_size=1073741824:detect_stack_use_after_return=1";
}
#endif

namespace recollect::test {

namespace {

// float64, and float32 for values, and for gradients: layer normalisation of few units divides by small deviations, and
// relu has its kink at slightly other places.
constexpr double kWide = 1e-10, kNarrow = 1e-4, kNarrowSlope = 2e-3;
constexpr int kDraws = 12;  // problems of each cell
constexpr uint64_t kSeed = 20000;

int checks = 0, failures = 0;

void report(const std::string& complaints, const std::string& isa, bool wide, const std::string& what) {
  ++checks;
  if (complaints.empty()) return;
  ++failures;
  std::printf("FAILED %s %s: %s\n%s", isa.c_str(), wide ? "float64" : "float32", what.c_str(), complaints.c_str());
}

// Work for each instruction set that this build has; those that the processor lacks are told.
template <class Work>
void each_isa(Work&& work) {
#if defined(__x86_64__)
  const std::vector<std::string> built{"baseline", "avx2", "avx512"};
#else
  const std::vector<std::string> built = instruction_sets();
#endif
  const auto offered = instruction_sets();
  for (const auto& isa : built) {
    if (std::find(offered.begin(), offered.end(), isa) == offered.end()) {
      static bool told = false;
      if (!told) std::printf("SKIPPED %s: this processor lacks it\n", isa.c_str());
      told = true;
      continue;
    }
    setenv("RECOLLECT_ISA", isa.c_str(), 1);  // the core asks at every call
    for (const bool wide : {false, true}) work(isa, wide);
  }
}

void check_problem(const Problem& problem, Draw& draw) {
  const Expected expected = expect(problem, draw);
  each_isa([&](const std::string& isa, bool wide) {
    const Outcome trained = run_core(problem, {.wide = wide, .threads = 1, .training = true});
    const Outcome inferred = run_core(problem, {.wide = wide, .threads = 1, .training = false});
    const double values = wide ? kWide : kNarrow, slopes = wide ? kWide : kNarrowSlope;
    report(check_forward(problem, expected.answer, trained, values), isa, wide, "forward, " + problem.name());
    report(check_forward(problem, expected.answer, inferred, values), isa, wide, "inference, " + problem.name());
    report(check_gradients(problem, expected, trained, slopes), isa, wide, "backward, " + problem.name());
  });
}

void check_small(const Problem& problem) {
  each_isa([&](const std::string& isa, bool wide) {
    const Outcome outcome = run_core(problem, {.wide = wide, .threads = 1, .training = true});
    const double tolerance = wide ? kWide : kNarrowSlope;
    report(check_every_gradient(problem, outcome, tolerance), isa, wide, "every gradient, " + problem.name());
  });
}

void check_cells() {
  Draw draw(kSeed);
  for (const KindRow& kind : kinds()) {
    const int64_t P = kind.projects ? 2 : 0;
    for (int n = 0; n < kDraws; ++n) check_problem(draw_problem(kind, draw_sizes(kind, draw), draw), draw);
    // Many steps of few rows; more rows than a chunk of the backward pass has records; a single step.
    check_problem(draw_problem(kind, {99, 2, 9, 17, 0}, draw), draw);
    check_problem(draw_problem(kind, {3, 257, 3, 5, P}, draw), draw);
    check_problem(draw_problem(kind, {1, 1, 33, 17, P}, draw), draw);
    for (int n = 0; n < 4; ++n) check_small(draw_problem(kind, {4, 3, 2, 3, n % 2 * P}, draw));
  }
}

// Work enough for seven threads: rows for all of them, or few rows whose units they share.
void check_threads() {
  Draw draw(kSeed + 1);
  std::vector<Problem> problems;
  for (const KindRow& kind : kinds()) {
    problems.push_back(draw_problem(kind, {17, 19, 33, 65, kind.projects && draw.coin() ? 31 : 0}, draw));
  }
  const size_t by_blocks = problems.size();
  problems.push_back(draw_problem(kinds()[0], {7, 1, 201, 201, 0}, draw));
  problems.push_back(draw_problem(kinds()[1], {5, 2, 201, 201, 0}, draw));
  problems.push_back(draw_problem(kinds()[5], {6, 5, 201, 201, 0}, draw));
  int shared = 0;
  for (size_t k = 0; k < problems.size(); ++k) {
    const Problem& problem = problems[k];
    for (const int threads : {2, 3, 7}) {
      if (k < by_blocks && sharing(problem, threads).threads != threads) report("  too little work\n", "", 1, problem.name());
      shared += sharing(problem, threads).by_units;
    }
    each_isa([&](const std::string& isa, bool wide) {
      const Outcome alone = run_core(problem, {.wide = wide, .threads = 1, .training = true});
      for (const int threads : {2, 3, 7}) {
        const Outcome together = run_core(problem, {.wide = wide, .threads = threads, .training = true});
        report(check_bits(alone, together), isa, wide, std::to_string(threads) + " threads, " + problem.name());
      }
    });
  }
  if (shared < 3) report("  no threads that share units\n", "", true, "the problems for threads");
}

// Two callers at once, each of which wants threads.
void check_callers() {
  Draw draw(kSeed + 2);
  const Problem problem = draw_problem(kinds()[0], {17, 19, 33, 65, 0}, draw);
  const Call call{.wide = false, .threads = 3, .training = true};
  const Outcome alone = run_core(problem, call);
  Outcome found[2];
  std::thread other([&] { found[1] = run_core(problem, call); });
  found[0] = run_core(problem, call);
  other.join();
  for (const Outcome& outcome : found) report(check_bits(alone, outcome), "", false, "two callers at once, " + problem.name());
}

void check_poison() {
#if defined(__SANITIZE_ADDRESS__)
  const std::unique_ptr<unsigned char, void (*)(void*)> memory(static_cast<unsigned char*>(std::aligned_alloc(64, 1 << 20)), std::free);
  const bool full = std::all_of(memory.get(), memory.get() + (1 << 20), [](unsigned char byte) { return byte == 255; });
  report(full ? "" : "  fresh memory is not full of NaN: ASAN_OPTIONS says otherwise\n", "", true, "the test's own memory");
#endif
}

}  // namespace

}  // namespace recollect::test

int main(int count, char** words) {
  using namespace recollect::test;
  check_poison();
  if (count < 2 || std::strcmp(words[1], "threads") != 0) check_cells();
  check_threads();
  check_callers();
  std::printf("%d checks, %d failed\n", checks, failures);
  return failures == 0 ? 0 : 1;
}
