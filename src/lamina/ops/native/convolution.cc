// Two-dimensional convolution and its two gradients, channels last, weights (out, in, y, x).
//
// Each image is copied into zero-padded memory that stays in the second-level cache; then every output
// position is a sum over a few contiguous runs of it (channels and horizontal taps are adjacent), so that
// output, input's and weights' gradient are the same register-blocked products of `tiles.h`.
// References: Georganas et al. Anatomy of high-performance deep learning convolutions on SIMD architectures.
// SC 2018; Goto, van de Geijn. Anatomy of high-performance matrix multiplication. ACM TOMS 2008.

#include "padding.h"
#include "parallel.h"
#include "tiles.h"

namespace lamina {
namespace {

constexpr int64_t kChunkBytes = 256 << 10;  // of images that are taken together
constexpr int64_t kTail = 64;                // zeros behind an image that may be read

int64_t floor_divide(int64_t a, int64_t b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }
int64_t words(int64_t elements, int64_t in_a_word) { return (elements + in_a_word - 1) / in_a_word; }

// One set of output positions with the runs and weights they share. A strided convolution's input
// gradient has one phase for each remainder of the stride, everything else has one in all.
template <class K>
struct Phase {
  std::vector<Run> runs;
  std::vector<typename K::Word> weights;
  std::vector<int64_t> at;  // of each block in weights
  int64_t rows, columns, out_start, in_row, in_column, out_row, out_column;
};

// Put weights into the order in which the tiles read them. `sources` says for each element of each row
// where the weight of output 0 lies (-1: nowhere, a zero), `step` how far the next output is.
template <class K>
void pack(const Threads& threads, Phase<K>& phase, const Blocks& blocks, int64_t outputs,
          const typename K::Element* weight, const std::vector<int64_t>& sources, int64_t step) {
  const int64_t rows = int64_t(sources.size()) / K::kElements;
  phase.weights.resize(rows * blocks.width);
  for (size_t k = 0; k < blocks.count(); ++k) phase.at.push_back(rows * blocks.start[k]);
  const auto element = [&](int64_t source, int64_t o) {
    return source < 0 ? typename K::Element(0) : weight[source + o * step];
  };
  const int tasks = int(std::max<int64_t>(1, std::min<int64_t>(threads.count(), rows * outputs / 65536)));
  ParallelFor(threads, tasks, [&](int task) {
    for (size_t k = 0; k < blocks.count(); ++k) {
      const int64_t lanes = blocks.vectors[k] * kLanes, first = blocks.start[k];
      const int64_t count = std::min(outputs - first, lanes);
      for (int64_t row = rows * task / tasks; row < rows * (task + 1) / tasks; ++row) {
        auto* line = phase.weights.data() + phase.at[k] + row * lanes;
        const int64_t one = sources[row * K::kElements], other = sources[(row + 1) * K::kElements - 1];
        for (int64_t o = 0; o < count; ++o) line[o] = K::word(element(one, first + o), element(other, first + o));
        std::fill(line + count, line + lanes, 0);
      }
    }
  });
}

template <class K>
void correlate(const Threads& threads, const typename K::Element* x, typename K::Element* y, int64_t batch,
               Image in, Padding padding, int64_t out_size, int64_t outputs, const Blocks& blocks,
               const std::vector<Phase<K>>& phases) {
  using Element = typename K::Element;
  const int64_t workers = threads.count(), rows = phases[0].rows;
  // of few images each is cut into slices of rows
  const int64_t slices = batch >= 2 * workers ? 1 : std::min(rows, (2 * workers + batch - 1) / batch);
  const int64_t items = batch * slices;
  const int tasks = int(std::max<int64_t>(1, std::min(slices > 1 ? items : fine_tasks(threads), items)));
  const int64_t positions = (in.height + padding.top + padding.bottom) * (in.width + padding.left + padding.right);
  const bool is_padded = !padding.empty() || in.channels % K::kElements;
  const int64_t room = positions * in.channels + kTail;  // of one padded image
  const int64_t most = slices > 1 ? 1 : std::max<int64_t>(1, kChunkBytes / int64_t(sizeof(Element)) / room);
  ParallelFor(threads, tasks, [&](int task) {
    const int64_t end = items * (task + 1) / tasks;
    for (int64_t first = items * task / tasks; first < end; first += most) {
      const int64_t count = std::min(most, end - first), slice = first % slices;
      const Element* images = x + first / slices * in.size();
      if (is_padded) {
        auto* copies = static_cast<Element*>(scratch(0, count * room * sizeof(Element)));
        for (int64_t i = 0; i < count; ++i) {
          pad(images + i * in.size(), in, padding, copies + i * room);
          std::memset(copies + (i + 1) * room - kTail, 0, kTail * sizeof(Element));
        }
        images = copies;
      }
      for (const Phase<K>& phase : phases) {
        const int64_t top = phase.rows * slice / slices, bottom = phase.rows * (slice + 1) / slices;
        for (size_t k = 0; k < blocks.count(); ++k)  // the weights of a block serve all images of the chunk
          for (int64_t i = 0; i < count; ++i) {
            const Grid<Element> grid{images + i * (is_padded ? room : in.size()) + top * phase.in_row,
                                     y + (first / slices + i) * out_size + phase.out_start + top * phase.out_row,
                                     bottom - top, phase.columns,
                                     phase.in_row, phase.in_column, phase.out_row, phase.out_column};
            with_vectors(blocks.vectors[k], [&](auto vectors) {
              constexpr int V = decltype(vectors)::value;
              fill<K, V>(grid, phase.runs.data(), int(phase.runs.size()), phase.weights.data() + phase.at[k],
                         blocks.start[k], std::min<int64_t>(outputs - blocks.start[k], V * kLanes));
            });
          }
      }
    }
  });
}

template <class K>
void forward(const Call& call) {
  using Element = typename K::Element;
  const Buffer x = call.operand(0), weight = call.operand(1), y = call.result();
  const Sizes stride = call.sizes("stride"), low = call.sizes("low"), high = call.sizes("high");
  const Sizes dilation = call.sizes("dilation"), xs = x.dimensions, ws = weight.dimensions, ys = y.dimensions;
  const Image in{xs[1], xs[2], xs[3]};
  const Padding padding{low[0], low[1], high[0], high[1]};
  const int64_t outputs = ws[0], c = in.channels, ky = ws[2], kx = ws[3];
  const int64_t width = in.width + low[1] + high[1];
  const Blocks blocks(outputs, kLanes, kMostVectors);
  std::vector<Phase<K>> phases(1);
  Phase<K>& phase = phases[0];
  const bool neighbors = dilation[1] == 1;  // then a whole row of the kernel is one run
  const int64_t taps = neighbors ? 1 : kx, elements = neighbors ? kx * c : c;
  const int64_t length = words(elements, K::kElements);
  for (int64_t t = 0; t < ky * taps; ++t) {
    const int64_t offset = (t / taps) * dilation[0] * width + (t % taps) * dilation[1];
    phase.runs.push_back({offset * c, length, t * length});
  }
  std::vector<int64_t> sources;
  for (int64_t t = 0; t < ky * taps; ++t)
    for (int64_t e = 0; e < length * K::kElements; ++e) {
      const int64_t tap = neighbors ? t * kx + e / c : t;
      sources.push_back(e < elements ? e % c * ky * kx + tap : -1);
    }
  pack(call.threads, phase, blocks, outputs, reinterpret_cast<const Element*>(weight.data), sources,
       c * ky * kx);
  phase.rows = ys[1], phase.columns = ys[2], phase.out_start = 0;
  phase.in_row = stride[0] * width * c, phase.in_column = stride[1] * c;
  phase.out_row = ys[2] * outputs, phase.out_column = outputs;
  correlate<K>(call.threads, reinterpret_cast<const Element*>(x.data),
               reinterpret_cast<Element*>(y.data), xs[0], in, padding, ys[1] * ys[2] * outputs, outputs,
               blocks, phases);
}

// Where along one axis the gradient of the input at `remainder + q · stride` comes from: output q + shift
// through each tap, the nearest output first.
struct Tap {
  int64_t tap, shift;
};

std::vector<Tap> taps_of(int64_t remainder, int64_t kernel, int64_t stride, int64_t low, int64_t dilation) {
  std::vector<Tap> found;
  for (int64_t tap = kernel - 1; tap >= 0; --tap) {
    const int64_t at = remainder + low - tap * dilation;
    if (at - floor_divide(at, stride) * stride == 0) found.push_back({tap, floor_divide(at, stride)});
  }
  return found;
}

template <class K>
void input_gradient(const Call& call) {
  using Element = typename K::Element;
  const Buffer dy = call.operand(0), weight = call.operand(1), dx = call.result();
  const Sizes stride = call.sizes("stride"), low = call.sizes("low"), dilation = call.sizes("dilation");
  const Sizes ds = dy.dimensions, ws = weight.dimensions, xs = dx.dimensions;
  const Image in{ds[1], ds[2], ds[3]};
  const int64_t height = xs[1], width = xs[2], c = ws[1], o = in.channels;
  const auto before = [&](int axis) {
    return std::max<int64_t>(0, -floor_divide(low[axis] - (ws[2 + axis] - 1) * dilation[axis], stride[axis]));
  };
  const auto behind = [&](int axis, int64_t size, int64_t outputs) {
    return std::max<int64_t>(0, floor_divide(size - 1 + low[axis], stride[axis]) - (outputs - 1));
  };
  const Padding padding{before(0), before(1), behind(0, height, in.height), behind(1, width, in.width)};
  const int64_t columns = in.width + padding.left + padding.right;
  const Blocks blocks(c, kLanes, kMostVectors);
  const int64_t length = words(o, K::kElements);
  std::vector<Phase<K>> phases;
  for (int64_t ry = 0; ry < std::min(stride[0], height); ++ry)
    for (int64_t rx = 0; rx < std::min(stride[1], width); ++rx) {
      const auto ys = taps_of(ry, ws[2], stride[0], low[0], dilation[0]);
      const auto xs_ = taps_of(rx, ws[3], stride[1], low[1], dilation[1]);
      Phase<K> phase;
      std::vector<int64_t> sources;
      for (const Tap& y : ys)
        for (const Tap& x : xs_) {
          const int64_t offset = ((y.shift + padding.top) * columns + x.shift + padding.left) * o;
          const int64_t row = int64_t(sources.size()) / K::kElements;
          const bool follows = !phase.runs.empty() && o % K::kElements == 0 &&
                               phase.runs.back().offset + phase.runs.back().length * K::kElements == offset;
          if (follows) phase.runs.back().length += length;
          else phase.runs.push_back({offset, length, row});
          for (int64_t e = 0; e < length * K::kElements; ++e)
            sources.push_back(e < o ? e * c * ws[2] * ws[3] + y.tap * ws[3] + x.tap : -1);
        }
      pack(call.threads, phase, blocks, c, reinterpret_cast<const Element*>(weight.data), sources,
           ws[2] * ws[3]);
      phase.rows = (height - ry + stride[0] - 1) / stride[0];
      phase.columns = (width - rx + stride[1] - 1) / stride[1];
      phase.out_start = (ry * width + rx) * c;
      phase.in_row = columns * o, phase.in_column = o;
      phase.out_row = stride[0] * width * c, phase.out_column = stride[1] * c;
      phases.push_back(std::move(phase));
    }
  correlate<K>(call.threads, reinterpret_cast<const Element*>(dy.data),
               reinterpret_cast<Element*>(dx.data), ds[0], in, padding, height * width * c, c, blocks,
               phases);
}

// Images and gradients as words: for bfloat16 each with its right neighbor, `step` pixels away.
template <class K>
void pair_up(const typename K::Element* x, int64_t rows, int64_t columns, int64_t channels, int64_t width,
             int64_t step, int64_t skip, typename K::Word* out) {
  const int64_t count = (columns + skip - 1) / skip;
  for (int64_t y = 0; y < rows; ++y)
    for (int64_t i = 0; i < count; ++i) {
      const auto* here = x + (y * columns + i * skip) * channels;
      auto* to = out + (y * count + i) * width;
      const bool is_last = i * skip + step >= columns;
      for (int64_t c = 0; c < channels; ++c) to[c] = K::word(here[c], is_last ? 0 : here[step * channels + c]);
      std::memset(to + channels, 0, (width - channels) * sizeof *to);
    }
}

template <class K>
void weight_gradient(const Call& call) {
  using Element = typename K::Element;
  using Word = typename K::Word;
  const Buffer x = call.operand(0), dy = call.operand(1), dw = call.result();
  const Sizes stride = call.sizes("stride"), low = call.sizes("low"), high = call.sizes("high");
  const Sizes dilation = call.sizes("dilation"), xs = x.dimensions, ds = dy.dimensions, ws = dw.dimensions;
  const Image in{xs[1], xs[2], xs[3]}, out{ds[1], ds[2], ds[3]};
  const Padding padding{low[0], low[1], high[0], high[1]};
  const int64_t c = in.channels, o = out.channels, ky = ws[2], kx = ws[3];
  const int64_t height = in.height + low[0] + high[0], width = in.width + low[1] + high[1];
  const Blocks blocks(o, kLanes, kMostVectors);
  const int64_t rows = ky * kx * c, batch = xs[0];
  const int64_t columns = words(out.width, K::kElements);  // pairs of positions, for bfloat16
  const int64_t in_size = height * width * c, other_size = out.height * columns * blocks.width;
  const int64_t chunk = std::max<int64_t>(1, kChunkBytes / int64_t(sizeof(Word)) / (in_size + other_size));
  const int tasks = int(std::max<int64_t>(1, std::min<int64_t>(call.threads.count(), batch)));
  std::vector<float> sums(size_t(tasks) * rows * blocks.width, 0.f);
  const bool neighbors = dilation[1] == 1;
  const int64_t taps = neighbors ? 1 : kx, length = neighbors ? kx * c : c;
  ParallelFor(call.threads, tasks, [&](int task) {
    float* own = sums.data() + task * rows * blocks.width;
    const int64_t end = batch * (task + 1) / tasks;
    for (int64_t first = batch * task / tasks; first < end; first += chunk) {
      const int64_t images = std::min(chunk, end - first);
      auto* from = static_cast<Word*>(scratch(0, (images * in_size + 64) * sizeof(Word)));
      auto* other = static_cast<Word*>(scratch(1, images * other_size * sizeof(Word)));
      auto* padded = static_cast<Element*>(scratch(2, in_size * sizeof(Element)));
      for (int64_t b = 0; b < images; ++b) {
        const auto* image = reinterpret_cast<const Element*>(x.data) + (first + b) * in.size();
        const auto* change = reinterpret_cast<const Element*>(dy.data) + (first + b) * out.size();
        if constexpr (K::kElements == 1) {
          pad(image, in, padding, from + b * in_size);
        } else {
          pad(image, in, padding, padded);
          pair_up<K>(padded, height, width, c, c, stride[1], 1, from + b * in_size);
        }
        pair_up<K>(change, out.height, out.width, o, blocks.width, 1, K::kElements, other + b * other_size);
      }
      for (size_t k = 0; k < blocks.count(); ++k)
        for (int64_t t = 0; t < ky * taps; ++t) {
          const int64_t offset = (t / taps) * dilation[0] * width + (t % taps) * dilation[1];
          const Pairs<Word> pairs{from + offset * c, other + blocks.start[k], images, out.height, columns,
                                  in_size, stride[0] * width * c, K::kElements * stride[1] * c, other_size,
                                  blocks.width};
          with_vectors(blocks.vectors[k], [&](auto vectors) {
            float* to = own + t * length * blocks.width + blocks.start[k];
            accumulate_all<K, decltype(vectors)::value>(pairs, length, to, blocks.width);
          });
        }
    }
  });
  auto* result = reinterpret_cast<Element*>(dw.data);
  const int64_t all = rows * blocks.width;
  ParallelFor(call.threads, tasks, [&](int task) {  // each writes the weights of some outputs
    const int64_t end = o * (task + 1) / tasks;
    for (int64_t t = 0; t < ky * kx; ++t)
      for (int64_t j = 0; j < c; ++j)
        for (int64_t i = o * task / tasks; i < end; ++i) {
          const float* sum = sums.data() + (t * c + j) * blocks.width + i;
          float total = *sum;
          for (int other = 1; other < tasks; ++other) total += sum[other * all];
          result[(i * c + j) * ky * kx + t] = K::narrow(total);
        }
  });
}

}  // namespace
}  // namespace lamina

#define LAMINA_CONVOLUTION(suffix, Kind)                                                       \
  extern "C" XLA_FFI_Error* convolution_##suffix(XLA_FFI_CallFrame* frame) {                   \
    return lamina::handle(frame, lamina::forward<lamina::Kind>);                               \
  }                                                                                            \
  extern "C" XLA_FFI_Error* convolution_input_gradient_##suffix(XLA_FFI_CallFrame* frame) {    \
    return lamina::handle(frame, lamina::input_gradient<lamina::Kind>);                        \
  }                                                                                            \
  extern "C" XLA_FFI_Error* convolution_weight_gradient_##suffix(XLA_FFI_CallFrame* frame) {   \
    return lamina::handle(frame, lamina::weight_gradient<lamina::Kind>);                       \
  }

LAMINA_CONVOLUTION(f32, Float)
#if defined(__AVX512BF16__)
LAMINA_CONVOLUTION(bf16, BFloat16)
#endif
