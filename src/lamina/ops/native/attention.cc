// Self-attention of every example and head: scores, softmax and mixture while they are in the cache, read and written
// in the layout of the projections, so that nothing is transposed in memory.
//
// Forward: mixed = W · V with W = softmax(Q · Kᵀ / √k), row by row. W is returned for the backward pass; unlike flash
// attention, which recomputes it block by block, up to 512 positions make W small and keeping it cheaper.
// Backward, with D the gradient of mixed:
//     dV = Wᵀ · D,  dW = D · Vᵀ,  dS = W ⊙ (dW - rowsum(W ⊙ dW)) / √k,  dQ = dS · K,  dK = dSᵀ · Q
// A task is one head of one example; its time × time matrices stay in the second-level cache.
// References: Vaswani et al. Attention is all you need. NeurIPS 2017. Dao et al. FlashAttention. NeurIPS 2022.

#include <cmath>
#include <limits>

#include "exponential.h"
#include "vectors.h"
#include "products.h"

namespace lamina {
namespace {

// Projections (…, time, 3, heads, width): queries, keys and values of all heads, a row a position.
struct Projections {
  int64_t batch = 1, time, heads, width;

  explicit Projections(const Buffer& of) {
    const int64_t* sizes = of.dimensions.data + of.dimensions.size - 4;
    time = sizes[0];
    heads = sizes[2];
    width = sizes[3];
    for (const int64_t* size = of.dimensions.data; size < sizes; ++size) batch *= *size;
  }

  int64_t members() const { return batch * heads; }

  // Where queries (0), keys (1) or values (2) of a member begin.
  int64_t begin(int64_t member, int which) const {
    return member / heads * time * row() + which * heads * width + member % heads * width;
  }

  int64_t row() const { return 3 * heads * width; }

  // The same for (…, time, heads, width).
  int64_t mixed_begin(int64_t member) const {
    return member / heads * time * mixed_row() + member % heads * width;
  }

  int64_t mixed_row() const { return heads * width; }
};

// Call work(member) for all of them, several a task.
template <class Work>
void each(const Threads& threads, const Projections& of, const Work& work) {
  const int64_t members = of.members(), worth = members * of.time * of.time * of.width / kSmall;
  const int64_t tasks = std::max<int64_t>(1, std::min({members, worth, fine_tasks(threads)}));
  ParallelFor(threads, int(tasks), [&](int task) {
    for (int64_t member = members * task / tasks; member < members * (task + 1) / tasks; ++member) work(member);
  });
}

// Prefetch `rows` rows into the cache while something else is computed.
void prefetch(const float* from, int64_t rows, int64_t step, int64_t width) {
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t at = 0; at < width; at += 16) __builtin_prefetch(from + row * step + at, 0, 2);
}

Matrix transposed(Matrix of) { return {of.data, of.column, of.row}; }

// A product that one thread computes, its columns cut into `blocks`.
void compute(Matrix left, Matrix right, Target out, const Shape& shape, const Blocks& blocks) {
  multiply({left, right, {}, out}, shape, blocks, {0, int64_t(blocks.count()), 0, shape.m}, false);
}

// Replace a row by its softmax, e^(scale · (x - largest)) / Σ.
void softmax(float* line, int64_t count, float scale) {
  constexpr float kLeast = -std::numeric_limits<float>::infinity();
  Vector most = Vector{} + kLeast, sums{};
  for_each_vector(count, [&](int64_t at, auto lanes) {
    const Vector x = load(line + at, lanes, kLeast);
    most = x > most ? x : most;
  });
  float largest = most[0];
  for (int lane = 1; lane < kLanes; ++lane) largest = std::max(largest, most[lane]);
  for_each_vector(count, [&](int64_t at, auto lanes) {
    const Vector e = exponential((load(line + at, lanes, kLeast) - largest) * scale);
    store(line + at, lanes, e);
    sums += e;
  });
  const float share = 1.f / sum(sums);
  for_each_vector(count, [&](int64_t at, auto lanes) { store(line + at, lanes, load(line + at, lanes) * share); });
}

// change = scale · weights · (change - Σ change · weights), the backward pass of a row of softmax.
void softmax_back(const float* weights, float* change, int64_t count, float scale) {
  Vector sums{};
  for_each_vector(count, [&](int64_t at, auto lanes) { sums += load(weights + at, lanes) * load(change + at, lanes); });
  const float mean = sum(sums);
  for_each_vector(count, [&](int64_t at, auto lanes) {
    store(change + at, lanes, scale * load(weights + at, lanes) * (load(change + at, lanes) - mean));
  });
}

// Operand: projections; results: what is mixed and, if asked for, the weights.
void attention(const Call& call) {
  const Projections of(call.operand(0));
  const auto* projections = static_cast<const float*>(call.operand(0).data);
  auto* mixed = static_cast<float*>(call.result(0).data);
  auto* kept = call.results() > 1 ? static_cast<float*>(call.result(1).data) : nullptr;
  const int64_t t = of.time, k = of.width, square = t * t;
  const float scale = 1.f / std::sqrt(float(k));
  const Blocks over_time(t, kLanes, kMostVectors), over_width(k, kLanes, kMostVectors);
  each(call.threads, of, [&](int64_t member) {
    const auto side = [&](int which) { return Matrix{projections + of.begin(member, which), of.row(), 1}; };
    if (member + 1 < of.members())
      for (int which = 0; which < 3; ++which) prefetch(projections + of.begin(member + 1, which), t, of.row(), k);
    auto* weights = kept ? kept + member * square : static_cast<float*>(scratch(1, square * sizeof(float)));
    compute(side(0), transposed(side(1)), {weights, t}, {t, k, t}, over_time);
    for (int64_t i = 0; i < t; ++i) softmax(weights + i * t, t, scale);
    const Target out{mixed + of.mixed_begin(member), of.mixed_row()};
    compute({weights, t, 1}, side(2), out, {t, t, k}, over_width);
  });
}

// Operands: the gradient of what was mixed, projections, weights; result: the gradient of the projections.
void attention_gradient(const Call& call) {
  const Projections of(call.operand(1));
  const auto* change = static_cast<const float*>(call.operand(0).data);
  const auto* projections = static_cast<const float*>(call.operand(1).data);
  const auto* kept = static_cast<const float*>(call.operand(2).data);
  auto* gradient = static_cast<float*>(call.result().data);
  const int64_t t = of.time, k = of.width, square = t * t;
  const float scale = 1.f / std::sqrt(float(k));
  const Blocks over_time(t, kLanes, kMostVectors), over_width(k, kLanes, kMostVectors);
  each(call.threads, of, [&](int64_t member) {
    const auto side = [&](int which) { return Matrix{projections + of.begin(member, which), of.row(), 1}; };
    const auto to = [&](int which) { return Target{gradient + of.begin(member, which), of.row()}; };
    const Matrix above{change + of.mixed_begin(member), of.mixed_row(), 1}, weights{kept + member * square, t, 1};
    if (member + 1 < of.members()) {
      for (int which = 0; which < 3; ++which) prefetch(projections + of.begin(member + 1, which), t, of.row(), k);
      prefetch(change + of.mixed_begin(member + 1), t, of.mixed_row(), k);
      prefetch(kept + (member + 1) * square, 1, square, square);
    }
    auto* slopes = static_cast<float*>(scratch(1, square * sizeof(float)));
    const Matrix scores{slopes, t, 1};
    compute(transposed(weights), above, to(2), {t, t, k}, over_width);
    compute(above, transposed(side(2)), {slopes, t}, {t, k, t}, over_time);
    for (int64_t i = 0; i < t; ++i) softmax_back(weights.data + i * t, slopes + i * t, t, scale);
    compute(scores, side(1), to(0), {t, t, k}, over_width);
    compute(transposed(scores), side(0), to(1), {t, t, k}, over_width);
  });
}

}  // namespace
}  // namespace lamina

extern "C" XLA_FFI_Error* attention_f32(XLA_FFI_CallFrame* frame) { return lamina::handle(frame, lamina::attention); }
extern "C" XLA_FFI_Error* attention_gradient_f32(XLA_FFI_CallFrame* frame) {
  return lamina::handle(frame, lamina::attention_gradient);
}
