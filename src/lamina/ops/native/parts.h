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

#include "xla/ffi/api/ffi.h"

namespace lamina {

// Run work(0) … work(parts - 1) on XLA's threads and this one. Whoever is free takes the next part, so
// that nobody waits for a thread that never comes; which thread takes it changes no result.
class Parts {
 public:
  Parts(xla::ffi::ThreadPool& pool, int parts, std::function<void(int)> work) {
    auto shared = std::make_shared<Shared>();
    shared->parts = parts;
    shared->work = std::move(work);
    for (int helper = 1; helper < parts; ++helper) pool.Schedule([shared] { shared->take(); });
    shared->take();
    std::unique_lock<std::mutex> lock(shared->mutex);
    shared->ended.wait(lock, [&] { return shared->done == shared->parts; });
  }

 private:
  struct Shared {
    int parts = 0, done = 0;
    std::atomic<int> next{0};
    std::function<void(int)> work;
    std::mutex mutex;
    std::condition_variable ended;

    void take() {
      for (int part = next++; part < parts; part = next++) {
        work(part);
        std::lock_guard<std::mutex> lock(mutex);
        if (++done == parts) ended.notify_all();
      }
    }
  };
};

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

// Outputs cut into blocks of whole vectors, as even as they come.
struct Blocks {
  std::vector<int64_t> start;
  std::vector<int> vectors;

  Blocks(int64_t outputs, int lanes, int most) {
    const int64_t all = (outputs + lanes - 1) / lanes, count = (all + most - 1) / most;
    for (int64_t at = 0, left = count; left > 0; --left) {
      const int64_t size = (all - at + left - 1) / left;
      start.push_back(at * lanes);
      vectors.push_back(int(size));
      at += size;
    }
    width = all * lanes;
  }

  size_t count() const { return start.size(); }
  int64_t width;  // of all blocks
};

}  // namespace lamina
