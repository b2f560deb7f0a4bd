// Attention of the next positions of texts to the keys and values of a cache, of which only what is written is read.
//
// Position p sees the positions p - before to p. A thread takes a head of an example: the scores of kLanes keys at a
// time, softmax over all of them, and the values by their weights, each read once.
// References: Vaswani et al. Attention is all you need. NeurIPS 2017. Ainslie et al. GQA. EMNLP 2023. Press et al. Train
// short, test long (ALiBi). ICLR 2022.

#include <cmath>
#include <limits>

#include "exponential.h"
#include "lane_sums.h"
#include "parallel.h"
#include "vectors.h"

namespace lamina {
namespace {

constexpr int64_t kLeastShared = 1 << 15;  // numbers of keys that are read, below which another thread does not pay
constexpr int kMostSums = 4;  // vectors of a head's values that are summed at a time

// Keys that a position sees, from the first to one behind the last.
struct Seen {
  int64_t from, to;
};

// scores[j] = q · key j / √k - slope · distance, for keys that are seen; returns the largest.
float scores_of(const float* query, const float* keys, int64_t k, Seen seen, int64_t position, float slope,
                float* scores) {
  const float scale = 1.f / std::sqrt(float(k));
  float largest = -std::numeric_limits<float>::infinity();
  for (int64_t at = seen.from; at < seen.to; at += kLanes) {
    const int64_t count = std::min<int64_t>(kLanes, seen.to - at);
    Vector sums[kLanes] = {};
    for (int64_t j = 0; j < count; ++j) {
      const float* key = keys + (at + j) * k;
      __builtin_prefetch(key + kLanes * k);
      for_each_vector(k, [&](int64_t i, auto lanes) { sums[j] += load(query + i, lanes) * load(key + i, lanes); });
    }
    const Vector found = lane_sums(sums);
    for (int64_t j = 0; j < count; ++j) {
      const float score = found[j] * scale - slope * float(position - at - j);
      scores[at - seen.from + j] = score;
      largest = score > largest ? score : largest;
    }
  }
  return largest;
}

// Replace scores by e^(score - largest); return their sum.
float exponentials(float* scores, int64_t count, float largest) {
  Vector sums{};
  for_each_vector(count, [&](int64_t at, auto lanes) {
    const Vector e = exponential(load(scores + at, lanes, -std::numeric_limits<float>::infinity()) - largest);
    store(scores + at, lanes, e);
    sums += e;
  });
  return sum(sums);
}

// out = share · Σ weights[j] · values[j], for `count` vectors of the values.
template <int count>
void mix_vectors(const float* weights, const float* values, int64_t k, int64_t rows, float share, float* out) {
  Vector sums[count] = {};
  for (int64_t j = 0; j < rows; ++j)
#pragma GCC unroll 4
    for (int i = 0; i < count; ++i) sums[i] += weights[j] * Float::vector(values + j * k + i * kLanes);
#pragma GCC unroll 4
  for (int i = 0; i < count; ++i) Float::put(out + i * kLanes, sums[i] * share);
}

void mix(const float* weights, const float* values, int64_t k, int64_t rows, float share, float* out) {
  int64_t at = 0;
  for (; at + kMostSums * kLanes <= k; at += kMostSums * kLanes)
    mix_vectors<kMostSums>(weights, values + at, k, rows, share, out + at);
  for (; at + kLanes <= k; at += kLanes) mix_vectors<1>(weights, values + at, k, rows, share, out + at);
  for (; at < k; ++at) {
    float sum = 0.f;
    for (int64_t j = 0; j < rows; ++j) sum += weights[j] * values[j * k + at];
    out[at] = sum * share;
  }
}

// Operands: queries (b, t, h, k); keys and values (b, g, s, k); position of the first query (); slopes (h) or (0).
void cached_attention(const Call& call) {
  const Buffer queries = call.operand(0), keys = call.operand(1), slopes = call.operand(4);
  const int64_t t = queries.dimensions[1], h = queries.dimensions[2], k = queries.dimensions[3];
  const int64_t g = keys.dimensions[1], s = keys.dimensions[2], before = call.sizes("before")[0];
  const int64_t start = *static_cast<const int32_t*>(call.operand(3).data), heads = queries.dimensions[0] * h;
  const auto* query = static_cast<const float*>(queries.data);
  const auto* falls = slopes.size() > 0 ? static_cast<const float*>(slopes.data) : nullptr;
  auto* out = static_cast<float*>(call.result().data);
  const auto of_head = [&](int64_t head) {
    const int64_t shared = (head / h * g + head % h / (h / g)) * s * k;
    const float* key = static_cast<const float*>(keys.data) + shared;
    const float* value = static_cast<const float*>(call.operand(2).data) + shared;
    auto* scores = static_cast<float*>(scratch(0, (s + kLanes) * sizeof(float)));
    for (int64_t i = 0; i < t; ++i) {
      const int64_t row = ((head / h * t + i) * h + head % h) * k, position = start + i;
      const Seen seen{std::max<int64_t>(0, std::min(position, s) - before), std::min(s, position + 1)};
      const int64_t count = std::max<int64_t>(0, seen.to - seen.from);
      const float slope = falls == nullptr ? 0.f : falls[head % h];
      const float largest = scores_of(query + row, key, k, seen, position, slope, scores);
      const float total = exponentials(scores, count, largest);
      mix(scores, value + seen.from * k, k, count, total > 0.f ? 1.f / total : 0.f, out + row);
    }
  };
  const int64_t work = heads * t * std::min(s, start + t) * k;
  const int64_t pieces = std::min(heads, std::min(fine_tasks(call.threads), work / kLeastShared + 1));
  ParallelFor(call.threads, int(pieces), [&](int task) {
    for (int64_t head = heads * task / pieces; head < heads * (task + 1) / pieces; ++head) of_head(head);
  });
}

}  // namespace
}  // namespace lamina

extern "C" XLA_FFI_Error* cached_attention_f32(XLA_FFI_CallFrame* frame) {
  return lamina::handle(frame, lamina::cached_attention);
}
