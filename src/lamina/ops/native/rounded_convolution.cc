// Two-dimensional convolution with one position a step and the gradient of its weights, whose operands are rounded to bfloat16
// and whose sums are float32.
//
// How it works: an image is rounded once, into zero-padded memory, positions in reading order. There a tap of the kernel
// is a constant distance, so that 16 neighboring positions and 32 of their channels are a tile that AMX reads in
// place, for every tap and without copying windows; the sums of positions that lie in the padding are dropped.
// For the gradient of the weights the sum runs over positions: the image is transposed, so that a tap is a shift of each
// channel's line. That of the input is a convolution again, with the taps in reverse.

#include "bfloat_tiles.h"
#include "padding.h"
#include "parallel.h"

#if defined(__AVX512BF16__)

#include <algorithm>

namespace lamina {
namespace {

constexpr int64_t kBlock = 2 * kTile;
constexpr int64_t kChunkBytes = 512 << 10;  // of rounded images of a weight gradient: half of a second-level cache

int64_t tiles_of(int64_t size, int64_t tile) { return (size + tile - 1) / tile; }

// Two rows of tiles of the left side, `left_row` bytes from one row to the next, by two tiles of the right side.
struct Operands {
  const char* left;
  int64_t left_row;
  const uint32_t *right, *beside;
};

#if defined(LAMINA_AMX)
struct Amx : TileRegisters {
  // sums[32][32], or [32][16], += Σ left · right over the operands that next(i) gives.
  template <bool kWide, class Next>
  static void add(int64_t count, const Next& next, float* sums, int64_t step, bool is_first) {
    __asm__ volatile("" ::: "memory");  // instructions that load tiles do not say what they read
    if (is_first) {
      _tile_zero(0);
      _tile_zero(1);
      _tile_zero(2);
      _tile_zero(3);
    } else {
      _tile_loadd(0, sums, step * 4);
      _tile_loadd(2, sums + kTile * step, step * 4);
      if (kWide) _tile_loadd(1, sums + kTile, step * 4);
      if (kWide) _tile_loadd(3, sums + kTile * step + kTile, step * 4);
    }
    for (int64_t i = 0; i < count; ++i) {
      const Operands of = next(i);
      _tile_loadd(4, of.left, of.left_row);
      _tile_loadd(6, of.right, 64);
      _tile_dpbf16ps(0, 4, 6);
      if (kWide) _tile_loadd(7, of.beside, 64);
      if (kWide) _tile_dpbf16ps(1, 4, 7);
      _tile_loadd(5, of.left + kTile * of.left_row, of.left_row);
      _tile_dpbf16ps(2, 5, 6);
      if (kWide) _tile_dpbf16ps(3, 5, 7);
    }
    _tile_stored(0, sums, step * 4);
    _tile_stored(2, sums + kTile * step, step * 4);
    if (kWide) _tile_stored(1, sums + kTile, step * 4);
    if (kWide) _tile_stored(3, sums + kTile * step + kTile, step * 4);
  }
};
#endif

// The same a row at a time: eight rows of two vectors of sums stay in registers.
struct Avx {
  template <bool kWide, class Next>
  static void add(int64_t count, const Next& next, float* sums, int64_t step, bool is_first) {
    constexpr int kRows = 8, kColumns = kWide ? 2 : 1;
    for (int64_t top = 0; top < kBlock; top += kRows) {
      __m512 found[kRows][kColumns];
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 2
        for (int c = 0; c < kColumns; ++c)
          found[r][c] = is_first ? _mm512_setzero_ps() : _mm512_loadu_ps(sums + (top + r) * step + c * kTile);
      for (int64_t i = 0; i < count; ++i) {
        const Operands of = next(i);
        for (int64_t p = 0; p < kPairs; ++p) {
          __m512bh b[kColumns];
          b[0] = reinterpret_cast<__m512bh>(_mm512_loadu_si512(of.right + p * kTile));
          if constexpr (kWide) b[1] = reinterpret_cast<__m512bh>(_mm512_loadu_si512(of.beside + p * kTile));
#pragma GCC unroll 8
          for (int r = 0; r < kRows; ++r) {
            int32_t word;
            std::memcpy(&word, of.left + (top + r) * of.left_row + p * 4, sizeof word);
            const auto a = reinterpret_cast<__m512bh>(_mm512_set1_epi32(word));
#pragma GCC unroll 2
            for (int c = 0; c < kColumns; ++c) found[r][c] = _mm512_dpbf16_ps(found[r][c], a, b[c]);
          }
        }
      }
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 2
        for (int c = 0; c < kColumns; ++c) _mm512_storeu_ps(sums + (top + r) * step + c * kTile, found[r][c]);
    }
  }
};

// Images of one side of a convolution, and how many taps there are; all strides are one.
struct Layout {
  Image image;      // as stored
  Padding padding;
  int64_t rows, columns;  // taps

  int64_t width() const { return image.width + padding.left + padding.right; }
  int64_t height() const { return image.height + padding.top + padding.bottom; }
  int64_t positions() const { return width() * height(); }
  int64_t out_width() const { return width() - columns + 1; }
  int64_t out_height() const { return height() - rows + 1; }
  int64_t taps() const { return rows * columns; }
  int64_t offset(int64_t tap) const { return tap / columns * width() + tap % columns; }
};

// One image, rounded, in zero-padded memory: positions × channels, the channels filled up to multiples of 32.
void round_image(const float* x, const Layout& layout, uint16_t* out) {
  const int64_t channels = layout.image.channels, deep = tiles_of(channels, kDeepTile) * kDeepTile;
  std::memset(out, 0, layout.positions() * deep * 2);
  for (int64_t row = 0; row < layout.image.height; ++row)
    for (int64_t column = 0; column < layout.image.width; ++column, x += channels) {
      uint16_t* to = out + ((row + layout.padding.top) * layout.width() + column + layout.padding.left) * deep;
      for (int64_t c = 0; c < channels; c += kTile) {
        const __mmask16 lanes = first_lanes(channels - c);
        const auto rounded = reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(lanes, x + c)));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + c), rounded);
      }
    }
}

// Weights as tiles of the right side: for each 16 outputs, each tap and each 32 inputs.
void pack_weights(const float* weight, int64_t outputs, int64_t inputs, int64_t taps, int64_t tile, uint32_t* packed) {
  const int64_t deep = tiles_of(inputs, kDeepTile);
  uint32_t* at = packed + tile * taps * deep * kTileWords;
  for (int64_t tap = 0; tap < taps; ++tap)
    for (int64_t d = 0; d < deep; ++d)
      for (int64_t p = 0; p < kPairs; ++p, at += kTile) {
        alignas(64) float pair[2][kTile];
        for (int64_t half = 0; half < 2; ++half)
          for (int64_t o = 0; o < kTile; ++o) {
            const int64_t input = d * kDeepTile + 2 * p + half, output = tile * kTile + o;
            pair[half][o] = input < inputs && output < outputs ? weight[(output * inputs + input) * taps + tap]
                                                                          : 0.f;
          }
        _mm512_storeu_si512(at, pairs_of(_mm512_load_ps(pair[0]), _mm512_load_ps(pair[1])));
      }
}

// All outputs of one image.
template <class Unit>
void convolve_image(const float* x, const Layout& layout, const uint32_t* weights, int64_t outputs, float* out) {
  const int64_t depth = tiles_of(layout.image.channels, kDeepTile), deep = depth * kDeepTile, taps = layout.taps();
  const int64_t width = layout.width(), wanted = (layout.out_height() - 1) * width + layout.out_width();
  const int64_t slack = kBlock + layout.offset(taps - 1);  // read by the last tiles, and dropped
  const int64_t numbers = (layout.positions() + slack) * deep;
  auto* image = static_cast<uint16_t*>(scratch(1, numbers * 2));
  round_image(x, layout, image);
  std::memset(image + layout.positions() * deep, 0, slack * deep * 2);
  const int64_t tiles = tiles_of(outputs, kTile), step = tiles * kTile;
  auto* sums = static_cast<float*>(scratch(2, kBlock * step * 4));
  for (int64_t first = 0; first < wanted; first += kBlock) {
    for (int64_t tile = 0; tile < tiles; tile += 2) {
      const uint32_t* right = weights + tile * taps * depth * kTileWords;
      const auto next = [&](int64_t i) {
        const auto* left = image + (first + layout.offset(i / depth)) * deep + i % depth * kDeepTile;
        return Operands{reinterpret_cast<const char*>(left), deep * 2, right + i * kTileWords,
                        right + (taps * depth + i) * kTileWords};
      };
      if (tile + 1 < tiles) Unit::template add<true>(taps * depth, next, sums + tile * kTile, step, true);
      else Unit::template add<false>(taps * depth, next, sums + tile * kTile, step, true);
    }
    for (int64_t p = first; p < std::min(first + kBlock, wanted); ++p) {
      const int64_t row = p / width, column = p % width;
      if (column >= layout.out_width()) continue;
      std::memcpy(out + (row * layout.out_width() + column) * outputs, sums + (p - first) * step, outputs * 4);
    }
  }
}

// Images × positions × outputs = images convolved with weights (outputs, inputs, taps).
void convolve(const Threads& threads, const float* x, const Layout& layout, int64_t batch, const float* weight,
              int64_t outputs, float* out, [[maybe_unused]] bool tiled) {
  const int64_t inputs = layout.image.channels, tiles = tiles_of(outputs, kTile);
  const int64_t words = layout.taps() * tiles_of(inputs, kDeepTile) * kTileWords;
  auto* packed = static_cast<uint32_t*>(scratch(0, tiles * words * 4));
  ParallelFor(threads, int(tiles), [&](int tile) {
    pack_weights(weight, outputs, inputs, layout.taps(), tile, packed);
  });
  const int64_t size = layout.out_height() * layout.out_width() * outputs;
  const int64_t tasks = std::min(batch, fine_tasks(threads));
  ParallelFor(threads, int(tasks), [&](int task) {
    const auto images = [&](auto unit_is) {
      [[maybe_unused]] const decltype(unit_is) unit;
      for (int64_t b = batch * task / tasks; b < batch * (task + 1) / tasks; ++b)
        convolve_image<decltype(unit_is)>(x + b * layout.image.size(), layout, packed, outputs, out + b * size);
    };
#if defined(LAMINA_AMX)
    if (tiled && has_amx()) return images(Amx());
#endif
    images(Avx());
  });
}

// line[position] of each channel: images one after another in zero-padded memory, transposed and rounded.
void transpose_image(const float* x, const Layout& layout, int64_t step, uint16_t* lines) {
  const int64_t channels = layout.image.channels;
  for (int64_t row = 0; row < layout.image.height; ++row) {
    uint16_t* to = lines + (row + layout.padding.top) * layout.width() + layout.padding.left;
    for (int64_t column = 0; column < layout.image.width; ++column, x += channels)
      for (int64_t c = 0; c < channels; c += kTile) {
        alignas(32) uint16_t rounded[kTile];
        const int64_t count = std::min(kTile, channels - c);
        const __m512 numbers = _mm512_maskz_loadu_ps(first_lanes(count), x + c);
        _mm256_store_si256(reinterpret_cast<__m256i*>(rounded),
                           reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(numbers)));
        for (int64_t i = 0; i < count; ++i) to[(c + i) * step + column] = rounded[i];
      }
  }
}

// The change at padded positions as tiles of the right side: of each 32 positions, 16 outputs. Zero in the padding.
void pack_change(const float* change, const Layout& layout, int64_t images, int64_t outputs, int64_t depth,
                 uint32_t* packed) {
  const int64_t tiles = tiles_of(outputs, kTile), width = layout.width();
  const auto line = [&](int64_t position, int64_t tile) {
    const int64_t image = position / layout.positions(), row = position % layout.positions() / width;
    const int64_t column = position % width;
    if (image >= images || row >= layout.out_height() || column >= layout.out_width()) return _mm512_setzero_ps();
    const int64_t at = (image * layout.out_height() + row) * layout.out_width() + column;
    return _mm512_maskz_loadu_ps(first_lanes(outputs - tile * kTile), change + at * outputs + tile * kTile);
  };
  for (int64_t d = 0; d < depth; ++d)
    for (int64_t p = 0; p < kPairs; ++p)
      for (int64_t tile = 0; tile < tiles; ++tile) {
        const int64_t position = d * kDeepTile + 2 * p;
        uint32_t* to = packed + (tile * depth + d) * kTileWords + p * kTile;
        _mm512_storeu_si512(to, pairs_of(line(position, tile), line(position + 1, tile)));
      }
}

// sums[tap][input][output] of some images, inputs and outputs filled up to multiples of 32 and 16.
template <class Unit>
void add_weight_gradient(const float* x, const float* change, const Layout& layout, int64_t images, int64_t outputs,
                         float* sums, bool is_first) {
  const int64_t inputs = layout.image.channels, rows = tiles_of(inputs, kBlock) * kBlock, taps = layout.taps();
  const int64_t depth = tiles_of(images * layout.positions(), kDeepTile), tiles = tiles_of(outputs, kTile);
  // Numbers of a channel's line: an odd number of cache lines, so that lines of many channels don't share their places.
  const int64_t step = (tiles_of(depth * kDeepTile + layout.offset(taps - 1) + kDeepTile, kDeepTile) | 1) * kDeepTile;
  auto* lines = static_cast<uint16_t*>(scratch(1, rows * step * 2));
  auto* packed = static_cast<uint32_t*>(scratch(2, tiles * depth * kTileWords * 4));
  std::memset(lines, 0, rows * step * 2);
  for (int64_t i = 0; i < images; ++i)
    transpose_image(x + i * layout.image.size(), layout, step, lines + i * layout.positions());
  pack_change(change, layout, images, outputs, depth, packed);
  for (int64_t tap = 0; tap < taps; ++tap)
    for (int64_t row = 0; row < rows; row += kBlock)
      for (int64_t tile = 0; tile < tiles; tile += 2) {
        const uint16_t* left = lines + row * step + layout.offset(tap);
        const uint32_t* right = packed + tile * depth * kTileWords;
        const auto next = [&](int64_t i) {
          return Operands{reinterpret_cast<const char*>(left + i * kDeepTile), step * 2, right + i * kTileWords,
                          right + (depth + i) * kTileWords};
        };
        float* to = sums + (tap * rows + row) * tiles * kTile + tile * kTile;
        if (tile + 1 < tiles) Unit::template add<true>(depth, next, to, tiles * kTile, is_first);
        else Unit::template add<false>(depth, next, to, tiles * kTile, is_first);
      }
}

void weight_gradient(const Threads& threads, const float* x, const float* change, const Layout& layout, int64_t batch,
                     int64_t outputs, float* out, [[maybe_unused]] bool tiled) {
  const int64_t inputs = layout.image.channels, rows = tiles_of(inputs, kBlock) * kBlock;
  const int64_t columns = tiles_of(outputs, kTile) * kTile, size = layout.taps() * rows * columns;
  const int64_t bytes = layout.positions() * 2 * (rows + columns);
  const int64_t chunk = std::max<int64_t>(1, kChunkBytes / bytes);
  const int64_t tasks = std::min(tiles_of(batch, chunk), fine_tasks(threads));
  auto* sums = static_cast<float*>(scratch(0, tasks * size * 4));
  ParallelFor(threads, int(tasks), [&](int task) {
    const auto images = [&](auto unit_is) {
      [[maybe_unused]] const decltype(unit_is) unit;
      const int64_t begin = batch * task / tasks, end = batch * (task + 1) / tasks;
      for (int64_t b = begin; b < end; b += chunk)
        add_weight_gradient<decltype(unit_is)>(x + b * layout.image.size(),
                                               change + b * layout.out_height() * layout.out_width() * outputs, layout,
                                               std::min(chunk, end - b), outputs, sums + task * size, b == begin);
    };
#if defined(LAMINA_AMX)
    if (tiled && has_amx()) return images(Amx());
#endif
    images(Avx());
  });
  const int64_t lines = layout.taps() * inputs, parts = std::min(lines, fine_tasks(threads));
  ParallelFor(threads, int(parts), [&](int part) {
    auto* total = static_cast<float*>(scratch(1, columns * 4));
    for (int64_t line = lines * part / parts; line < lines * (part + 1) / parts; ++line) {
      const int64_t tap = line / inputs, i = line % inputs;
      const float* from = sums + (tap * rows + i) * columns;
      std::memcpy(total, from, columns * 4);
      for (int64_t t = 1; t < tasks; ++t)
        for (int64_t o = 0; o < columns; ++o) total[o] += from[t * size + o];
      for (int64_t o = 0; o < outputs; ++o) out[(o * inputs + i) * layout.taps() + tap] = total[o];
    }
  });
}

Layout layout_of(const Call& call, const Buffer& x, int64_t rows, int64_t columns) {
  const Sizes low = call.sizes("low"), high = call.sizes("high"), d = x.dimensions;
  return {{d[1], d[2], d[3]}, {low[0], low[1], high[0], high[1]}, rows, columns};
}

const float* numbers(const Buffer& of) { return static_cast<const float*>(of.data); }

// Operands: x, weights (outputs, inputs, rows, columns).
void rounded_convolution(const Call& call) {
  const Buffer x = call.operand(0), weight = call.operand(1), out = call.result();
  const Sizes w = weight.dimensions;
  convolve(call.threads, numbers(x), layout_of(call, x, w[2], w[3]), x.dimensions[0], numbers(weight), w[0],
           static_cast<float*>(out.data), call.sizes("tiled")[0] != 0);
}

// Operands: x, the gradient of the outputs.
void rounded_convolution_weight_gradient(const Call& call) {
  const Buffer x = call.operand(0), change = call.operand(1), out = call.result();
  const Sizes w = out.dimensions;
  weight_gradient(call.threads, numbers(x), numbers(change), layout_of(call, x, w[2], w[3]), x.dimensions[0], w[0],
                  static_cast<float*>(out.data), call.sizes("tiled")[0] != 0);
}

}  // namespace
}  // namespace lamina

extern "C" XLA_FFI_Error* rounded_convolution_f32(XLA_FFI_CallFrame* frame) {
  return lamina::handle(frame, lamina::rounded_convolution);
}
extern "C" XLA_FFI_Error* rounded_convolution_weight_gradient_f32(XLA_FFI_CallFrame* frame) {
  return lamina::handle(frame, lamina::rounded_convolution_weight_gradient);
}

#endif
