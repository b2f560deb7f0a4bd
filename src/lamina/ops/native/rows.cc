// Rows of an array in a given order: whole rows copied, shared out to the threads.

#include <algorithm>

#include "parts.h"

namespace lamina {
namespace {

constexpr int64_t kLine = 16;  // numbers of a line of the cache
constexpr int64_t kLeastPart = 1 << 14;  // numbers of a part, below which another thread does not pay

// Operands: the array, of which leading axes of length one serve all orders, and the numbers of the rows, which lie
// within it.
void rows(const Call& call) {
  const Buffer from = call.operand(0), order = call.operand(1), out = call.result();
  const int64_t count = order.size(), width = out.size() / std::max<int64_t>(1, count);
  const auto* data = static_cast<const float*>(from.data);
  const auto* numbers = static_cast<const int32_t*>(order.data);
  auto* to = static_cast<float*>(out.data);
  const int64_t parts = std::clamp<int64_t>(out.size() / kLeastPart, 1, fine_parts(call.threads));
  Parts(call.threads, int(parts), [&](int part) {
    for (int64_t i = count * part / parts, end = count * (part + 1) / parts; i < end; ++i) {
      if (i + 1 < end) {
        const float* next = data + numbers[i + 1] * width;
        for (int64_t j = 0; j < width; j += kLine) __builtin_prefetch(next + j);
      }
      std::memcpy(to + i * width, data + numbers[i] * width, width * sizeof(float));
    }
  });
}

}  // namespace
}  // namespace lamina

extern "C" XLA_FFI_Error* rows_f32(XLA_FFI_CallFrame* frame) { return lamina::answer(frame, lamina::rows); }
