// Group normalization with a gain and a shift for each channel of each image, silu behind it if asked, and its gradients:
// an image stays in the second-level cache while its sums are made.
//
// z = x̂ · scale + offset, x̂ = (x - mean) · factor, factor = 1 / √(var + ε), y = z or z · σ(z);
// with d = change · y'(z): dscale = Σ d · x̂, doffset = Σ d over positions,
// dx = factor · (g - mean g - x̂ · mean(g · x̂)) with g = d · scale, means over the group.
// Reference: Wu, He. Group normalization. ECCV 2018.

#include <algorithm>
#include <cmath>

#include "exponential.h"
#include "parallel.h"
#include "vectors.h"

namespace lamina {
namespace {

struct Statistics {
  float mean, factor;
};

// Images (…, positions, channels), and groups of adjacent channels.
struct Images {
  int64_t count, positions, channels, groups;

  Images(const Buffer& x, int64_t groups) : groups(groups) {
    const int64_t rank = x.dimensions.size;
    positions = x.dimensions[rank - 2];
    channels = x.dimensions[rank - 1];
    count = x.size() / (positions * channels);
  }

  int64_t size() const { return positions * channels; }
  int64_t width() const { return channels / groups; }

  // each(start, lanes) for all vectors of channels at all positions: `at` is where they lie, `channel` the first.
  template <class Work>
  void each(const Work& work) const {
    for (int64_t p = 0; p < positions; ++p)
      for_each_vector(channels, [&](int64_t channel, auto lanes) { work(p * channels + channel, channel, lanes); });
  }

  // Sums over the channels of each group, divided by its numbers.
  void mean(const float* channel_sums, float* found) const {
    for (int64_t g = 0; g < groups; ++g) {
      float total = 0.f;
      for (int64_t c = g * width(); c < (g + 1) * width(); ++c) total += channel_sums[c];
      found[g] = total / float(positions * width());
    }
  }

  // The number of its group for each channel.
  template <class Number>
  void spread(const Number& number, float* channel_numbers) const {
    for (int64_t c = 0; c < channels; ++c) channel_numbers[c] = number(c / width());
  }
};

struct Curve {
  Vector value, slope;
};

inline Curve silu(Vector z) {
  const Vector e = exponential(z < 0.f ? z : -z), whole = 1.f / (1.f + e);
  const Vector gate = z < 0.f ? e * whole : whole;
  return {z * gate, gate * (1.f + z * (1.f - gate))};
}

const float* operand(const Call& call, int i) { return static_cast<const float*>(call.operand(i).data); }
float* result(const Call& call, int i) { return static_cast<float*>(call.result(i).data); }

// Operands: x, scale, offset; results: y, and mean and factor of each group.
void group_norm(const Call& call) {
  const Images of(call.operand(0), call.sizes("groups")[0]);
  const float *xs = operand(call, 0), *scales = operand(call, 1), *offsets = operand(call, 2);
  auto* kept = static_cast<Statistics*>(call.result(1).data);
  const float epsilon = float(call.number("epsilon"));
  const bool curved = call.sizes("silu")[0] != 0;
  ParallelFor(call.threads, int(of.count), [&](int image) {
    const int64_t c = of.channels;
    auto* room = static_cast<float*>(scratch(1, (4 * c + of.groups) * sizeof(float)));
    float *sums = room, *means = room + c, *gains = room + 2 * c, *shifts = room + 3 * c, *found = room + 4 * c;
    const float* x = xs + image * of.size();
    Statistics* statistics = kept + image * of.groups;
    std::fill(sums, sums + c, 0.f);
    of.each([&](int64_t at, int64_t channel, auto lanes) {
      store(sums + channel, lanes, load(sums + channel, lanes) + load(x + at, lanes));
    });
    of.mean(sums, found);
    for (int64_t g = 0; g < of.groups; ++g) statistics[g].mean = found[g];
    of.spread([&](int64_t g) { return statistics[g].mean; }, means);
    std::fill(sums, sums + c, 0.f);
    of.each([&](int64_t at, int64_t channel, auto lanes) {
      const Vector centered = load(x + at, lanes) - load(means + channel, lanes);
      store(sums + channel, lanes, load(sums + channel, lanes) + centered * centered);
    });
    of.mean(sums, found);
    for (int64_t g = 0; g < of.groups; ++g) statistics[g].factor = 1.f / std::sqrt(found[g] + epsilon);
    for (int64_t i = 0; i < c; ++i) {
      const Statistics group = statistics[i / of.width()];
      gains[i] = group.factor * scales[image * c + i];
      shifts[i] = offsets[image * c + i];
    }
    float* y = result(call, 0) + image * of.size();
    of.each([&](int64_t at, int64_t channel, auto lanes) {
      const Vector centered = load(x + at, lanes) - load(means + channel, lanes);
      const Vector z = centered * load(gains + channel, lanes) + load(shifts + channel, lanes);
      store(y + at, lanes, curved ? silu(z).value : z);
    });
  });
}

// Operands: change, x, scale, offset, mean and factor of each group; results: the gradients of x, scale and offset.
void group_norm_gradient(const Call& call) {
  const Images of(call.operand(1), call.sizes("groups")[0]);
  const float *changes = operand(call, 0), *xs = operand(call, 1);
  const auto* kept = static_cast<const Statistics*>(call.operand(4).data);
  const bool curved = call.sizes("silu")[0] != 0;
  ParallelFor(call.threads, int(of.count), [&](int image) {
    const int64_t c = of.channels;
    auto* room = static_cast<float*>(scratch(1, (6 * c + 2 * of.groups) * sizeof(float)));
    float *means = room, *factors = room + c, *first = room + 2 * c, *along = room + 3 * c, *weighted = room + 4 * c;
    float* found = room + 6 * c;
    const float *change = changes + image * of.size(), *x = xs + image * of.size();
    const float *scale = operand(call, 2) + image * c, *offset = operand(call, 3) + image * c;
    float *dx = result(call, 0) + image * of.size(), *dscale = result(call, 1) + image * c;
    float* doffset = result(call, 2) + image * c;
    const Statistics* statistics = kept + image * of.groups;
    of.spread([&](int64_t g) { return statistics[g].mean; }, means);
    of.spread([&](int64_t g) { return statistics[g].factor; }, factors);
    std::fill(dscale, dscale + c, 0.f);
    std::fill(doffset, doffset + c, 0.f);
    const auto normal = [&](int64_t at, int64_t channel, auto lanes) {
      return (load(x + at, lanes) - load(means + channel, lanes)) * load(factors + channel, lanes);
    };
    of.each([&](int64_t at, int64_t channel, auto lanes) {
      const Vector n = normal(at, channel, lanes);
      Vector d = load(change + at, lanes);
      if (curved) d *= silu(n * load(scale + channel, lanes) + load(offset + channel, lanes)).slope;
      store(dx + at, lanes, d);
      store(doffset + channel, lanes, load(doffset + channel, lanes) + d);
      store(dscale + channel, lanes, load(dscale + channel, lanes) + d * n);
    });
    for (int64_t i = 0; i < c; ++i) weighted[i] = scale[i] * doffset[i], weighted[c + i] = scale[i] * dscale[i];
    of.mean(weighted, found);
    of.mean(weighted + c, found + of.groups);
    of.spread([&](int64_t g) { return found[g]; }, first);
    of.spread([&](int64_t g) { return found[of.groups + g]; }, along);
    of.each([&](int64_t at, int64_t channel, auto lanes) {
      const Vector g = load(dx + at, lanes) * load(scale + channel, lanes), n = normal(at, channel, lanes);
      const Vector rest = g - load(first + channel, lanes) - n * load(along + channel, lanes);
      store(dx + at, lanes, load(factors + channel, lanes) * rest);
    });
  });
}

}  // namespace
}  // namespace lamina

extern "C" XLA_FFI_Error* group_norm_f32(XLA_FFI_CallFrame* frame) { return lamina::handle(frame, lamina::group_norm); }
extern "C" XLA_FFI_Error* group_norm_gradient_f32(XLA_FFI_CallFrame* frame) {
  return lamina::handle(frame, lamina::group_norm_gradient);
}
