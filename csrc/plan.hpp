// Who reads which row when. Made once for a call, by code for any processor, and read by the kernels.
#pragma once

#include <cstdint>
#include <vector>

#include "inline.hpp"
#include "recurrence.hpp"

namespace recollect {

// Neighbouring rows that go through the micro-kernel together, owned by one thread for the whole sequence.
struct Block {
  int64_t first;  // place of its first row
  int rows;
};

// The rows of a batch in their places, the longest first: at every step those that are alive stand before the others.
struct Plan {
  const int64_t *order, *lengths;  // [B]: of each place the row, and how many steps it has
  const int64_t* living;           // [T]: rows that have a step t
  const Block* blocks;             // block k belongs to thread k % threads
  int64_t block_count;
  int threads;
  bool by_units;  // few blocks or very many weights, and much work: the threads share a step's units instead
  int64_t T;
  bool reverse;

  // work(first place, rows) for each block of a thread, as far as its rows are alive at t.
  template <class Work>
  RECOLLECT_INLINE void each_block(int thread, int of, int64_t t, Work&& work) const {
    for (int64_t k = thread; k < block_count; k += of) {
      const int64_t first = blocks[k].first, left = living[t] - first;
      if (left <= 0) break;
      work(first, static_cast<int>(left < blocks[k].rows ? left : blocks[k].rows));
    }
  }

  // work(place) for each of those rows, alive or not.
  template <class Work>
  RECOLLECT_INLINE void each_place(int thread, int of, Work&& work) const {
    for (int64_t k = thread; k < block_count; k += of) {
      for (int64_t place = blocks[k].first; place < blocks[k].first + blocks[k].rows; ++place) work(place);
    }
  }

  // The forward pass reads steps 0, 1, ...; in this order of times.
  RECOLLECT_INLINE int64_t time(int64_t step) const { return reverse ? T - 1 - step : step; }
  // The time that a row reads before t, and whether t is the first or the last that it reads.
  RECOLLECT_INLINE int64_t before(int64_t t) const { return reverse ? t + 1 : t - 1; }
  RECOLLECT_INLINE bool first(int64_t place, int64_t t) const { return t == (reverse ? lengths[place] - 1 : 0); }
  RECOLLECT_INLINE bool last(int64_t place, int64_t t) const { return t == (reverse ? 0 : lengths[place] - 1); }
};

// The memory behind a plan.
class Planned {
 public:
  // Blocks have at most `most` rows; with rows enough their number is a multiple of the threads.
  Planned(const Layer& layer, int most);
  Plan plan() const;

 private:
  int64_t T_;
  bool reverse_, by_units_;
  int threads_;
  std::vector<int64_t> order_, lengths_, living_;
  std::vector<Block> blocks_;
};

}  // namespace recollect
