// Two-dimensional convolution of every channel by itself, one position a step, and the gradient of its weights.
//
// Each image is copied into zero-padded memory; then neighboring channels are the lanes, and a few neighboring
// positions share the loaded weights. Where channels or positions are no multiple of a tile, the last tile
// begins earlier and computes some of them once more.

#include "padding.h"
#include "parallel.h"
#include "tiles.h"

namespace lamina {
namespace {

constexpr int kPositions = 4;  // of a row at once
constexpr int kTaps = 4;       // of a row of the kernel at once

// A convolution: an image, its padding, a kernel.
struct Window {
  Image in;
  Padding padding;
  int64_t ky, kx;
  int64_t rows() const { return in.height + padding.top + padding.bottom - ky + 1; }
  int64_t columns() const { return in.width + padding.left + padding.right - kx + 1; }
  int64_t padded_row() const { return (in.width + padding.left + padding.right) * in.channels; }
  int64_t padded() const { return (in.height + padding.top + padding.bottom) * padded_row(); }
};

Window window_of(const Call& call, const Sizes& x) {
  const Sizes low = call.sizes("low"), high = call.sizes("high"), kernel = call.sizes("kernel");
  return {{x[1], x[2], x[3]}, {low[0], low[1], high[0], high[1]}, kernel[0], kernel[1]};
}

// out[p] = Σ over taps of in[p + tap] · weights[tap], at R neighboring positions and V vectors of channels.
template <int R, int V>
void correlate(const Window& window, const float* in, const float* weights, float* out) {
  const int64_t c = window.in.channels, row = window.padded_row();
  Vector sums[R][V];
  for (int r = 0; r < R; ++r)
    for (int v = 0; v < V; ++v) sums[r][v] = Vector{};
  for (int64_t y = 0; y < window.ky; ++y)
    for (int64_t x = 0; x < window.kx; ++x, weights += c) {
      const float* from = in + y * row + x * c;
      for (int v = 0; v < V; ++v) {
        const Vector weight = Float::vector(weights + v * kLanes);
        for (int r = 0; r < R; ++r)
          sums[r][v] = Float::add_product(sums[r][v], Float::vector(from + r * c + v * kLanes), weight);
      }
    }
  for (int r = 0; r < R; ++r)
    for (int v = 0; v < V; ++v) Float::put(out + r * c + v * kLanes, sums[r][v]);
}

template <int V>
void fill_image(const Window& window, const float* padded, const float* weights, float* out) {
  const int64_t c = window.in.channels, columns = window.columns();
  for (int64_t y = 0; y < window.rows(); ++y)
    for_each_tile(c, V * kLanes, [&](int64_t channel) {
      const float* from = padded + y * window.padded_row() + channel;
      float* to = out + y * columns * c + channel;
      if (columns < kPositions) {
        for (int64_t x = 0; x < columns; ++x) correlate<1, V>(window, from + x * c, weights + channel, to + x * c);
      } else {
        for_each_tile(columns, kPositions, [&](int64_t x) {
          correlate<kPositions, V>(window, from + x * c, weights + channel, to + x * c);
        });
      }
    });
}

// sums[tap] += Σ over positions of in[p + tap] · change[p], for T neighboring taps and V vectors of channels.
template <int T, int V>
void accumulate(const Window& window, const float* in, const float* change, float* sums) {
  const int64_t c = window.in.channels, row = window.padded_row(), columns = window.columns();
  Vector found[T][V];
  for (int t = 0; t < T; ++t)
    for (int v = 0; v < V; ++v) found[t][v] = Vector{};
  for (int64_t y = 0; y < window.rows(); ++y)
    for (int64_t x = 0; x < columns; ++x)
      for (int v = 0; v < V; ++v) {
        const float* from = in + y * row + x * c + v * kLanes;
        const Vector other = Float::vector(change + (y * columns + x) * c + v * kLanes);
        for (int t = 0; t < T; ++t)
          found[t][v] = Float::add_product(found[t][v], Float::vector(from + t * c), other);
      }
  for (int t = 0; t < T; ++t)
    for (int v = 0; v < V; ++v) {
      float* sum = sums + t * c + v * kLanes;
      Float::put(sum, Float::vector(sum) + found[t][v]);
    }
}

// The same for all taps of V vectors of channels.
template <int V>
void accumulate_all(const Window& window, const float* in, const float* change, float* sums) {
  const int64_t c = window.in.channels;
  for (int64_t y = 0; y < window.ky; ++y)
    for (int64_t x = 0; x < window.kx;) {
      const float* from = in + y * window.padded_row() + x * c;
      float* to = sums + (y * window.kx + x) * c;
      if (window.kx - x >= kTaps) accumulate<kTaps, V>(window, from, change, to), x += kTaps;
      else accumulate<1, V>(window, from, change, to), x += 1;
    }
}

// Vectors of a tile of channels: two where there are as many channels.
int vectors_of(const Window& window) { return window.in.channels >= 2 * kLanes ? 2 : 1; }

void forward(const Call& call) {
  const Buffer x = call.operand(0), weight = call.operand(1), y = call.result();
  const Window window = window_of(call, x.dimensions);
  const int64_t c = window.in.channels, taps = window.ky * window.kx, batch = x.dimensions[0];
  std::vector<float> weights(taps * c);  // taps first
  for (int64_t j = 0; j < c; ++j)
    for (int64_t t = 0; t < taps; ++t) weights[t * c + j] = static_cast<const float*>(weight.data)[j * taps + t];
  const int tasks = int(std::max<int64_t>(1, std::min(fine_tasks(call.threads), batch)));
  ParallelFor(call.threads, tasks, [&](int task) {
    auto* padded = static_cast<float*>(scratch(0, window.padded() * sizeof(float)));
    for (int64_t b = batch * task / tasks; b < batch * (task + 1) / tasks; ++b) {
      pad(static_cast<const float*>(x.data) + b * window.in.size(), window.in, window.padding, padded);
      float* out = static_cast<float*>(y.data) + b * window.rows() * window.columns() * c;
      with_vectors(vectors_of(window), [&](auto vectors) {
        fill_image<decltype(vectors)::value>(window, padded, weights.data(), out);
      });
    }
  });
}

void weight_gradient(const Call& call) {
  const Buffer x = call.operand(0), dy = call.operand(1), dw = call.result();
  const Window window = window_of(call, x.dimensions);
  const int64_t c = window.in.channels, taps = window.ky * window.kx, batch = x.dimensions[0];
  const int tasks = int(std::max<int64_t>(1, std::min(call.threads.count(), batch)));
  const int64_t width = vectors_of(window) * kLanes, blocks = (c + width - 1) / width;
  std::vector<float> sums(size_t(tasks) * blocks * taps * c, 0.f);  // of a block its own: blocks may overlap
  ParallelFor(call.threads, tasks, [&](int task) {
    auto* padded = static_cast<float*>(scratch(0, window.padded() * sizeof(float)));
    for (int64_t b = batch * task / tasks; b < batch * (task + 1) / tasks; ++b) {
      pad(static_cast<const float*>(x.data) + b * window.in.size(), window.in, window.padding, padded);
      const float* change = static_cast<const float*>(dy.data) + b * window.rows() * window.columns() * c;
      float* own = sums.data() + task * blocks * taps * c;
      for_each_tile(c, width, [&](int64_t channel) {
        with_vectors(vectors_of(window), [&](auto vectors) {
          accumulate_all<decltype(vectors)::value>(window, padded + channel, change + channel, own + channel);
        });
        own += taps * c;
      });
    }
  });
  auto* result = static_cast<float*>(dw.data);
  for (int64_t block = 0; block < blocks; ++block) {
    const int64_t first = std::min(block * width, c - width);
    for (int64_t j = first; j < first + width; ++j)
      for (int64_t t = 0; t < taps; ++t) {
        float total = 0.f;
        for (int task = 0; task < tasks; ++task) total += sums[((task * blocks + block) * taps + t) * c + j];
        result[j * taps + t] = total;
      }
  }
}

}  // namespace
}  // namespace lamina

extern "C" XLA_FFI_Error* depthwise_f32(XLA_FFI_CallFrame* frame) { return lamina::handle(frame, lamina::forward); }
extern "C" XLA_FFI_Error* depthwise_weight_gradient_f32(XLA_FFI_CallFrame* frame) {
  return lamina::handle(frame, lamina::weight_gradient);
}
