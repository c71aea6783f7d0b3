// Threads that wait between calls: OpenMP's, where the process has them, or a pool of our own. Compiled once, for any
// processor.
#pragma once

namespace recollect {

// Runs work(context, 0), ..., work(context, count - 1), each on a thread of its own, the first on the caller's, or all of
// them there where the others kept it waiting of late; returns when all have. They must not wait for each other. What they
// wrote is then visible. Calls from several threads at once are safe.
void run_on_threads(int count, void (*work)(void* context, int thread), void* context);

// The same for a callable.
template <class Work>
void parallel(int count, Work&& work) {
  if (count <= 1) return work(0);
  run_on_threads(count, [](void* context, int thread) { (*static_cast<Work*>(context))(thread); }, &work);
}

}  // namespace recollect
