// Products whose operands are rounded to bfloat16 and whose sums are float32, for one large matrix at a time: out =
// relu(bias + left · right), each side as stored or transposed, and the weight gradient with the bias gradient.
//
// How it works: both sides are packed into tiles of 1 KiB while they are rounded. A tile of the left side is 16 rows of
// 32 neighboring numbers of the sum; a tile of the right side is 16 rows of 16 columns, each word a pair of numbers of
// the sum. AMX multiplies two such tiles by one instruction and adds 16 × 16 sums; four tiles of sums stay in
// registers. Without AMX the same tiles are multiplied a row at a time by AVX512-BF16, which multiplies pairs too.
// Reference: Intel. 64 and IA-32 architectures optimization reference manual, chapter "Intel AMX". 2023.

#include "bfloat_tiles.h"
#include "parallel.h"
#include "products.h"

#if defined(__AVX512BF16__)

namespace lamina {
namespace {

constexpr int64_t kBlock = 2 * kTile;         // rows, and columns, of the sums that stay in registers
constexpr int64_t kDeepTiles = 16;            // tiles of the sum at a time, so that a block's left side stays in L1
constexpr int64_t kBlocksTogether = 8;        // blocks of rows that are packed together

int64_t tiles_of(int64_t size, int64_t tile) { return (size + tile - 1) / tile; }

// tile[p][l] = the pair of lines[l] at 2p and 2p + 1, where the numbers of one position of the sum are adjacent; zeros
// beyond `lines` and `depth`. Adds them up over the sum, for each line, where asked.
void pack_across(const float* from, int64_t step, int64_t lines, int64_t depth, uint32_t* tile, __m512* sum) {
  const __mmask16 lanes = first_lanes(lines);
  const auto line = [&](int64_t i) {
    return i < depth ? _mm512_maskz_loadu_ps(lanes, from + i * step) : _mm512_setzero_ps();
  };
  for (int64_t p = 0; p < kPairs; ++p) {
    const __m512 first = line(2 * p), second = line(2 * p + 1);
    if (sum != nullptr) *sum = _mm512_add_ps(*sum, _mm512_add_ps(first, second));
    _mm512_storeu_si512(tile + p * kTile, pairs_of(first, second));
  }
}

// tile[l][p] = the same, where the numbers of one line are adjacent.
void pack_along(const float* from, int64_t step, int64_t lines, int64_t depth, uint32_t* tile) {
  const __mmask16 low = first_lanes(depth), high = first_lanes(depth - kPairs);
  for (int64_t l = 0; l < kTile; ++l) {
    __m512 first = _mm512_setzero_ps(), second = first;
    if (l < lines) {
      first = _mm512_maskz_loadu_ps(low, from + l * step);
      second = _mm512_maskz_loadu_ps(high, from + l * step + kPairs);
    }
    _mm512_storeu_si512(tile + l * kPairs, reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(second, first)));
  }
}

void transpose_tile(uint32_t* tile) {
  alignas(64) uint32_t kept[kTileWords];
  std::memcpy(kept, tile, sizeof kept);
  transpose(reinterpret_cast<const float*>(kept), kPairs, reinterpret_cast<float*>(tile), kPairs);
}

// A tile of the left side: rows from `top`, numbers of the sum from `deep`.
void pack_left(const Matrix& left, const Shape& shape, int64_t top, int64_t deep, uint32_t* tile, __m512* sum) {
  const float* from = left.data + top * left.row + deep * left.column;
  if (left.column == 1) return pack_along(from, left.row, shape.m - top, shape.k - deep, tile);
  pack_across(from, left.column, shape.m - top, shape.k - deep, tile, sum);
  transpose_tile(tile);
}

void pack_right(const Matrix& right, const Shape& shape, int64_t column, int64_t deep, uint32_t* tile) {
  const float* from = right.data + deep * right.row + column * right.column;
  if (right.column == 1) return pack_across(from, right.row, shape.n - column, shape.k - deep, tile, nullptr);
  pack_along(from, right.column, shape.n - column, shape.k - deep, tile);
  transpose_tile(tile);
}

// What a block of sums is computed from: tiles of the left side, `left_step` words from one row of tiles to the next,
// and of the right side; `count` tiles of the sum.
struct Operands {
  const uint32_t *left, *right;
  int64_t left_step, right_step, count;
};

#if defined(LAMINA_AMX)
// sums[R·16][C·16] = begin + left · right, for R, C of one or two.
template <int R, int C>
void multiply_tiles(const Operands& of, const float* begin, int64_t begin_step, float* sums, int64_t step) {
  const auto at = [&](int64_t row, int64_t column) { return begin + row * kTile * begin_step + column * kTile; };
  _tile_loadd(0, at(0, 0), begin_step * 4);
  if (C > 1) _tile_loadd(1, at(0, 1), begin_step * 4);
  if (R > 1) _tile_loadd(2, at(1, 0), begin_step * 4);
  if (R > 1 && C > 1) _tile_loadd(3, at(1, 1), begin_step * 4);
  const uint32_t *left = of.left, *right = of.right;
  for (int64_t i = 0; i < of.count; ++i, left += kTileWords, right += kTileWords) {
    _tile_loadd(4, left, 64);
    _tile_loadd(6, right, 64);
    _tile_dpbf16ps(0, 4, 6);
    if (C > 1) {
      _tile_loadd(7, right + of.right_step, 64);
      _tile_dpbf16ps(1, 4, 7);
    }
    if (R > 1) {
      _tile_loadd(5, left + of.left_step, 64);
      _tile_dpbf16ps(2, 5, 6);
      if (C > 1) _tile_dpbf16ps(3, 5, 7);
    }
  }
  _tile_stored(0, sums, step * 4);
  if (C > 1) _tile_stored(1, sums + kTile, step * 4);
  if (R > 1) _tile_stored(2, sums + kTile * step, step * 4);
  if (R > 1 && C > 1) _tile_stored(3, sums + kTile * step + kTile, step * 4);
}

struct Amx : TileRegisters {
  static void multiply(const Operands& of, int rows, int columns, const float* begin, int64_t begin_step, float* sums,
                       int64_t step) {
    const auto chosen = rows > 1 ? columns > 1 ? multiply_tiles<2, 2> : multiply_tiles<2, 1>
                                 : columns > 1 ? multiply_tiles<1, 2> : multiply_tiles<1, 1>;
    chosen(of, begin, begin_step, sums, step);
  }
};
#endif

// The same a row at a time: eight rows of two vectors of sums stay in registers.
struct Avx {
  static constexpr int kRowsTogether = 8;

  template <int C>
  static void multiply_rows(const Operands& of, const float* begin, int64_t begin_step, float* sums, int64_t step) {
    __m512 found[kRowsTogether][C];
#pragma GCC unroll 8
    for (int r = 0; r < kRowsTogether; ++r)
#pragma GCC unroll 2
      for (int c = 0; c < C; ++c) found[r][c] = _mm512_loadu_ps(begin + r * begin_step + c * kTile);
    const uint32_t *left = of.left, *right = of.right;
    for (int64_t i = 0; i < of.count; ++i, left += kTileWords, right += kTileWords)
      for (int64_t p = 0; p < kPairs; ++p) {
        __m512bh b[C];
#pragma GCC unroll 2
        for (int c = 0; c < C; ++c)
          b[c] = reinterpret_cast<__m512bh>(_mm512_loadu_si512(right + c * of.right_step + p * kTile));
#pragma GCC unroll 8
        for (int r = 0; r < kRowsTogether; ++r) {
          const auto a = reinterpret_cast<__m512bh>(_mm512_set1_epi32(int32_t(left[r * kPairs + p])));
#pragma GCC unroll 2
          for (int c = 0; c < C; ++c) found[r][c] = _mm512_dpbf16_ps(found[r][c], a, b[c]);
        }
      }
#pragma GCC unroll 8
    for (int r = 0; r < kRowsTogether; ++r)
#pragma GCC unroll 2
      for (int c = 0; c < C; ++c) _mm512_storeu_ps(sums + r * step + c * kTile, found[r][c]);
  }

  static void multiply(const Operands& of, int rows, int columns, const float* begin, int64_t begin_step, float* sums,
                       int64_t step) {
    for (int64_t r = 0; r < rows * kTile; r += kRowsTogether) {
      Operands part = of;
      part.left += r / kTile * of.left_step + r % kTile * kPairs;
      (columns > 1 ? multiply_rows<2> : multiply_rows<1>)(part, begin + r * begin_step, begin_step, sums + r * step,
                                                          step);
    }
  }
};

// A product with all of its right side packed.
struct Rounded {
  Product of;
  Shape shape;
  const uint32_t* right;  // of each column of tiles all tiles of the sum
  float* row_sums;        // of the left side, or nullptr

  int64_t depth() const { return tiles_of(shape.k, kDeepTile); }

  // Sums that begin with the bias, with zeros, or with what was computed before; edges are computed aside.
  template <class Unit>
  void block(const Operands& operands, int64_t top, int64_t column, bool is_first) const {
    const int64_t rows = std::min(kBlock, shape.m - top), columns = std::min(kBlock, shape.n - column);
    const int high = rows > kTile ? 2 : 1, wide = columns > kTile ? 2 : 1;
    float* out = of.out.data + top * of.out.row + column;
    const bool is_whole = rows == high * kTile && columns == wide * kTile;
    alignas(64) float kept[kBlock * kBlock], first[kBlock] = {};
    if (!is_first && is_whole) return Unit::multiply(operands, high, wide, out, of.out.row, out, of.out.row);
    if (is_first) {
      if (of.epilogue.bias != nullptr) std::memcpy(first, of.epilogue.bias + column, columns * sizeof(float));
      Unit::multiply(operands, high, wide, first, 0, is_whole ? out : kept, is_whole ? of.out.row : kBlock);
      if (is_whole) return;
    } else {
      std::memset(kept, 0, sizeof kept);
      for (int64_t r = 0; r < rows; ++r) std::memcpy(kept + r * kBlock, out + r * of.out.row, columns * sizeof(float));
      Unit::multiply(operands, high, wide, kept, kBlock, kept, kBlock);
    }
    for (int64_t r = 0; r < rows; ++r) std::memcpy(out + r * of.out.row, kept + r * kBlock, columns * sizeof(float));
  }

  // Rows of tiles of the left side from `first` to `last`, packed for a part of the sum.
  void pack_rows(int64_t first, int64_t last, int64_t deep, int64_t count, uint32_t* packed) const {
    for (int64_t row = first; row < last; ++row) {
      __m512 sum = _mm512_setzero_ps();
      for (int64_t i = 0; i < count; ++i, packed += kTileWords)
        pack_left(of.left, shape, row * kTile, (deep + i) * kDeepTile, packed, row_sums == nullptr ? nullptr : &sum);
      if (row_sums == nullptr) continue;
      const __mmask16 lanes = first_lanes(shape.m - row * kTile);
      float* at = row_sums + row * kTile;
      if (deep > 0) sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(lanes, at));
      _mm512_mask_storeu_ps(at, lanes, sum);
    }
  }

  void relu(int64_t top, int64_t bottom) const {
    for (int64_t r = top; r < std::min(bottom, shape.m); ++r) {
      float* row = of.out.data + r * of.out.row;
      for (int64_t c = 0; c < shape.n; ++c) row[c] = row[c] < 0.f ? 0.f : row[c];  // NaN stays NaN
    }
  }

  // All columns of some blocks of rows.
  template <class Unit>
  void rows(int64_t first_block, int64_t last_block) const {
    [[maybe_unused]] const Unit unit;
    auto* packed = static_cast<uint32_t*>(scratch(1, kBlocksTogether * 2 * kDeepTiles * kTileWords * 4));
    const int64_t all_rows = tiles_of(shape.m, kTile), depth = this->depth();
    for (int64_t begin = first_block; begin < last_block; begin += kBlocksTogether) {
      const int64_t end = std::min(last_block, begin + kBlocksTogether);
      for (int64_t deep = 0; deep < depth; deep += kDeepTiles) {
        const int64_t count = std::min(kDeepTiles, depth - deep);
        pack_rows(2 * begin, std::min(2 * end, all_rows), deep, count, packed);
        for (int64_t column = 0; column < shape.n; column += kBlock)
          for (int64_t block = begin; block < end; ++block) {
            const uint32_t* left = packed + (block - begin) * 2 * count * kTileWords;
            const uint32_t* beside = right + (column / kTile * depth + deep) * kTileWords;
            this->block<Unit>({left, beside, count * kTileWords, depth * kTileWords, count}, block * kBlock, column,
                              deep == 0);
          }
      }
      if (of.epilogue.relu) relu(begin * kBlock, end * kBlock);
    }
  }
};

// `tiled`: by AMX where there is some.
void multiply_rounded(const Threads& threads, const Product& of, const Shape& shape, float* row_sums,
                      [[maybe_unused]] bool tiled) {
  const int64_t depth = tiles_of(shape.k, kDeepTile), columns = tiles_of(shape.n, kTile);
  auto* right = static_cast<uint32_t*>(scratch(0, columns * depth * kTileWords * 4));
  const int64_t packs = std::min(columns * depth, fine_tasks(threads));
  ParallelFor(threads, int(packs), [&](int task) {
    for (int64_t at = columns * depth * task / packs; at < columns * depth * (task + 1) / packs; ++at)
      pack_right(of.right, shape, at / depth * kTile, at % depth * kDeepTile, right + at * kTileWords);
  });
  const Rounded work{of, shape, right, row_sums};
  const int64_t blocks = tiles_of(shape.m, kBlock), tasks = std::min(blocks, fine_tasks(threads));
  ParallelFor(threads, int(tasks), [&](int task) {
    const int64_t first = blocks * task / tasks, last = blocks * (task + 1) / tasks;
#if defined(LAMINA_AMX)
    if (tiled && has_amx()) return work.rows<Amx>(first, last);
#endif
    work.rows<Avx>(first, last);
  });
}

Matrix side(const Buffer& of, bool transposed) {
  const int64_t columns = of.dimensions[1];
  return transposed ? Matrix{static_cast<const float*>(of.data), 1, columns}
                    : Matrix{static_cast<const float*>(of.data), columns, 1};
}

Target target(const Buffer& of) { return {static_cast<float*>(of.data), of.dimensions[1]}; }

// Operands: left, right and, of a layer, the bias as one row.
void rounded_product(const Call& call) {
  const Buffer left = call.operand(0), right = call.operand(1), out = call.result();
  const Sizes transposed = call.sizes("transposed");
  const Shape shape{out.dimensions[0], left.dimensions[transposed[0] ? 0 : 1], out.dimensions[1]};
  const float* bias = call.operands() > 2 ? static_cast<const float*>(call.operand(2).data) : nullptr;
  const bool relu = call.sizes("relu")[0] != 0;
  multiply_rounded(call.threads, {side(left, transposed[0]), side(right, transposed[1]), {bias, relu}, target(out)},
                   shape, nullptr, call.sizes("tiled")[0] != 0);
}

// Operands: change, x; results: the gradients of W and, as one row, of b.
void rounded_weight_gradient(const Call& call) {
  const Buffer change = call.operand(0), x = call.operand(1), out = call.result(0);
  const Shape shape{out.dimensions[0], x.dimensions[0], out.dimensions[1]};
  multiply_rounded(call.threads, {side(change, true), side(x, false), {}, target(out)}, shape,
                   static_cast<float*>(call.result(1).data), call.sizes("tiled")[0] != 0);
}

}  // namespace
}  // namespace lamina

extern "C" XLA_FFI_Error* rounded_product_f32(XLA_FFI_CallFrame* frame) {
  return lamina::handle(frame, lamina::rounded_product);
}
extern "C" XLA_FFI_Error* rounded_weight_gradient_f32(XLA_FFI_CallFrame* frame) {
  return lamina::handle(frame, lamina::rounded_weight_gradient);
}

#endif
