// Work cut into parts, and memory that a thread keeps.
#pragma once

#include <pthread.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "call.h"

namespace lamina {

// Run work(0) … work(parts - 1) on XLA's threads and this one. Whoever is free takes the next part, so
// that nobody waits for a thread that never comes; which thread takes it changes no result.
class Parts {
 public:
  template <class Work>
  Parts(const Threads& threads, int parts, const Work& work) {
    if (parts <= 1) {
      if (parts == 1) work(0);
      return;
    }
    const auto call = [](const void* kept, int part) { (*static_cast<const Work*>(kept))(part); };
    run(threads, std::make_shared<Shared>(parts, call, &work));
  }

 private:
  static constexpr int kLooks = 4000;  // before sleeping: falling asleep and waking up costs more than most parts

  // In C's words, because <functional>, <mutex> and <condition_variable> take as long to compile as all the rest.
  struct Shared {
    Shared(int parts, void (*call)(const void*, int), const void* work) : parts(parts), call(call), work(work) {}
    ~Shared() {
      pthread_cond_destroy(&ended);
      pthread_mutex_destroy(&mutex);
    }

    const int parts;
    void (*const call)(const void*, int);
    const void* const work;  // lives until all parts are done, and nobody who comes later asks for it
    std::atomic<int> next{0}, done{0};
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t ended = PTHREAD_COND_INITIALIZER;

    void take() {
      for (int part = next++; part < parts; part = next++) {
        call(work, part);
        if (++done < parts) continue;
        pthread_mutex_lock(&mutex);
        pthread_cond_broadcast(&ended);
        pthread_mutex_unlock(&mutex);
      }
    }

    void wait() {
      for (int look = 0; look < kLooks; ++look) {
        if (done == parts) return;
#if defined(__x86_64__)
        __builtin_ia32_pause();
#endif
      }
      pthread_mutex_lock(&mutex);
      while (done != parts) pthread_cond_wait(&ended, &mutex);
      pthread_mutex_unlock(&mutex);
    }
  };

  static void run(const Threads& threads, const std::shared_ptr<Shared>& shared) {
    const int helpers = int(threads.count()) < shared->parts ? int(threads.count()) : shared->parts;
    for (int helper = 1; helper < helpers; ++helper)
      if (!threads.schedule([shared] { shared->take(); })) break;
    shared->take();
    shared->wait();
  }
};

// How many parts to cut work into: several a thread, so that one that wakes up late or is held up takes fewer.
constexpr int64_t kPartsAThread = 4;

inline int64_t fine_parts(const Threads& threads) { return threads.count() > 1 ? kPartsAThread * threads.count() : 1; }

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
