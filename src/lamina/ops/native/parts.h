// Work cut into parts, and memory that a thread keeps.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "call.h"

namespace lamina {

// Run work(0) … work(parts - 1) on XLA's threads and this one. Whoever is free takes the next part, so
// that nobody waits for a thread that never comes; which thread takes it changes no result.
class Parts {
 public:
  Parts(const Threads& threads, int parts, std::function<void(int)> work) {
    if (parts <= 1) {
      if (parts == 1) work(0);
      return;
    }
    auto shared = std::make_shared<Shared>();
    shared->parts = parts;
    shared->work = std::move(work);
    const int helpers = int(threads.count()) < parts ? int(threads.count()) : parts;
    for (int helper = 1; helper < helpers; ++helper)
      if (!threads.schedule([shared] { shared->take(); })) break;
    shared->take();
    shared->wait();
  }

 private:
  static constexpr int kLooks = 4000;  // before sleeping: falling asleep and waking up costs more than most parts

  struct Shared {
    int parts = 0;
    std::atomic<int> next{0}, done{0};
    std::function<void(int)> work;
    std::mutex mutex;
    std::condition_variable ended;

    void take() {
      for (int part = next++; part < parts; part = next++) {
        work(part);
        if (++done < parts) continue;
        std::lock_guard<std::mutex> lock(mutex);
        ended.notify_all();
      }
    }

    void wait() {
      for (int look = 0; look < kLooks; ++look) {
        if (done == parts) return;
#if defined(__x86_64__)
        __builtin_ia32_pause();
#endif
      }
      std::unique_lock<std::mutex> lock(mutex);
      ended.wait(lock, [&] { return done == parts; });
    }
  };
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
