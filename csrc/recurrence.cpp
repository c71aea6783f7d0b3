#include "recurrence.hpp"

#include <cstdlib>
#include <string>

#include "cpu.hpp"
#include "kernels.hpp"

namespace recollect {

namespace {

struct Kernels {
  int (*rows)();
  void (*forward)(const Layer&, const Plan&);
  void (*backward)(const Layer&, const Plan&);
};

Kernels kernels_of(const std::string& isa) {
#if defined(__x86_64__)
  if (isa == "avx512") return {avx512::rows, avx512::forward, avx512::backward};
  if (isa == "avx2") return {avx2::rows, avx2::forward, avx2::backward};
#endif
  static_cast<void>(isa);
  return {baseline::rows, baseline::forward, baseline::backward};
}

Kernels kernels() {
  static const Kernels widest = kernels_of(instruction_sets().back());
  const char* wish = std::getenv("RECOLLECT_ISA");
  return wish == nullptr || *wish == '\0' ? widest : kernels_of(chosen_instruction_set());
}

}  // namespace

void forward(const Layer& layer) {
  const Kernels use = kernels();
  const Planned planned(layer, use.rows());
  use.forward(layer, planned.plan());
}

void backward(const Layer& layer) {
  const Kernels use = kernels();
  const Planned planned(layer, use.rows());
  use.backward(layer, planned.plan());
}

}  // namespace recollect
