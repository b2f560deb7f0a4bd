// Two-dimensional convolution with 3×3 taps, one position a step, and its two gradients, in a quarter of
// the multiplications: F(4×4, 3×3).
//
// How it works: convolution multiplies polynomials, and a product of polynomials is given by the products of their
// values at enough points. Outputs are made in tiles of 4×4. A tile of 6×6 inputs and the 3×3 weights are both
// transformed into values at 6×6 points (`points.h`); there convolution is a product of each pair of values, summed
// over channels, so that each point has a matrix product (tiles × channels by channels × outputs); the inverse
// transform of the products is 4×4 outputs: 36 multiplications instead of 144.
//
//     y = Aᵀ [ Σ_c (G w Gᵀ) ⊙ (Bᵀ x B) ] A        dw = Gᵀ [ Σ_tiles (A dy Aᵀ) ⊙ (Bᵀ x B) ] G

#include "padding.h"
#include "parallel.h"
#include "points.h"
#include "tiles.h"

namespace lamina {
namespace {

constexpr int64_t kGap = 16;  // floats between rows, so that they don't fall into the same cache lines

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

// Transform the square of images from (y, x) on, `zeros` where it reaches beyond, into values at the points, for the
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
  for_each_tile(end - first, kLanes, [&](int64_t start) {
    const int64_t channel = first + start;
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
  for_each_tile(out.channels, kLanes, [&](int64_t channel) {
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
  bool flipped;  // whether the taps are read from the last to the first: an input's gradient
};

std::unique_ptr<float[]> pack(const Threads& threads, const float* weight, const Weights& form, const Blocks& blocks) {
  std::unique_ptr<float[]> packed(new float[kPoints * form.channels * blocks.width]);  // all of it is written below
  const int64_t vectors = blocks.width / kLanes;
  const int64_t tasks = std::min(fine_tasks(threads), form.channels);
  ParallelFor(threads, int(tasks), [&](int task) {
    for (size_t k = 0; k < blocks.count(); ++k)
      for (int64_t c = form.channels * task / tasks; c < form.channels * (task + 1) / tasks; ++c)
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
          float* to = packed.get() + (blocks.start[k] * form.channels + (c * blocks.vectors[k] + v) * kLanes);
          for (int i = 0; i < kPoints; ++i) Float::put(to + i * form.channels * vectors * kLanes, found[i]);
        }
  });
  return packed;
}

// Images in, weights, images out; `low` zeros stand before the images.
void correlate(const Threads& threads, const float* x, Image in, const float* weight, const Weights& form, float* y,
               Image out, int64_t batch, Sizes low) {
  const Blocks blocks(form.outputs, kLanes, kMostVectors);
  const std::unique_ptr<float[]> weights = pack(threads, weight, form, blocks);
  const std::vector<float> zeros(in.channels, 0.f);
  const Tiles tiles{batch, out.height, out.width};
  const int64_t top = form.flipped ? kTaps - 1 - low[0] : low[0];
  const int64_t left = form.flipped ? kTaps - 1 - low[1] : low[1];
  const Values from(kTogether, in.channels), to(kTogether, blocks.width);
  const int64_t chunks = (tiles.count() + kTogether - 1) / kTogether;
  ParallelFor(threads, int(chunks), [&](int chunk) {
    auto* values = static_cast<float*>(scratch(0, from.size() * sizeof(float)));
    auto* products = static_cast<float*>(scratch(1, to.size() * sizeof(float)));
    const int64_t first = chunk * kTogether, count = std::min(kTogether, tiles.count() - first);
    for (int64_t t = 0; t < count; ++t)
      to_points<InputToPoints>(x, in, tiles.image(first + t), tiles.y(first + t) - top, tiles.x(first + t) - left,
                               zeros.data(), 0, in.channels, from, values + t * from.row);
    const Run run{0, in.channels, 0};
    for (int i = 0; i < kPoints; ++i)
      for (size_t k = 0; k < blocks.count(); ++k) {
        const float* block = weights.get() + i * in.channels * blocks.width + blocks.start[k] * in.channels;
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
            static_cast<float*>(y.data), {ys[1], ys[2], ys[3]}, xs[0], call.sizes("low"));
}

void input_gradient(const Call& call) {
  const Buffer dy = call.operand(0), weight = call.operand(1), dx = call.result();
  const Sizes ds = dy.dimensions, ws = weight.dimensions, xs = dx.dimensions;
  const int64_t taps = kTaps * kTaps;
  correlate(call.threads, static_cast<const float*>(dy.data), {ds[1], ds[2], ds[3]},
            static_cast<const float*>(weight.data), {ws[1], ws[0], taps, ws[1] * taps, true},
            static_cast<float*>(dx.data), {xs[1], xs[2], xs[3]}, ds[0], call.sizes("low"));
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
  const int64_t tasks = std::min(fine_tasks(threads), sums.channels), channels = sums.channels;
  ParallelFor(threads, int(tasks), [&](int task) {
    for (int64_t c = channels * task / tasks; c < channels * (task + 1) / tasks; ++c)
      for_each_tile(outputs, kLanes, [&](int64_t output) {
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
  int64_t tasks, chunks, blocks;
  bool by_outputs;

  Cut(const Threads& threads, int64_t chunks, const Blocks& all, int64_t channels, int64_t outputs)
      : chunks(chunks), blocks(int64_t(all.count())) {
    by_outputs = channels * outputs >= kManyWeights && outputs % kLanes == 0 && blocks >= threads.count();
    tasks = by_outputs ? threads.count() : std::min(threads.count(), chunks);
  }
  int64_t first_chunk(int64_t task) const { return by_outputs ? 0 : chunks * task / tasks; }
  int64_t last_chunk(int64_t task) const { return by_outputs ? chunks : chunks * (task + 1) / tasks; }
  int64_t first_block(int64_t task) const { return by_outputs ? blocks * task / tasks : 0; }
  int64_t last_block(int64_t task) const { return by_outputs ? blocks * (task + 1) / tasks : blocks; }
};

// What a gradient of weights is made of, and where the values at the points of some tiles are kept.
struct Change {
  const float *x, *dy;
  Image in, out;
  Tiles tiles;
  Sizes low;
  std::vector<float> zeros;
  Values values, others;

  void to_points(int64_t first, int64_t count, int64_t start, int64_t end, float* from, float* other) const {
    for (int64_t t = 0; t < count; ++t) {
      const int64_t image = tiles.image(first + t), top = tiles.y(first + t), left = tiles.x(first + t);
      lamina::to_points<InputToPoints>(x, in, image, top - low[0], left - low[1], zeros.data(), 0, in.channels, values,
                                       from + t * values.row);
      lamina::to_points<ChangeToPoints>(dy, out, image, top, left, zeros.data(), start, end, others,
                                        other + t * others.row);
    }
  }
};

void weight_gradient(const Call& call) {
  const Buffer x = call.operand(0), dy = call.operand(1), dw = call.result();
  const Sizes xs = x.dimensions, ds = dy.dimensions;
  const int64_t c = xs[3], o = ds[3];
  const Blocks blocks(o, kLanes, kMostVectors);
  // the more weights, the more tiles are summed each time that a sum is read and written
  const int64_t together = (c * o / (c + o) < kManyTogether ? 2 : 4) * kTogether;
  const Change change{static_cast<const float*>(x.data), static_cast<const float*>(dy.data), {xs[1], xs[2], c},
                      {ds[1], ds[2], o}, {xs[0], ds[1], ds[2]}, call.sizes("low"),
                      std::vector<float>(std::max(c, o), 0.f), {together, c}, {together, blocks.width}};
  const int64_t tiles = change.tiles.count();
  const Cut cut(call.threads, (tiles + together - 1) / together, blocks, c, o);
  const Sums sums(c, blocks.width, cut.by_outputs ? 1 : cut.tasks);
  ParallelFor(call.threads, int(cut.tasks), [&](int task) {
    auto* from = static_cast<float*>(scratch(0, change.values.size() * sizeof(float)));
    auto* other = static_cast<float*>(scratch(1, change.others.size() * sizeof(float)));
    std::memset(other, 0, change.others.size() * sizeof(float));  // beyond the last output: read, and count nothing
    const int64_t first_block = cut.first_block(task), last_block = cut.last_block(task);
    const int64_t start = blocks.start[first_block], end = last_block < cut.blocks ? blocks.start[last_block] : o;
    const int64_t first_chunk = cut.first_chunk(task), last_chunk = cut.last_chunk(task);
    for (int64_t chunk = first_chunk; chunk < last_chunk; ++chunk) {
      const int64_t first = chunk * together, count = std::min(together, tiles - first);
      change.to_points(first, count, start, end, from, other);
      for (int i = 0; i < kPoints; ++i)
        for (int64_t k = first_block; k < last_block; ++k) {
          const Pairs<float> pairs{from + i * change.values.point, other + i * change.others.point + blocks.start[k],
                                   1, 1, count, 0, 0, change.values.row, 0, change.others.row};
          float* own = sums.at(cut.by_outputs ? 0 : task, i) + blocks.start[k];
          with_vectors(blocks.vectors[k], [&](auto vectors) {
            constexpr int V = decltype(vectors)::value;
            if (chunk == first_chunk)
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

extern "C" XLA_FFI_Error* winograd_f32(XLA_FFI_CallFrame* frame) { return lamina::handle(frame, lamina::forward); }
extern "C" XLA_FFI_Error* winograd_input_gradient_f32(XLA_FFI_CallFrame* frame) {
  return lamina::handle(frame, lamina::input_gradient);
}
extern "C" XLA_FFI_Error* winograd_weight_gradient_f32(XLA_FFI_CallFrame* frame) {
  return lamina::handle(frame, lamina::weight_gradient);
}
