// Layer normalization and its gradients: each row is read from memory once.
//
// y = x̂ · weight + bias, x̂ = (x - mean) · scale, scale = 1 / √(var + ε);
// dx = scale · (g - mean g - x̂ · mean(g · x̂)) with g = change · weight, dweight = Σ change · x̂, dbias = Σ change.
// Reference: Ba, Kiros, Hinton. Layer normalization. 2016.

#include <algorithm>
#include <cmath>

#include "vectors.h"
#include "parallel.h"

namespace lamina {
namespace {

constexpr int64_t kRows = 64;  // of a task

struct Statistics {
  float mean, scale;
};

// Rows of each network: weights (…, width) have a leading axis for each that rows (…, rows, width) have, but one.
struct Rows {
  int64_t members, rows, width, tasks;

  Rows(const Buffer& x, const Buffer& weight) {
    width = weight.dimensions[weight.dimensions.size - 1];
    members = weight.size() / width;
    rows = x.size() / weight.size();
    tasks = (rows + kRows - 1) / kRows;
  }

  // Call work(member, first, last) for some rows at a time, the task's number with them.
  template <class Work>
  void each(const Threads& threads, const Work& work) const {
    ParallelFor(threads, int(members * tasks), [&](int task) {
      const int64_t member = task / tasks, first = task % tasks * kRows;
      work(member, member * rows + first, member * rows + std::min(rows, first + kRows), task);
    });
  }
};

Statistics statistics(const float* x, int64_t width, float epsilon) {
  Vector sums{};
  for_each_vector(width, [&](int64_t at, auto lanes) { sums += load(x + at, lanes); });
  const float mean = sum(sums) / float(width);
  Vector squares{};
  for_each_vector(width, [&](int64_t at, auto lanes) {
    const Vector centered = load(x + at, lanes, mean) - mean;
    squares += centered * centered;
  });
  return {mean, 1.f / std::sqrt(sum(squares) / float(width) + epsilon)};
}

// Operands: x, weight, bias; results: y, and mean and scale of each row.
void layer_norm(const Call& call) {
  const Rows of(call.operand(0), call.operand(1));
  const auto* x = static_cast<const float*>(call.operand(0).data);
  const auto* weights = static_cast<const float*>(call.operand(1).data);
  const auto* biases = static_cast<const float*>(call.operand(2).data);
  auto* y = static_cast<float*>(call.result(0).data);
  auto* kept = static_cast<Statistics*>(call.result(1).data);
  const float epsilon = float(call.number("epsilon"));
  of.each(call.threads, [&](int64_t member, int64_t first, int64_t last, int) {
    const float *weight = weights + member * of.width, *bias = biases + member * of.width;
    for (int64_t row = first; row < last; ++row) {
      const float* line = x + row * of.width;
      float* out = y + row * of.width;
      const Statistics found = statistics(line, of.width, epsilon);
      for_each_vector(of.width, [&](int64_t at, auto lanes) {
        const Vector normal = (load(line + at, lanes) - found.mean) * found.scale;
        store(out + at, lanes, normal * load(weight + at, lanes) + load(bias + at, lanes));
      });
      kept[row] = found;
    }
  });
}

// Operands: change, x, weight, mean and scale of each row; results: the gradients of x, weight and bias.
void layer_norm_gradient(const Call& call) {
  const Rows of(call.operand(1), call.operand(2));
  const auto* changes = static_cast<const float*>(call.operand(0).data);
  const auto* x = static_cast<const float*>(call.operand(1).data);
  const auto* weights = static_cast<const float*>(call.operand(2).data);
  const auto* kept = static_cast<const Statistics*>(call.operand(3).data);
  const auto out = [&](int which) { return static_cast<float*>(call.result(which).data); };
  float* dx = out(0);
  const int64_t width = of.width;
  // Sums of each task, first those for the weights, then those for the biases.
  auto* partial = static_cast<float*>(scratch(1, of.members * of.tasks * 2 * width * sizeof(float)));
  of.each(call.threads, [&](int64_t member, int64_t first, int64_t last, int task) {
    const float* weight = weights + member * width;
    float *to_weight = partial + task * 2 * width, *to_bias = to_weight + width;
    std::fill(to_weight, to_bias + width, 0.f);
    for (int64_t row = first; row < last; ++row) {
      const float *change = changes + row * width, *line = x + row * width;
      const auto [mean, scale] = kept[row];
      const auto normal = [&, mean = mean, scale = scale](int64_t at, auto lanes) {
        return (load(line + at, lanes, mean) - mean) * scale;
      };
      Vector sums{}, along{};
      for_each_vector(width, [&](int64_t at, auto lanes) {
        const Vector c = load(change + at, lanes), n = normal(at, lanes), g = c * load(weight + at, lanes);
        sums += g;
        along += g * n;
        store(to_weight + at, lanes, load(to_weight + at, lanes) + c * n);
        store(to_bias + at, lanes, load(to_bias + at, lanes) + c);
      });
      const float g_mean = sum(sums) / float(width), g_along = sum(along) / float(width);
      for_each_vector(width, [&, scale = scale](int64_t at, auto lanes) {
        const Vector g = load(change + at, lanes) * load(weight + at, lanes);
        store(dx + row * width + at, lanes, scale * (g - g_mean - normal(at, lanes) * g_along));
      });
    }
  });
  for (int64_t member = 0; member < of.members; ++member)
    for (int which = 0; which < 2; ++which) {
      float* total = out(1 + which) + member * width;
      std::fill(total, total + width, 0.f);
      for (int64_t task = member * of.tasks; task < (member + 1) * of.tasks; ++task)
        for (int64_t i = 0; i < width; ++i) total[i] += partial[(task * 2 + which) * width + i];
    }
}

}  // namespace
}  // namespace lamina

extern "C" XLA_FFI_Error* layer_norm_f32(XLA_FFI_CallFrame* frame) { return lamina::handle(frame, lamina::layer_norm); }
extern "C" XLA_FFI_Error* layer_norm_gradient_f32(XLA_FFI_CallFrame* frame) {
  return lamina::handle(frame, lamina::layer_norm_gradient);
}
