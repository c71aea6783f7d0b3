#include "cpu.hpp"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

namespace recollect {

std::vector<std::string> instruction_sets() {
#if defined(__aarch64__)
  return {"neon"};
#elif defined(__x86_64__)
  __builtin_cpu_init();  // also asks whether the operating system saves the wide registers
  std::vector<std::string> sets{"baseline"};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    sets.push_back("avx2");
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
      sets.push_back("avx512");
    }
  }
  return sets;
#else
  return {"baseline"};
#endif
}

std::string chosen_instruction_set() {
  const auto sets = instruction_sets();
  const char* wish = std::getenv("RECOLLECT_ISA");
  if (wish == nullptr || *wish == '\0') return sets.back();
  if (std::find(sets.begin(), sets.end(), wish) != sets.end()) return wish;
  std::string offer;
  for (const auto& set : sets) offer += (offer.empty() ? "" : ", ") + set;
  throw std::invalid_argument("RECOLLECT_ISA is '" + std::string(wish) + "', but this machine offers: " + offer);
}

}  // namespace recollect
