// Scratch memory that calls reuse: fresh pages for every call cost as much as the arithmetic of a small layer.
#pragma once

#include <cstddef>
#include <cstdint>

namespace recollect {

// One call's scratch, taken piece by piece from a block that belongs to the calling thread and lives as long as it.
// Pieces begin on a cache line. A piece's content is whatever was there. Not for use by two calls on one thread at once.
class Workspace {
 public:
  explicit Workspace(size_t bytes);  // the sum of size() of all pieces; throws std::bad_alloc
  template <class T>
  __attribute__((always_inline)) static size_t size(int64_t count) {
    return (static_cast<size_t>(count) * sizeof(T) + 63) / 64 * 64;
  }
  template <class T>
  __attribute__((always_inline)) T* take(int64_t count) {
    T* piece = reinterpret_cast<T*>(next_);
    next_ += size<T>(count);
    return piece;
  }

 private:
  unsigned char* next_;
};

}  // namespace recollect
