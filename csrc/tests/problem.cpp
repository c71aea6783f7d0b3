#include "problem.hpp"

#include <cmath>

namespace recollect::test {

uint64_t Draw::bits() {  // SplitMix64: Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators", figure 17
  uint64_t z = state_ += 0x9e3779b97f4a7c15ULL;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

double Draw::number(double most) {
  const double unit = static_cast<double>(bits() >> 11) / 4503599627370496.0 - 1;  // in [-1, 1)
  return static_cast<double>(static_cast<float>(unit * most));
}

Values Draw::numbers(int64_t count, double most) {
  Values values;
  for (int64_t k = 0; k < count; ++k) values.push_back(number(most));
  return values;
}

Sizes draw_sizes(const KindRow& kind, Draw& draw) {
  constexpr int64_t sizes[] = {1, 1, 2, 3, 5, 7, 8, 9, 11, 13, 15, 16, 17, 21, 31, 33, 47, 49, 63, 65, 69, 70};
  constexpr double most = 8e5;  // multiply-adds
  const auto pick = [&] { return sizes[draw.below(sizeof sizes / sizeof *sizes)]; };
  for (;;) {
    Sizes size{pick(), pick(), pick(), pick(), pick()};
    if (!kind.projects || draw.coin()) size.P = 0;
    const double work = static_cast<double>(kind.gates * size.T * size.B * size.H * (size.I + size.H + size.P));
    if (work <= most) return size;
  }
}

Problem draw_problem(const KindRow& kind, Sizes size, Draw& draw) {
  const auto [T, B, I, H, P] = size;
  Problem problem;
  problem.kind = &kind;
  problem.size = size;
  problem.relu = draw.coin();
  problem.reverse = draw.coin();
  problem.wants_dx = draw.below(4) > 0;
  const int64_t O = problem.outputs(), G = kind.gates;
  problem.layout = static_cast<Layout>(draw.below(static_cast<int64_t>(Layout::count)));
  const double by_I = 1 / std::sqrt(static_cast<double>(I)), by_H = 1 / std::sqrt(static_cast<double>(H));
  const double by_O = 1 / std::sqrt(static_cast<double>(O));
  problem.inputs = {draw.numbers(T * B * I, 1.5), draw.numbers(B * O, 1), draw.numbers(kind.has_c ? B * H : 0, 1),
                    draw.numbers(G * H * I, by_I), draw.numbers(G * H * O, by_O), draw.numbers(G * H, 0.5),
                    draw.numbers(kind.own * H, 1), draw.numbers(P * H, by_H)};
  if (draw.below(3) > 0) {
    for (int64_t n = 0; n < B; ++n) problem.lengths.push_back(draw.below(4) == 0 ? draw.below(2) * T : draw.below(T + 1));
  }
  if (kind.gaps && draw.below(4) > 0) {
    for (int64_t k = 0; k < T * B; ++k) problem.gaps.push_back(std::abs(draw.number(2)));
  }
  if (draw.below(3) == 0) {
    for (int64_t k = 0; k < B * O; ++k) problem.mask.push_back(draw.below(3) > 0 ? 1.5 : 0);
  }
  if (draw.below(4) > 0) problem.dy = draw.numbers(T * B * O, 1);
  if (problem.dy.empty() || draw.coin()) problem.dhT = draw.numbers(B * O, 1);
  if (kind.has_c && draw.coin()) problem.dcT = draw.numbers(B * H, 1);
  if (kind.has_c && draw.below(3) == 0) problem.zone_c = 0.25;
  if (draw.below(3) == 0) problem.zone_h = 0.375;
  problem.zone_mean = draw.coin();
  problem.seed = draw.bits();
  return problem;
}

std::string Problem::name() const {
  const auto number = [](const char* of, int64_t value) { return std::string(" ") + of + "=" + std::to_string(value); };
  std::string text = std::string(kind->name) + (relu ? " relu" : " tanh") + (reverse ? " reverse" : "");
  text += number("T", size.T) + number("B", size.B) + number("I", size.I) + number("H", size.H) + number("P", size.P);
  text += number("layout", static_cast<int64_t>(layout));
  for (const auto& [what, there] : {std::pair{" lengths", !lengths.empty()}, {" gaps", !gaps.empty()},
                                    {" mask", !mask.empty()}, {" dy", !dy.empty()}, {" dhT", !dhT.empty()},
                                    {" dcT", !dcT.empty()}, {" dx", wants_dx}, {" zone_c", zone_c > 0},
                                    {" zone_h", zone_h > 0}, {" zone_mean", zone_mean}}) {
    if (there) text += what;
  }
  return text;
}

}  // namespace recollect::test
