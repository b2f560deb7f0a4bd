// A parallel loop on XLA's threads, and scratch memory of a thread.
#pragma once

#include <pthread.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "call.h"

namespace lamina {

// Run work(0) … work(tasks - 1) on XLA's threads and this one. Tasks are not assigned to threads: each thread takes
// the next number from an atomic counter until none is left, so the loop ends even if the pool never runs the others,
// and a thread that starts late takes fewer. Results do not depend on which thread runs a task.
class ParallelFor {
 public:
  template <class Work>
  ParallelFor(const Threads& threads, int tasks, const Work& work) {
    if (tasks <= 1) {
      if (tasks == 1) work(0);
      return;
    }
    const auto call = [](const void* kept, int task) { (*static_cast<const Work*>(kept))(task); };
    run(threads, std::make_shared<Shared>(tasks, call, &work));
  }

 private:
  static constexpr int kSpins = 4000;  // before blocking: blocking and waking up costs more than most tasks

  // By pthread, because <functional>, <mutex> and <condition_variable> take as long to compile as all the rest.
  struct Shared {
    Shared(int tasks, void (*call)(const void*, int), const void* work) : tasks(tasks), call(call), work(work) {}
    ~Shared() {
      pthread_cond_destroy(&ended);
      pthread_mutex_destroy(&mutex);
    }

    const int tasks;
    void (*const call)(const void*, int);
    const void* const work;  // valid until all tasks are done; threads that start later do not read it
    std::atomic<int> next{0}, done{0};
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t ended = PTHREAD_COND_INITIALIZER;

    void take() {
      for (int task = next++; task < tasks; task = next++) {
        call(work, task);
        if (++done < tasks) continue;
        pthread_mutex_lock(&mutex);
        pthread_cond_broadcast(&ended);
        pthread_mutex_unlock(&mutex);
      }
    }

    void wait() {
      for (int spin = 0; spin < kSpins; ++spin) {
        if (done == tasks) return;
#if defined(__x86_64__)
        __builtin_ia32_pause();
#endif
      }
      pthread_mutex_lock(&mutex);
      while (done != tasks) pthread_cond_wait(&ended, &mutex);
      pthread_mutex_unlock(&mutex);
    }
  };

  static void run(const Threads& threads, const std::shared_ptr<Shared>& shared) {
    const int workers = int(threads.count()) < shared->tasks ? int(threads.count()) : shared->tasks;
    for (int worker = 1; worker < workers; ++worker)
      if (!threads.schedule([shared] { shared->take(); })) break;
    shared->take();
    shared->wait();
  }
};

// How many tasks to make of a loop: several a thread, so that one that starts late or is preempted takes fewer.
constexpr int64_t kTasksPerThread = 4;

inline int64_t fine_tasks(const Threads& threads) {
  return threads.count() > 1 ? kTasksPerThread * threads.count() : 1;
}

// Memory of one thread, kept from call to call: the first touch of a fresh page is slow.
inline void* scratch(int which, size_t bytes) {
  struct Piece {
    void* data = nullptr;
    size_t size = 0;
    ~Piece() { std::free(data); }
  };
  static thread_local Piece pieces[3];
  Piece& piece = pieces[which];
  if (piece.size < bytes) {
    std::free(piece.data);
    piece.size = (bytes + bytes / 8 + 4095) / 4096 * 4096;
    piece.data = std::aligned_alloc(64, piece.size);
  }
  return piece.data;
}

}  // namespace lamina
