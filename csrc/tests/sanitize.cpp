// The compiled core alone, for the sanitizers: every array in a heap block of exactly its size, odd shapes, ragged rows with
// NaN behind their ends, every cell, both types and directions, one to seven threads. What is checked besides: the lstm
// against the equations in plain loops, the gradients against differences of the forward pass, equal bits on any number of
// threads, zeros behind a row's end. Says nothing and returns 0 if all is well.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <random>
#include <thread>
#include <vector>

#include "../recurrence.hpp"
#include "../threads.hpp"

using namespace recollect;

namespace {

int failures = 0;
#define CHECK(condition)                                                     \
  if (!(condition)) {                                                        \
    std::printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);      \
    ++failures;                                                              \
  }

struct Cell {
  Kind kind;
  int gates, saved, own;
  bool has_c;
};
constexpr Cell kCells[] = {{Kind::lstm, 4, 4, 0, true},      {Kind::peephole, 4, 4, 3, true},
                           {Kind::coupled, 3, 3, 0, true},   {Kind::layernorm, 4, 12, 10, true},
                           {Kind::decay, 4, 4, 2, true},     {Kind::gru, 3, 4, 1, false},
                           {Kind::rnn, 1, 1, 0, false}};

std::mt19937 source(7);

template <class T>
std::vector<T> drawn(int64_t count, double scale) {
  std::normal_distribution<double> normal(0, scale);
  std::vector<T> values(static_cast<size_t>(count));
  for (T& value : values) value = static_cast<T>(normal(source));
  return values;
}

template <class T>
Address at(const std::vector<T>& values) {
  return values.empty() ? 0 : reinterpret_cast<Address>(values.data());
}

// One layer with all its arrays, and the gradients of sum(y * dy) + sum(hT * dhT) + sum(cT * dcT).
template <class T>
struct Problem {
  Cell cell;
  int64_t T_, B, I, H, P, O, C;
  Layer layer;
  std::vector<int64_t> lengths;
  std::vector<std::vector<T>> in;  // x h0 c0 W R b E Q
  std::vector<T> gaps, mask, dy, dhT, dcT, y, hT, cT, gates, cells, inner, norms;
  std::vector<std::vector<T>> grads;

  Problem(Cell cell_, int64_t T__, int64_t B_, int64_t I_, int64_t H_, int64_t P_, bool reverse, bool ragged, Squash squash)
      : cell(cell_), T_(T__), B(B_), I(I_), H(H_), P(cell_.has_c ? P_ : 0), O(P ? P : H), C(cell_.has_c ? H : 0) {
    const double size = 0.5 / std::sqrt(static_cast<double>(H));
    in = {drawn<T>(T_ * B * I, 1), drawn<T>(B * O, 0.5), drawn<T>(B * C, 0.5), drawn<T>(cell.gates * H * I, size),
          drawn<T>(cell.gates * H * O, size), drawn<T>(cell.gates * H, 0.3), drawn<T>(cell.own * H, 0.5),
          drawn<T>(P * H, size)};
    gaps = drawn<T>(T_ * B, 1);
    for (T& gap : gaps) gap = std::abs(gap);
    dy = drawn<T>(T_ * B * O, 1), dhT = drawn<T>(B * O, 1), dcT = drawn<T>(B * C, 1);
    for (int64_t n = 0; n < B; ++n) lengths.push_back(ragged ? static_cast<int64_t>(source() % (T_ + 1)) : T_);
    for (int64_t t = 0; t < T_; ++t) {
      for (int64_t n = 0; n < B; ++n) {
        for (int64_t k = 0; t >= lengths[n] && k < I; ++k) in[0][(t * B + n) * I + k] = std::numeric_limits<T>::quiet_NaN();
      }
    }
    layer.kind = cell.kind;
    layer.squash = squash;
    layer.wide = sizeof(T) == 8;
    layer.reverse = reverse;
    layer.T = T_, layer.B = B, layer.I = I, layer.H = H, layer.P = P;
  }

  void read(bool keep, int threads) {
    layer.threads = threads;
    y.assign(T_ * B * O, T(-7)), hT.assign(B * O, 0), cT.assign(B * C, 0);
    layer.lengths = at(lengths);
    layer.x = {at(in[0]), B * I, I};
    layer.h0 = at(in[1]), layer.c0 = at(in[2]), layer.W = at(in[3]), layer.R = at(in[4]), layer.b = at(in[5]);
    layer.E = at(in[6]), layer.Q = at(in[7]), layer.gaps = {at(gaps), B, 1};
    layer.y = {at(y), B * O, O}, layer.hT = at(hT), layer.cT = at(cT);
    layer.gates = layer.cells = layer.inner = layer.norms = {};
    if (keep) {
      gates.assign(T_ * B * cell.saved * H, 0), cells.assign(T_ * B * C, 0), inner.assign(P ? T_ * B * H : 0, 0);
      norms.assign(cell.kind == Kind::layernorm ? T_ * B * 2 : 0, 0);
      layer.gates = {at(gates), B * cell.saved * H, cell.saved * H}, layer.gate = H;
      layer.cells = {at(cells), B * C, C}, layer.inner = {at(inner), B * H, H}, layer.norms = {at(norms), B * 2, 2};
    }
    forward(layer);
  }

  void retrace(int threads) {
    read(true, threads);
    grads.clear();
    for (const auto& value : in) grads.emplace_back(value.size(), T(-7));
    layer.dy = {at(dy), B * O, O}, layer.dhT = at(dhT), layer.dcT = at(dcT);
    layer.dx = {at(grads[0]), B * I, I};
    layer.dh0 = at(grads[1]), layer.dc0 = at(grads[2]), layer.dW = at(grads[3]), layer.dR = at(grads[4]);
    layer.db = at(grads[5]), layer.dE = at(grads[6]), layer.dQ = at(grads[7]);
    backward(layer);
  }

  double total() {
    read(false, 1);
    double sum = 0;
    for (int64_t t = 0; t < T_; ++t) {
      for (int64_t k = 0; k < B * O; ++k) sum += t < lengths[k / O] ? double(y[t * B * O + k]) * dy[t * B * O + k] : 0;
    }
    for (size_t k = 0; k < hT.size(); ++k) sum += double(hT[k]) * dhT[k];
    for (size_t k = 0; k < cT.size(); ++k) sum += double(cT[k]) * dcT[k];
    return sum;
  }

  void check_ends() {
    for (int64_t t = 0; t < T_; ++t) {
      for (int64_t n = 0; n < B; ++n) {
        for (int64_t k = 0; k < O; ++k) {
          const T value = y[(t * B + n) * O + k];
          CHECK(t < lengths[n] ? std::isfinite(value) : value == 0);
        }
        for (int64_t k = 0; t >= lengths[n] && k < I; ++k) CHECK(grads[0][(t * B + n) * I + k] == 0);
      }
    }
  }

  // The slope along a random direction, by the gradients and by a difference.
  void check_slope() {
    std::vector<std::vector<T>> kept = in, way;
    double expected = 0;
    for (size_t k = 0; k < in.size(); ++k) {
      way.push_back(drawn<T>(static_cast<int64_t>(in[k].size()), 1));
      for (size_t n = 0; n < in[k].size(); ++n) expected += double(grads[k][n]) * way[k][n];
    }
    const double step = 1e-6;
    double difference = 0;
    for (const double sign : {1.0, -1.0}) {
      for (size_t k = 0; k < in.size(); ++k) {
        for (size_t n = 0; n < in[k].size(); ++n) in[k][n] = kept[k][n] + sign * step * way[k][n];
      }
      difference += sign * total() / (2 * step);
    }
    in = kept;
    CHECK(std::abs(difference - expected) <= 1e-5 * (1 + std::abs(expected)));
  }
};

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// The lstm, forwards and without projection, in plain loops.
void check_equations(Problem<double>& p) {
  for (int64_t n = 0; n < p.B; ++n) {
    std::vector<double> h(p.in[1].begin() + n * p.H, p.in[1].begin() + (n + 1) * p.H);
    std::vector<double> c(p.in[2].begin() + n * p.H, p.in[2].begin() + (n + 1) * p.H);
    for (int64_t t = 0; t < p.lengths[n]; ++t) {
      std::vector<double> a(p.in[5]);
      for (int64_t row = 0; row < 4 * p.H; ++row) {
        for (int64_t k = 0; k < p.I; ++k) a[row] += p.in[3][row * p.I + k] * p.in[0][(t * p.B + n) * p.I + k];
        for (int64_t k = 0; k < p.H; ++k) a[row] += p.in[4][row * p.H + k] * h[k];
      }
      for (int64_t u = 0; u < p.H; ++u) {
        c[u] = sigmoid(a[p.H + u]) * c[u] + sigmoid(a[u]) * std::tanh(a[2 * p.H + u]);
        h[u] = sigmoid(a[3 * p.H + u]) * std::tanh(c[u]);
        CHECK(std::abs(h[u] - p.y[(t * p.B + n) * p.H + u]) < 1e-12);
      }
    }
  }
}

template <class T>
void try_out(Cell cell, bool reverse, bool ragged, Squash squash) {
  const auto size = [](int64_t most) { return static_cast<int64_t>(1 + source() % most); };
  const int64_t H = size(70);
  Problem<T> p(cell, size(9), size(20), size(40), H, source() % 2 ? 1 + static_cast<int64_t>(source()) % H : 0, reverse,
               ragged, squash);
  p.retrace(1);
  p.check_ends();
  const auto y = p.y;
  const auto grads = p.grads;
  if constexpr (sizeof(T) == 8) {
    if (cell.kind == Kind::lstm && squash == Squash::tanh && !reverse && p.P == 0) check_equations(p);
    if (squash == Squash::tanh) p.check_slope();
  }
  for (const int threads : {2, 3, 7}) {
    p.retrace(threads);
    CHECK(p.y == y);
    CHECK(p.grads == grads);
  }
}

// Two callers at once, each of which wants threads.
void try_two_callers() {
  Problem<float> one(kCells[0], 17, 19, 33, 65, 0, false, true, Squash::tanh), other = one;
  one.retrace(3);
  const auto grads = one.grads;
  std::thread beside([&other] { other.retrace(3); });
  one.retrace(3);
  beside.join();
  CHECK(one.grads == grads);
  CHECK(other.grads == grads);
}

// Whoever waited long for the others does all of the next work, for ten times as long: the processors may be crowded.
void try_lateness() {
  using std::chrono::milliseconds;
  const auto caller = std::this_thread::get_id();
  std::thread::id seen[2];
  const auto look = [&seen](int thread) { seen[thread] = std::this_thread::get_id(); };
  std::this_thread::sleep_for(milliseconds(1500));
  parallel(2, [](int thread) { std::this_thread::sleep_for(milliseconds(thread ? 100 : 0)); });
  parallel(2, [&look](int thread) { look(thread); });
  CHECK(seen[0] == caller && seen[1] == caller);
  std::this_thread::sleep_for(milliseconds(1500));
  parallel(2, [&look](int thread) { look(thread); });
  CHECK(seen[0] == caller && seen[1] != caller);
}

}  // namespace

int main() {
  try_two_callers();
  try_lateness();
  for (int round = 0; round < 3; ++round) {
    for (const Cell& cell : kCells) {
      for (const bool reverse : {false, true}) {
        for (const bool ragged : {false, true}) {
          for (const Squash squash : {Squash::tanh, Squash::relu}) {
            try_out<float>(cell, reverse, ragged, squash);
            try_out<double>(cell, reverse, ragged, squash);
          }
        }
      }
    }
  }
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
