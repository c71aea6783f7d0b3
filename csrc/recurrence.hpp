// A recurrent layer over a whole sequence, one direction: the contract of the compiled core. No Python, no torch.
//
// The square brackets below describe shapes; the last dimension is contiguous unless strides are named.
//   T  time steps          I  input features       G  gates of the cell (4 for the lstm, order i f g o)
//   B  rows of the batch   H  hidden units         S  values that the cell saves for the backward pass, G for the lstm
//   O  outputs: P with a projection, else H        E  the cell's own parameters for each unit (peepholes, gains, ...)
//
// Nothing here owns memory; every pointer must stay valid during the call and is either read or written, never both.
// No output may overlap another array. An address of 0 stands for "absent". float is 32 or 64 bits, all of one kind.
#pragma once

#include <cstdint>

namespace recollect {

using Address = std::uintptr_t;

enum class Kind : int { lstm, peephole, coupled, layernorm, decay, gru, rnn };
enum class Squash : int { tanh, relu };

// An array [T, B, ...] whose element [t, n, 0] lies `t * time + n * row` values after `at`.
struct Sequence {
  Address at = 0;
  int64_t time = 0, row = 0;
};

struct Layer {
  Kind kind = Kind::lstm;
  Squash squash = Squash::tanh;
  bool wide = false;     // float64 rather than float32
  bool reverse = false;  // each row is read from its own end to its start
  int threads = 1;       // the results do not depend on it, to the bit
  int64_t T = 0, B = 0, I = 0, H = 0, P = 0;  // T, B, I, H at least 1; P 0 without a projection

  // Read by both passes.
  Sequence x;            // [T, B, I]
  Address lengths = 0;   // int64 [B], each in 0..T, any order; absent: every row has T steps
  Address h0 = 0;        // [B, O]
  Address c0 = 0;        // [B, H]; absent for cells without one
  Address W = 0;         // [G * H, I]
  Address R = 0;         // [G * H, O]
  Address b = 0;         // [G * H]
  Address E = 0;         // [E, H]
  Address Q = 0;         // the projection [P, H]
  Sequence gaps;         // [T, B]: the time since the step before; `decay` alone reads it
  Address h_mask = 0;    // [B, O]: what R sees is h times this
  double zone_c = 0, zone_h = 0;  // zoneout: the share of units whose c, h keep the old value
  bool zone_mean = false;         // the expectation in place of a coin (evaluation)
  uint64_t seed = 0;              // of the coins (coin.hpp)

  // Written by the forward pass. The backward pass reads y, gates, cells and inner as they were left.
  Sequence y;            // [T, B, O]: h at each step, zero past a row's end
  Address hT = 0;        // [B, O]: the state at each row's end
  Address cT = 0;        // [B, H]
  Sequence gates;        // [T, B, H] for each of S: gates after activation; absent in inference. Past a row's end: not touched
  int64_t gate = 0;      // values from one gate to the next
  Sequence cells;        // [T, B, H]: c at each step; absent in inference
  Sequence norms;        // [T, B, 2]: 1 / deviation of W x and of R h; with layernorm alone; absent in inference
  Sequence inner;        // [T, B, H]: h before the projection; with P alone; absent in inference

  // Read by the backward pass: the gradients of the outputs; absent means zero.
  Sequence dy;           // [T, B, O]; past a row's end: not read
  Address dhT = 0;       // [B, O]
  Address dcT = 0;       // [B, H]

  // Written, not accumulated, by the backward pass; absent means not wanted: dx may be, and dh0 and dc0 together.
  Sequence dx;           // [T, B, I]: zero past a row's end
  Address dh0 = 0;       // [B, O]
  Address dc0 = 0;       // [B, H]
  Address dW = 0, dR = 0, db = 0, dE = 0, dQ = 0;  // as W, R, b, E, Q
};

// Each checks nothing but the instruction set: shapes are the caller's promise.
void forward(const Layer& layer);
void backward(const Layer& layer);

}  // namespace recollect
