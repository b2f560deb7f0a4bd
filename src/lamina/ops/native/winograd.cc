// Two-dimensional convolution with 3×3 taps, one position a step, and its two gradients, in a quarter of
// the multiplications: F(4×4, 3×3).
//
// Outputs are made in tiles of 4×4. A tile of 6×6 inputs and the 3×3 weights are both turned into the values
// of polynomials at 6×6 points; there convolution is a product of each pair of values, summed over channels,
// so that each point has a matrix product of its own; and 4×4 outputs are read off the products:
//
//     y = Aᵀ [ Σ_c (G w Gᵀ) ⊙ (Bᵀ x B) ] A        dw = Gᵀ [ Σ_tiles (A dy Aᵀ) ⊙ (Bᵀ x B) ] G
//
// References: Lavin, Gray. Fast algorithms for convolutional neural networks. CVPR 2016. The points are 0, ±5/8,
// ±3/2 and infinity in place of 0, ±1, ±2: half the rounding error (Barabasz et al. Error analysis and improving
// the accuracy of Winograd convolution for deep neural networks. ACM TOMS 2020).

#include "frame.h"
#include "parts.h"
#include "tiles.h"

namespace lamina {
namespace {

constexpr int kOut = 4, kIn = 6, kTaps = 3, kPoints = kIn * kIn;
constexpr int64_t kGap = 16;              // floats between rows, so that they don't fall into the same cache lines

constexpr float a = 5.f / 8, b = 3.f / 2, aa = a * a, bb = b * b;
constexpr float at_zero = 1 / (aa * bb), at_a = 1 / (2 * aa * (aa - bb)), at_b = 1 / (2 * bb * (bb - aa));

// The five matrices, each applied to a line of vectors that lie `step` apart.
struct InputToPoints {  // Bᵀ
  static constexpr int kFrom = kIn, kTo = kIn;
  static void apply(const Vector* x, int step, Vector* v, int v_step) {
    const Vector x1 = x[step], x2 = x[2 * step], x3 = x[3 * step], x4 = x[4 * step];
    const Vector even_a = x4 - bb * x2, odd_a = a * (x3 - bb * x1);
    const Vector even_b = x4 - aa * x2, odd_b = b * (x3 - aa * x1);
    v[0] = aa * bb * x[0] - (aa + bb) * x2 + x4;
    v[v_step] = even_a + odd_a;
    v[2 * v_step] = even_a - odd_a;
    v[3 * v_step] = even_b + odd_b;
    v[4 * v_step] = even_b - odd_b;
    v[5 * v_step] = aa * bb * x1 - (aa + bb) * x3 + x[5 * step];
  }
};

struct WeightsToPoints {  // G
  static constexpr int kFrom = kTaps, kTo = kIn;
  static void apply(const Vector* w, int step, Vector* u, int u_step) {
    const Vector w0 = w[0], w1 = w[step], w2 = w[2 * step];
    const Vector even_a = at_a * (w0 + aa * w2), odd_a = at_a * a * w1;
    const Vector even_b = at_b * (w0 + bb * w2), odd_b = at_b * b * w1;
    u[0] = at_zero * w0;
    u[u_step] = even_a + odd_a;
    u[2 * u_step] = even_a - odd_a;
    u[3 * u_step] = even_b + odd_b;
    u[4 * u_step] = even_b - odd_b;
    u[5 * u_step] = w2;
  }
};

struct PointsToOutput {  // Aᵀ
  static constexpr int kFrom = kIn, kTo = kOut;
  static void apply(const Vector* m, int step, Vector* y, int y_step) {
    const Vector even_a = m[step] + m[2 * step], odd_a = a * (m[step] - m[2 * step]);
    const Vector even_b = m[3 * step] + m[4 * step], odd_b = b * (m[3 * step] - m[4 * step]);
    y[0] = m[0] + even_a + even_b;
    y[y_step] = odd_a + odd_b;
    y[2 * y_step] = aa * even_a + bb * even_b;
    y[3 * y_step] = aa * odd_a + bb * odd_b + m[5 * step];
  }
};

struct ChangeToPoints {  // A
  static constexpr int kFrom = kOut, kTo = kIn;
  static void apply(const Vector* d, int step, Vector* z, int z_step) {
    const Vector d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step];
    const Vector even_a = d0 + aa * d2, odd_a = a * (d1 + aa * d3);
    const Vector even_b = d0 + bb * d2, odd_b = b * (d1 + bb * d3);
    z[0] = d0;
    z[z_step] = even_a + odd_a;
    z[2 * z_step] = even_a - odd_a;
    z[3 * z_step] = even_b + odd_b;
    z[4 * z_step] = even_b - odd_b;
    z[5 * z_step] = d3;
  }
};

struct PointsToWeights {  // Gᵀ
  static constexpr int kFrom = kIn, kTo = kTaps;
  static void apply(const Vector* u, int step, Vector* w, int w_step) {
    const Vector even_a = at_a * (u[step] + u[2 * step]), odd_a = at_a * a * (u[step] - u[2 * step]);
    const Vector even_b = at_b * (u[3 * step] + u[4 * step]), odd_b = at_b * b * (u[3 * step] - u[4 * step]);
    w[0] = at_zero * u[0] + even_a + even_b;
    w[w_step] = odd_a + odd_b;
    w[2 * w_step] = aa * even_a + bb * even_b + u[5 * step];
  }
};

// out = matrix · in · matrixᵀ
template <class Matrix>
inline __attribute__((always_inline)) void transform(const Vector (&in)[Matrix::kFrom * Matrix::kFrom],
                                                     Vector (&out)[Matrix::kTo * Matrix::kTo]) {
  constexpr int kFrom = Matrix::kFrom, kTo = Matrix::kTo;
  Vector half[kTo * kFrom];
#pragma GCC unroll 6
  for (int x = 0; x < kFrom; ++x) Matrix::apply(in + x, kFrom, half + x, kFrom);
#pragma GCC unroll 6
  for (int y = 0; y < kTo; ++y) Matrix::apply(half + y * kFrom, 1, out + y * kTo, 1);
}

// Call function(start) for vectors of channels from `first` to `end`, the last one pushed back.
template <class Function>
void in_vectors(int64_t first, int64_t end, const Function& function) {
  for (int64_t start = first; start < end; start += kLanes) function(std::min(start, end - kLanes));
}

// Images cut into tiles of 4×4 positions, numbered through all images.
struct Tiles {
  int64_t batch, rows, columns;  // of positions
  int64_t down() const { return (rows + kOut - 1) / kOut; }
  int64_t across() const { return (columns + kOut - 1) / kOut; }
  int64_t count() const { return batch * down() * across(); }
  int64_t image(int64_t tile) const { return tile / (down() * across()); }
  int64_t y(int64_t tile) const { return tile / across() % down() * kOut; }
  int64_t x(int64_t tile) const { return tile % across() * kOut; }
};

// Values at all points of some tiles: a matrix of tiles × channels for each point.
struct Values {
  int64_t row, point;  // floats between rows, between points
  Values(int64_t tiles, int64_t channels) : row(channels + kGap), point(tiles * row + kGap) {}
  int64_t size() const { return kPoints * point + kGap; }
};

// Turn the square of images from (y, x) on, `zeros` where it reaches beyond, into values at the points, for the
// channels from `first` to `end`.
template <class Matrix>
void to_points(const float* images, Image in, int64_t image, int64_t y, int64_t x, const float* zeros, int64_t first,
               int64_t end, const Values& values, float* out) {
  constexpr int kSide = Matrix::kFrom;
  const float* from[kSide * kSide];
  for (int i = 0; i < kSide * kSide; ++i) {
    const int64_t row = y + i / kSide, column = x + i % kSide;
    const bool inside = row >= 0 && row < in.height && column >= 0 && column < in.width;
    from[i] = inside ? images + ((image * in.height + row) * in.width + column) * in.channels : zeros;
  }
  in_vectors(first, end, [&](int64_t channel) {
    Vector square[kSide * kSide], found[kPoints];
#pragma GCC unroll 36
    for (int i = 0; i < kSide * kSide; ++i) square[i] = Float::vector(from[i] + channel);
    transform<Matrix>(square, found);
#pragma GCC unroll 36
    for (int i = 0; i < kPoints; ++i) Float::put(out + i * values.point + channel, found[i]);
  });
}

void to_output(const float* values_in, const Values& values, float* images, Image out, int64_t image, int64_t y,
               int64_t x) {
  const int64_t rows = std::min<int64_t>(kOut, out.height - y), columns = std::min<int64_t>(kOut, out.width - x);
  float* to = images + ((image * out.height + y) * out.width + x) * out.channels;
  in_vectors(0, out.channels, [&](int64_t channel) {
    Vector found[kPoints], square[kOut * kOut];
#pragma GCC unroll 36
    for (int i = 0; i < kPoints; ++i) found[i] = Float::vector(values_in + i * values.point + channel);
    transform<PointsToOutput>(found, square);
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t column = 0; column < columns; ++column)
        Float::put(to + (row * out.width + column) * out.channels + channel, square[row * kOut + column]);
  });
}

// How many tiles are taken together: a multiple of the rows of every product's tile, whose values stay in the
// second-level cache.
constexpr int64_t kTogether = 24;

// Weights as they are multiplied: for each point blocks of outputs, in them a row for each channel.
struct Weights {
  int64_t outputs, channels, output_step, channel_step;  // steps between them in the weights as they are given
  bool flipped;                                           // whether the taps are read from the last to the first
};

std::vector<float> pack(const Threads& threads, const float* weight, const Weights& form, const Blocks& blocks) {
  std::vector<float> packed(kPoints * form.channels * blocks.width);
  const int64_t vectors = blocks.width / kLanes;
  Parts(threads, int(std::min(fine_parts(threads), form.channels)), [&](int part) {
    const int64_t parts = std::min(fine_parts(threads), form.channels), end = form.channels * (part + 1) / parts;
    for (size_t k = 0; k < blocks.count(); ++k)
      for (int64_t c = form.channels * part / parts; c < end; ++c)
        for (int v = 0; v < blocks.vectors[k]; ++v) {
          const int64_t first = blocks.start[k] + v * kLanes;
          float lines[kTaps * kTaps * kLanes] = {};
          for (int64_t lane = 0; lane < std::min<int64_t>(kLanes, form.outputs - first); ++lane) {
            const float* taps = weight + (first + lane) * form.output_step + c * form.channel_step;
            for (int t = 0; t < kTaps * kTaps; ++t)
              lines[t * kLanes + lane] = taps[form.flipped ? kTaps * kTaps - 1 - t : t];
          }
          Vector square[kTaps * kTaps], found[kPoints];
          for (int t = 0; t < kTaps * kTaps; ++t) square[t] = Float::vector(lines + t * kLanes);
          transform<WeightsToPoints>(square, found);
          float* to = packed.data() + (blocks.start[k] * form.channels + (c * blocks.vectors[k] + v) * kLanes);
          for (int i = 0; i < kPoints; ++i) Float::put(to + i * form.channels * vectors * kLanes, found[i]);
        }
  });
  return packed;
}

// Images in, weights, images out; `low` zeros stand before the images.
void correlate(const Threads& threads, const float* x, Image in, const float* weight, const Weights& form, float* y,
               Image out, int64_t batch, Sizes low, bool mirrored) {
  const Blocks blocks(form.outputs, kLanes, kMostVectors);
  const std::vector<float> weights = pack(threads, weight, form, blocks);
  const std::vector<float> zeros(in.channels, 0.f);
  const Tiles tiles{batch, out.height, out.width};
  const int64_t top = mirrored ? kTaps - 1 - low[0] : low[0], left = mirrored ? kTaps - 1 - low[1] : low[1];
  const Values from(kTogether, in.channels), to(kTogether, blocks.width);
  const int64_t chunks = (tiles.count() + kTogether - 1) / kTogether;
  Parts(threads, int(chunks), [&](int chunk) {
    auto* values = static_cast<float*>(scratch(0, from.size() * sizeof(float)));
    auto* products = static_cast<float*>(scratch(1, to.size() * sizeof(float)));
    const int64_t first = chunk * kTogether, count = std::min(kTogether, tiles.count() - first);
    for (int64_t t = 0; t < count; ++t)
      to_points<InputToPoints>(x, in, tiles.image(first + t), tiles.y(first + t) - top, tiles.x(first + t) - left,
                               zeros.data(), 0, in.channels, from, values + t * from.row);
    const Run run{0, in.channels, 0};
    for (int i = 0; i < kPoints; ++i)
      for (size_t k = 0; k < blocks.count(); ++k) {
        const float* block = weights.data() + i * in.channels * blocks.width + blocks.start[k] * in.channels;
        const Grid<float> grid{values + i * from.point, products + i * to.point, 1, count, 0, from.row, 0, to.row};
        with_vectors(blocks.vectors[k], [&](auto vectors) {
          constexpr int V = decltype(vectors)::value;
          fill<Float, V>(grid, &run, 1, block, blocks.start[k], V * kLanes);
        });
      }
    for (int64_t t = 0; t < count; ++t)
      to_output(products + t * to.row, to, y, out, tiles.image(first + t), tiles.y(first + t), tiles.x(first + t));
  });
}

void forward(const Call& call) {
  const Buffer x = call.operand(0), weight = call.operand(1), y = call.result();
  const Sizes xs = x.dimensions, ws = weight.dimensions, ys = y.dimensions;
  const int64_t taps = kTaps * kTaps;
  correlate(call.threads, static_cast<const float*>(x.data), {xs[1], xs[2], xs[3]},
            static_cast<const float*>(weight.data), {ws[0], ws[1], ws[1] * taps, taps, false},
            static_cast<float*>(y.data), {ys[1], ys[2], ys[3]}, xs[0], call.sizes("low"), false);
}

void input_gradient(const Call& call) {
  const Buffer dy = call.operand(0), weight = call.operand(1), dx = call.result();
  const Sizes ds = dy.dimensions, ws = weight.dimensions, xs = dx.dimensions;
  const int64_t taps = kTaps * kTaps;
  correlate(call.threads, static_cast<const float*>(dy.data), {ds[1], ds[2], ds[3]},
            static_cast<const float*>(weight.data), {ws[1], ws[0], taps, ws[1] * taps, true},
            static_cast<float*>(dx.data), {xs[1], xs[2], xs[3]}, ds[0], call.sizes("low"), true);
}

// Sums over tiles at all points: a matrix of channels × outputs for each point, once for each share of the tiles.
struct Sums {
  int64_t channels, width, shares;
  std::unique_ptr<float[]> data;

  Sums(int64_t channels, int64_t width, int64_t shares)
      : channels(channels), width(width), shares(shares), data(new float[shares * size()]) {}
  int64_t size() const { return kPoints * channels * width; }
  float* at(int64_t share, int point) const { return data.get() + share * size() + point * channels * width; }
};

// dw = Gᵀ [ sums ] G
void to_weights(const Threads& threads, const Sums& sums, int64_t outputs, float* dw) {
  const int64_t parts = std::min(fine_parts(threads), sums.channels), channels = sums.channels;
  Parts(threads, int(parts), [&](int part) {
    for (int64_t c = channels * part / parts; c < channels * (part + 1) / parts; ++c)
      in_vectors(0, outputs, [&](int64_t output) {
        Vector found[kPoints], square[kTaps * kTaps];
        for (int i = 0; i < kPoints; ++i) {
          found[i] = Float::vector(sums.at(0, i) + c * sums.width + output);
          for (int64_t share = 1; share < sums.shares; ++share)
            found[i] += Float::vector(sums.at(share, i) + c * sums.width + output);
        }
        transform<PointsToWeights>(found, square);
        float* to = dw + (output * channels + c) * kTaps * kTaps;
        for (int lane = 0; lane < kLanes; ++lane)
          for (int t = 0; t < kTaps * kTaps; ++t) to[lane * channels * kTaps * kTaps + t] = square[t][lane];
      });
  });
}

// How the sums of a gradient of weights are cut among threads: with many weights each has those of some outputs for
// all tiles, else those of all outputs for some tiles, whose values are then made once.
constexpr int64_t kManyWeights = 256 * 256, kManyTogether = 256;

struct Cut {
  int64_t parts, chunks, blocks;
  bool by_outputs;

  Cut(const Threads& threads, int64_t chunks, const Blocks& all, int64_t channels, int64_t outputs)
      : chunks(chunks), blocks(int64_t(all.count())) {
    by_outputs = channels * outputs >= kManyWeights && outputs % kLanes == 0 && blocks >= threads.count();
    parts = by_outputs ? threads.count() : std::min(threads.count(), chunks);
  }
  int64_t first_chunk(int64_t part) const { return by_outputs ? 0 : chunks * part / parts; }
  int64_t last_chunk(int64_t part) const { return by_outputs ? chunks : chunks * (part + 1) / parts; }
  int64_t first_block(int64_t part) const { return by_outputs ? blocks * part / parts : 0; }
  int64_t last_block(int64_t part) const { return by_outputs ? blocks * (part + 1) / parts : blocks; }
};

void weight_gradient(const Call& call) {
  const Buffer x = call.operand(0), dy = call.operand(1), dw = call.result();
  const Sizes xs = x.dimensions, ds = dy.dimensions, low = call.sizes("low");
  const Image in{xs[1], xs[2], xs[3]}, out{ds[1], ds[2], ds[3]};
  const int64_t c = in.channels, o = out.channels;
  const Blocks blocks(o, kLanes, kMostVectors);
  const Tiles tiles{xs[0], out.height, out.width};
  // the more weights, the more tiles are summed each time that a sum is read and written
  const int64_t together = (c * o / (c + o) < kManyTogether ? 2 : 4) * kTogether;
  const Cut cut(call.threads, (tiles.count() + together - 1) / together, blocks, c, o);
  const Values values(together, c), others(together, blocks.width);
  const std::vector<float> zeros(std::max(c, o), 0.f);
  const Sums sums(c, blocks.width, cut.by_outputs ? 1 : cut.parts);
  Parts(call.threads, int(cut.parts), [&](int part) {
    auto* from = static_cast<float*>(scratch(0, values.size() * sizeof(float)));
    auto* other = static_cast<float*>(scratch(1, others.size() * sizeof(float)));
    std::memset(other, 0, others.size() * sizeof(float));  // beyond the last output: read, and count nothing
    const int64_t first_block = cut.first_block(part), last_block = cut.last_block(part);
    const int64_t start = blocks.start[first_block];
    const int64_t end = last_block < cut.blocks ? blocks.start[last_block] : o;
    bool fresh = true;
    for (int64_t chunk = cut.first_chunk(part); chunk < cut.last_chunk(part); ++chunk, fresh = false) {
      const int64_t first = chunk * together, count = std::min(together, tiles.count() - first);
      for (int64_t t = 0; t < count; ++t) {
        const int64_t image = tiles.image(first + t), top = tiles.y(first + t), left = tiles.x(first + t);
        to_points<InputToPoints>(static_cast<const float*>(x.data), in, image, top - low[0], left - low[1],
                                 zeros.data(), 0, c, values, from + t * values.row);
        to_points<ChangeToPoints>(static_cast<const float*>(dy.data), out, image, top, left, zeros.data(), start, end,
                                  others, other + t * others.row);
      }
      for (int i = 0; i < kPoints; ++i)
        for (int64_t k = first_block; k < last_block; ++k) {
          const Pairs<float> pairs{from + i * values.point, other + i * others.point + blocks.start[k], 1, 1, count,
                                   0, 0, values.row, 0, others.row};
          float* own = sums.at(cut.by_outputs ? 0 : part, i) + blocks.start[k];
          with_vectors(blocks.vectors[k], [&](auto vectors) {
            constexpr int V = decltype(vectors)::value;
            if (fresh)
              for (int64_t j = 0; j < c; ++j) std::memset(own + j * blocks.width, 0, V * kLanes * sizeof(float));
            accumulate_all<Float, V>(pairs, c, own, blocks.width);
          });
        }
    }
  });
  to_weights(call.threads, sums, o, static_cast<float*>(dw.data));
}

}  // namespace
}  // namespace lamina

extern "C" XLA_FFI_Error* winograd_f32(XLA_FFI_CallFrame* frame) { return lamina::answer(frame, lamina::forward); }
extern "C" XLA_FFI_Error* winograd_input_gradient_f32(XLA_FFI_CallFrame* frame) {
  return lamina::answer(frame, lamina::input_gradient);
}
extern "C" XLA_FFI_Error* winograd_weight_gradient_f32(XLA_FFI_CallFrame* frame) {
  return lamina::answer(frame, lamina::weight_gradient);
}
