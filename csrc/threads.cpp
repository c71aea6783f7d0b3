#include "threads.hpp"

#include <dlfcn.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace recollect {

namespace {

// Looks this often before going to sleep: a chunk of time steps is often over within some ten microseconds.
constexpr int kSpins = 4000;

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

void wait_while(const std::atomic<unsigned>& value, unsigned old) {
  for (int spin = 0; spin < kSpins; ++spin) {
    if (value.load(std::memory_order_acquire) != old) return;
    pause();
  }
  while (value.load(std::memory_order_acquire) == old) value.wait(old, std::memory_order_acquire);
}

class Pool {
 public:
  ~Pool() {
    stop_ = true;
    wake();
    for (auto& worker : workers_) worker.join();
  }

  void run(int count, void (*work)(void*, int), void* context) {
    const std::lock_guard<std::mutex> turn(turn_);
    work_ = work;
    context_ = context;
    count_ = count;
    while (static_cast<int>(workers_.size()) < count - 1) add();
    left_.store(static_cast<unsigned>(workers_.size()), std::memory_order_relaxed);
    wake();
    work(context, 0);
    for (unsigned left = left_.load(std::memory_order_acquire); left != 0; left = left_.load(std::memory_order_acquire)) {
      wait_while(left_, left);
    }
  }

 private:
  void wake() {
    round_.fetch_add(1, std::memory_order_release);
    round_.notify_all();
  }

  void add() {
    const int thread = static_cast<int>(workers_.size()) + 1;
    workers_.emplace_back([this, thread, seen = round_.load()]() mutable {
      for (;;) {
        wait_while(round_, seen);
        ++seen;
        if (stop_) return;
        if (thread < count_) work_(context_, thread);
        left_.fetch_sub(1, std::memory_order_acq_rel);
        left_.notify_all();
      }
    });
  }

  std::mutex turn_;
  std::vector<std::thread> workers_;
  std::atomic<unsigned> round_{0}, left_{0};
  std::atomic<bool> stop_{false};
  void (*work_)(void*, int) = nullptr;
  void* context_ = nullptr;
  int count_ = 0;
};

// A forked child has none of its parent's threads: it leaves the parent's pool alone and makes one of its own.
Pool& pool() {
  static std::mutex making;
  static std::unique_ptr<Pool> current;
  static pid_t owner = 0;
  const std::lock_guard<std::mutex> lock(making);
  if (owner != getpid()) {
    static_cast<void>(current.release());
    current = std::make_unique<Pool>();
    owner = getpid();
  }
  return *current;
}

// GNU's OpenMP, where the process has it already: PyTorch brings it along. Its threads look for work for a while after
// theirs is done, so a second set of threads beside them would fight for the same processors.
struct OpenMP {
  void (*parallel)(void (*)(void*), void*, unsigned, unsigned);
  int (*thread)();
  int (*threads)();
  pid_t owner;

  OpenMP()
      : parallel(find<decltype(parallel)>("GOMP_parallel")), thread(find<decltype(thread)>("omp_get_thread_num")),
        threads(find<decltype(threads)>("omp_get_num_threads")), owner(getpid()) {}
  // A forked child has no threads of its parent, and OpenMP does not know.
  bool usable() const { return parallel != nullptr && thread != nullptr && threads != nullptr && owner == getpid(); }

 private:
  template <class Function>
  static Function find(const char* name) {
    return reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name));
  }
};

const OpenMP& open_mp() {
  static const OpenMP found;
  return found;
}

// How long to be alone. Where other programs keep the processors busy, a thread may wait for its turn for longer than
// its share of the work takes: then the caller does all of it for a while, and tries again.
class Patience {
 public:
  using Clock = std::chrono::steady_clock;

  bool alone(Clock::time_point now) const { return now.time_since_epoch().count() < until_.load(std::memory_order_relaxed); }

  // The caller began, was done with its own share, and then waited for the others until now.
  void learn(Clock::time_point began, Clock::time_point own, Clock::time_point now) {
    const auto waited = now - own;
    if (waited < kPatience || waited < 2 * (own - began)) return;
    until_.store((now + kAlone * waited).time_since_epoch().count(), std::memory_order_relaxed);
  }

 private:
  static constexpr std::chrono::microseconds kPatience{1500};
  static constexpr int kAlone = 10;  // times what was waited: what trying costs is then a tenth
  std::atomic<Clock::rep> until_{0};
};

Patience patience;

struct Job {
  int count;
  void (*work)(void*, int);
  void* context;
  Patience::Clock::time_point own{};
};

void work_on(void* job, int thread) {
  auto& [count, work, context, own] = *static_cast<Job*>(job);
  work(context, thread);
  if (thread == 0) own = Patience::Clock::now();
}

void share(void* job) {
  const OpenMP& omp = open_mp();
  for (int thread = omp.thread(); thread < static_cast<Job*>(job)->count; thread += omp.threads()) work_on(job, thread);
}

}  // namespace

void run_on_threads(int count, void (*work)(void* context, int thread), void* context) {
  const auto began = Patience::Clock::now();
  if (patience.alone(began)) {
    for (int thread = 0; thread < count; ++thread) work(context, thread);
    return;
  }
  Job job{count, work, context};
  const OpenMP& omp = open_mp();
  omp.usable() ? omp.parallel(share, &job, static_cast<unsigned>(count), 0) : pool().run(count, work_on, &job);
  patience.learn(began, job.own, Patience::Clock::now());
}

}  // namespace recollect
