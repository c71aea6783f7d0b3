// A loop whose counter is a constant in each turn.
#pragma once

#include <utility>

namespace recollect::RECOLLECT_ISA {

template <int count, class Work>
__attribute__((always_inline)) constexpr inline void unrolled(Work&& work) {
  [&]<int... n>(std::integer_sequence<int, n...>) __attribute__((always_inline)) {
    (work(std::integral_constant<int, n>()), ...);
  }(std::make_integer_sequence<int, count>());
}

}  // namespace recollect::RECOLLECT_ISA
