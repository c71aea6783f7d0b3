// Scratch memory that calls reuse: fresh pages for every call cost as much as the arithmetic of a small layer.
#pragma once

#include <cstddef>
#include <cstdint>

namespace recollect {

// One call's scratch, taken piece by piece from a block that belongs to the calling thread and lives as long as it.
// Pieces begin on a cache line. A piece's content is whatever was there. Not for use by two calls on one thread at once.
class Workspace {
  unsigned char* next_;

 public:
  explicit Workspace(size_t bytes);  // throws std::bad_alloc

  template <class T>
  __attribute__((always_inline)) T* take(int64_t count) {
    T* piece = reinterpret_cast<T*>(next_);
    next_ += size(count, sizeof(T));
    return piece;
  }

  // The bytes of all that `take` takes from the space that it is given.
  template <class Take>
  __attribute__((always_inline)) static size_t measure(Take&& take) {
    Measure space;
    take(space);
    return space.bytes;
  }

 private:
  __attribute__((always_inline)) static size_t size(int64_t count, size_t each) {
    return (static_cast<size_t>(count) * each + 63) / 64 * 64;
  }
  struct Measure {
    size_t bytes = 0;
    template <class T>
    __attribute__((always_inline)) T* take(int64_t count) {
      bytes += size(count, sizeof(T));
      return nullptr;
    }
  };
};

}  // namespace recollect
