// The equations as the papers and csrc/cells have them, one unit after the other.
#include "kinds.hpp"

namespace recollect::test {

namespace {

void lstm(const Step& s) {
  for (int64_t u = 0; u < s.H; ++u) {
    const Dual i = s.gates[u] = sigmoid(s.sum(u));
    const Dual f = s.gates[s.H + u] = sigmoid(s.sum(s.H + u));
    const Dual g = s.gates[2 * s.H + u] = s.squash(s.sum(2 * s.H + u));
    const Dual o = s.gates[3 * s.H + u] = sigmoid(s.sum(3 * s.H + u));
    s.c[u] = f * s.c_old[u] + i * g;
    s.h[u] = o * s.squash(s.c[u]);
  }
}

void peephole(const Step& s) {
  for (int64_t u = 0; u < s.H; ++u) {
    const Dual i = s.gates[u] = sigmoid(s.sum(u) + s.E[u] * s.c_old[u]);
    const Dual f = s.gates[s.H + u] = sigmoid(s.sum(s.H + u) + s.E[s.H + u] * s.c_old[u]);
    const Dual g = s.gates[2 * s.H + u] = s.squash(s.sum(2 * s.H + u));
    s.c[u] = f * s.c_old[u] + i * g;
    const Dual o = s.gates[3 * s.H + u] = sigmoid(s.sum(3 * s.H + u) + s.E[2 * s.H + u] * s.c[u]);
    s.h[u] = o * s.squash(s.c[u]);
  }
}

void coupled(const Step& s) {
  for (int64_t u = 0; u < s.H; ++u) {
    const Dual i = s.gates[u] = sigmoid(s.sum(u));
    const Dual g = s.gates[s.H + u] = s.squash(s.sum(s.H + u));
    const Dual o = s.gates[2 * s.H + u] = sigmoid(s.sum(2 * s.H + u));
    s.c[u] = (Dual(1) - i) * s.c_old[u] + i * g;
    s.h[u] = o * s.squash(s.c[u]);
  }
}

void decay(const Step& s) {
  Duals faded(s.H);
  for (int64_t u = 0; u < s.H; ++u) {
    faded[u] = s.c_old[u] * exp(Dual(0) - relu(s.E[u] * Dual(s.gap) + s.E[s.H + u]));
  }
  Step after = s;
  after.c_old = faded.data();
  lstm(after);
}

Duals normal(const Dual* v, int64_t count) {
  Dual mean, variance;
  for (int64_t k = 0; k < count; ++k) mean += v[k] / Dual(count);
  for (int64_t k = 0; k < count; ++k) variance += (v[k] - mean) * (v[k] - mean) / Dual(count);
  Duals result(count);
  for (int64_t k = 0; k < count; ++k) result[k] = (v[k] - mean) / sqrt(variance + Dual(1e-5));
  return result;
}

void layernorm(const Step& s) {
  const Duals x = normal(s.wx, 4 * s.H), h = normal(s.rh, 4 * s.H);
  const auto sum = [&](int64_t at) { return s.E[at] * x[at] + s.E[4 * s.H + at] * h[at] + s.b[at]; };
  for (int64_t u = 0; u < s.H; ++u) {
    for (int k : {0, 1, 3}) s.gates[k * s.H + u] = sigmoid(sum(k * s.H + u));
    s.gates[2 * s.H + u] = s.squash(sum(2 * s.H + u));
    s.c[u] = s.gates[s.H + u] * s.c_old[u] + s.gates[u] * s.gates[2 * s.H + u];
  }
  const Duals c = normal(s.c, s.H);
  for (int64_t u = 0; u < s.H; ++u) {
    s.h[u] = s.gates[3 * s.H + u] * s.squash(s.E[8 * s.H + u] * c[u] + s.E[9 * s.H + u]);
  }
}

void gru(const Step& s) {
  for (int64_t u = 0; u < s.H; ++u) {
    const Dual r = s.gates[u] = sigmoid(s.sum(u));
    const Dual z = s.gates[s.H + u] = sigmoid(s.sum(s.H + u));
    const int64_t at = 2 * s.H + u;
    const Dual n = s.gates[at] = s.squash(s.wx[at] + s.b[at] + r * (s.rh[at] + s.E[u]));
    s.h[u] = (Dual(1) - z) * n + z * s.h_old[u];
  }
}

void rnn(const Step& s) {
  for (int64_t u = 0; u < s.H; ++u) s.h[u] = s.gates[u] = s.squash(s.sum(u));
}

}  // namespace

const std::vector<KindRow>& kinds() {
  static const std::vector<KindRow> rows{
      // kind           name         G  S   E   c      P      gaps   norms
      {Kind::lstm,      "lstm",      4, 4,  0,  true,  true,  false, false, lstm},
      {Kind::peephole,  "peephole",  4, 4,  3,  true,  true,  false, false, peephole},
      {Kind::coupled,   "coupled",   3, 3,  0,  true,  true,  false, false, coupled},
      {Kind::layernorm, "layernorm", 4, 12, 10, true,  true,  false, true,  layernorm},
      {Kind::decay,     "decay",     4, 4,  2,  true,  true,  true,  false, decay},
      {Kind::gru,       "gru",       3, 4,  1,  false, false, false, false, gru},
      {Kind::rnn,       "rnn",       1, 1,  0,  false, false, false, false, rnn},
  };
  return rows;
}

}  // namespace recollect::test
