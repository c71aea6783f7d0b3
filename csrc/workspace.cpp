#include "workspace.hpp"

#include <cstdlib>
#include <new>
#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace recollect {

namespace {

struct Hold {
  unsigned char* memory = nullptr;
  size_t bytes = 0;
  ~Hold() { std::free(memory); }
};

// Larger blocks than this are given back at the next smaller call, lest one huge layer hold its memory for ever.
constexpr size_t kKeep = size_t{256} << 20;
constexpr size_t kLine = 64, kHugePage = size_t{2} << 20;

// Panels of large layers are read through at every step: by pages of 4 KiB the looking-up takes a good part of the time.
unsigned char* allocate(size_t& bytes) {
  const size_t unit = bytes >= 2 * kHugePage ? kHugePage : kLine;
  bytes = (bytes + unit - 1) / unit * unit;
  void* memory = std::aligned_alloc(unit, bytes);
  if (memory == nullptr) throw std::bad_alloc();
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  if (unit == kHugePage) madvise(memory, bytes, MADV_HUGEPAGE);  // a wish: without it all is as it was
#endif
  return static_cast<unsigned char*>(memory);
}

}  // namespace

Workspace::Workspace(size_t bytes) {
  thread_local Hold hold;
  if (hold.bytes < bytes || (hold.bytes > kKeep && bytes <= kKeep)) {
    std::free(hold.memory);
    hold = {};
    hold.memory = allocate(bytes);
    hold.bytes = bytes;
  }
  next_ = hold.memory;
}

}  // namespace recollect
