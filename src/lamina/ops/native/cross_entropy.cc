// Cross-entropy of softmax with its gradient, as many rows at a time as a vector has lanes: nothing is summed across
// lanes.
//
// loss = (1 - s) (log Σ e^z - z_label) + s (log Σ e^z - mean z), slope = softmax(z) - (1 - s) [label] - s / c. A label
// that is none of the c classes adds nothing to the first term.

#include <algorithm>
#include <cstring>
#include <limits>

#include "exponential.h"
#include "vectors.h"
#include "parallel.h"

namespace lamina {
namespace {

constexpr int64_t kMostClasses = 64;  // lamina.ops.dispatch: limit "classes" of "cross_entropy"
constexpr int64_t kRows = 256;  // of a task

// z[class][row] = logits[row][class] for `count` rows, the last one repeated in the lanes beyond.
template <class Lanes>
void to_lanes(const float* logits, Lanes count, int64_t classes, Vector* z) {
  auto* out = reinterpret_cast<float*>(z);
  int64_t j = 0;
  if constexpr (std::is_same_v<Lanes, AllLanes>)
    for (; j + kLanes <= classes; j += kLanes) transpose(logits + j, classes, out + j * kLanes, kLanes);
  for (; j < classes; ++j)
    for (int64_t lane = 0; lane < kLanes; ++lane)
      out[j * kLanes + lane] = logits[std::min<int64_t>(lane, count - 1) * classes + j];
}

template <class Lanes>
void from_lanes(const Vector* z, Lanes count, int64_t classes, float* out) {
  const auto* in = reinterpret_cast<const float*>(z);
  int64_t j = 0;
  if constexpr (std::is_same_v<Lanes, AllLanes>)
    for (; j + kLanes <= classes; j += kLanes) transpose(in + j * kLanes, kLanes, out + j, classes);
  for (; j < classes; ++j)
    for (int64_t row = 0; row < count; ++row) out[row * classes + j] = in[j * kLanes + row];
}

// As many rows as a vector has lanes, or fewer; `slope` may be missing.
template <class Lanes>
void some_rows(const float* logits, const int32_t* labels, Lanes count, int64_t classes, float s, float* loss,
               float* slope) {
  Vector z[kMostClasses], largest = Vector{} - std::numeric_limits<float>::infinity();
  to_lanes(logits, count, classes, z);
  Vector total{}, hit{}, chosen{};
  const auto* numbers = reinterpret_cast<const float*>(z);
  for (int64_t lane = 0; lane < count; ++lane) {
    const int64_t label = labels[lane];
    if (label < 0 || label >= classes) continue;
    hit[lane] = 1.f - s;
    chosen[lane] = numbers[label * kLanes + lane];
  }
  for (int64_t j = 0; j < classes; ++j) largest = z[j] > largest ? z[j] : largest;
  Vector centered{};
  for (int64_t j = 0; j < classes; ++j) {
    const Vector x = z[j] - largest;
    centered += x;
    z[j] = exponential(x);
    total += z[j];
  }
  const Vector log_total = logarithm(total), mean = centered * (1.f / float(classes));
  Vector found = hit * (log_total - (chosen - largest));
  if (s != 0.f) found += s * (log_total - mean);
  store(loss, count, found);
  if (slope == nullptr) return;
  const Vector share = (hit + s) / total;
  for (int64_t j = 0; j < classes; ++j) z[j] = z[j] * share - s / float(classes);
  auto* slopes = reinterpret_cast<float*>(z);
  for (int64_t lane = 0; lane < count; ++lane)
    if (hit[lane] != 0.f) slopes[labels[lane] * kLanes + lane] -= hit[lane];
  from_lanes(z, count, classes, slope);
}

// Operands: logits, labels; results: the losses and, if asked for, the slopes.
void cross_entropy(const Call& call) {
  const Buffer logits = call.operand(0);
  const int64_t classes = logits.dimensions[logits.dimensions.size - 1], rows = call.operand(1).size();
  const auto* labels = static_cast<const int32_t*>(call.operand(1).data);
  const auto* from = static_cast<const float*>(logits.data);
  auto* losses = static_cast<float*>(call.result(0).data);
  auto* slopes = call.results() > 1 ? static_cast<float*>(call.result(1).data) : nullptr;
  const float smoothing = float(call.number("smoothing"));
  ParallelFor(call.threads, int((rows + kRows - 1) / kRows), [&](int task) {
    const int64_t first = task * kRows;
    for_each_vector(std::min(rows - first, kRows), [&](int64_t place, auto lanes) {
      const int64_t row = first + place;
      some_rows(from + row * classes, labels + row, lanes, classes, smoothing, losses + row,
                slopes ? slopes + row * classes : nullptr);
    });
  });
}

}  // namespace
}  // namespace lamina

extern "C" XLA_FFI_Error* cross_entropy_f32(XLA_FFI_CallFrame* frame) {
  return lamina::handle(frame, lamina::cross_entropy);
}
