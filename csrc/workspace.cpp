#include "workspace.hpp"

#include <cstdlib>
#include <new>

namespace recollect {

namespace {

struct Hold {
  unsigned char* memory = nullptr;
  size_t bytes = 0;
  ~Hold() { std::free(memory); }
};

// Larger blocks than this are given back at the next smaller call, lest one huge layer hold its memory for ever.
constexpr size_t kKeep = size_t{256} << 20;

}  // namespace

Workspace::Workspace(size_t bytes) {
  thread_local Hold hold;
  if (hold.bytes < bytes || (hold.bytes > kKeep && bytes <= kKeep)) {
    std::free(hold.memory);
    hold.bytes = 0;
    hold.memory = static_cast<unsigned char*>(std::aligned_alloc(64, (bytes + 63) / 64 * 64));
    if (hold.memory == nullptr) throw std::bad_alloc();
    hold.bytes = bytes;
  }
  next_ = hold.memory;
}

}  // namespace recollect
