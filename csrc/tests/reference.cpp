#include "reference.hpp"

#include <algorithm>

namespace recollect::test {

namespace {

// kernels/coin.py has the definition.
double keep(const Problem& problem, double share, uint32_t stream, int64_t place) {
  if (problem.zone_mean) return share;
  const auto mix = [](uint32_t v) {
    v = (v ^ v >> 16) * 0x85ebca6bU;
    v = (v ^ v >> 13) * 0xc2b2ae35U;
    return v ^ v >> 16;
  };
  const auto low = static_cast<uint32_t>(problem.seed), high = static_cast<uint32_t>(problem.seed >> 32);
  const uint32_t coin = mix(mix(static_cast<uint32_t>(place) ^ low) + high + stream * 0x9e3779b9U);
  return coin < share * 4294967296.0 ? 1 : 0;
}

// M [rows, columns] v
Duals product(const Duals& M, int64_t rows, const Dual* v, int64_t columns) {
  Duals result(static_cast<size_t>(rows));
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t k = 0; k < columns; ++k) result[r] += M[r * columns + k] * v[k];
  }
  return result;
}

void zone(const Problem& problem, double share, uint32_t stream, int64_t first, const Duals& old, Duals& value) {
  for (size_t k = 0; share > 0 && k < value.size(); ++k) {
    const Dual kept = keep(problem, share, stream, first + static_cast<int64_t>(k));
    value[k] = kept * old[k] + (Dual(1) - kept) * value[k];
  }
}

void set(Duals& whole, int64_t index, const Duals& part) {
  std::copy(part.begin(), part.end(), whole.begin() + index * static_cast<int64_t>(part.size()));
}

Duals slice(const Duals& whole, int64_t index, int64_t count) {
  return whole.empty() ? Duals(count) : Duals(whole.begin() + index * count, whole.begin() + (index + 1) * count);
}

Dual weighed(const Duals& values, const Values& by) {
  Dual sum;
  for (size_t k = 0; k < by.size(); ++k) sum += values[k] * Dual(by[k]);
  return sum;
}

// One row through one step; h and c become those of the step.
void advance(const Problem& p, const Tangents& in, int64_t t, int64_t n, Duals& h, Duals& c, Answer& to) {
  const auto [T, B, I, H, P] = p.size;
  const int64_t O = p.outputs(), G = p.kind->gates, place = t * B + n;
  Duals seen = h;
  for (int64_t k = 0; k < O && !p.mask.empty(); ++k) seen[k] = h[k] * Dual(p.mask[n * O + k]);
  const Duals wx = product(in[kW], G * H, &in[kX][place * I], I), rh = product(in[kR], G * H, seen.data(), O);
  Duals gates(G * H), c_new(H), inner(H);
  p.kind->step({.H = H, .relu = p.relu, .wx = wx.data(), .rh = rh.data(), .b = in[kB].data(), .E = in[kE].data(),
                .h_old = h.data(), .c_old = c.data(), .gap = p.gaps.empty() ? 0 : p.gaps[place],
                .gates = gates.data(), .c = c_new.data(), .h = inner.data()});
  zone(p, p.zone_c, 0, place * H, c, c_new);
  Duals y = P ? product(in[kQ], P, inner.data(), H) : inner;
  zone(p, p.zone_h, 1, place * O, h, y);
  set(to.y, place, y);
  set(to.gates, place, gates);
  set(to.cells, place, c_new);
  set(to.inner, place, inner);
  h = y;
  c = c_new;
}

}  // namespace

Answer answer(const Problem& p, const Tangents& in) {
  const auto [T, B, I, H, P] = p.size;
  const int64_t O = p.outputs();
  Answer to{.y = Duals(T * B * O), .hT = Duals(B * O), .cT = Duals(B * H), .gates = Duals(T * B * p.kind->gates * H),
            .cells = Duals(T * B * H), .inner = Duals(T * B * H), .loss = {}};
  for (int64_t n = 0; n < B; ++n) {
    Duals h = slice(in[kH0], n, O), c = slice(in[kC0], n, H);
    const int64_t length = p.length(n);
    for (int64_t s = 0; s < length; ++s) advance(p, in, p.reverse ? length - 1 - s : s, n, h, c, to);
    set(to.hT, n, h);
    set(to.cT, n, c);
  }
  to.loss = weighed(to.y, p.dy) + weighed(to.hT, p.dhT) + weighed(to.cT, p.dcT);
  return to;
}

}  // namespace recollect::test
