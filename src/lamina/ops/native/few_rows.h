// y = relu(x · Wᵀ + b) for a few rows of x, as when a network reads the next token of some texts.
//
// How it works: such a product is bound by reading W once from memory, so W is not packed. A thread reads kLines rows of
// W side by side; the products of each with up to four rows of x are summed lane by lane in registers of their own, and
// the lanes of kLanes registers are added up at once. More rows of x find these rows of W in the first-level cache. The
// rows of W after the next are prefetched: without, a core gets half of what memory gives.
#pragma once

#include "lane_sums.h"
#include "products.h"

namespace lamina {

constexpr int64_t kFewRows = 16;  // of x, up to which reading W takes longer than multiplying
constexpr int64_t kFewTask = 1 << 15;  // numbers of W, below which another thread does not pay
constexpr int kLines = kLanes / 4;

// What is multiplied: `rows` rows of x and of y, `depth` columns of x and W, `columns` rows of W.
struct FewRows {
  const float *x, *weight;
  Epilogue epilogue;
  float* y;
  int64_t rows, depth, columns;
};

// sums[j · R + r] = row j of W times row r of x, lane by lane, for kLines rows of W.
template <int R>
inline void add_lines(const FewRows& of, const float* x, const float* const (&lines)[kLines], Vector* sums) {
  Vector found[kLines * R] = {};
  for (int64_t at = 0; at + kLanes <= of.depth; at += kLanes) {
#pragma GCC unroll 4
    for (int j = 0; j < kLines; ++j) {
      __builtin_prefetch(lines[j] + at + 2 * kLines * of.depth);
      const Vector w = Float::vector(lines[j] + at);
#pragma GCC unroll 4
      for (int r = 0; r < R; ++r) found[j * R + r] += w * Float::vector(x + r * of.depth + at);
    }
  }
  for (int i = 0; i < kLines * R; ++i) sums[i] = found[i];
}

// R rows of x from `row` on with kLanes / R rows of W from `first` on, those before `last`.
template <int R>
inline void few_rows_tile(const FewRows& of, int64_t row, int64_t first, int64_t last) {
  const float* x = of.x + row * of.depth;
  const int64_t whole = of.depth / kLanes * kLanes;
  Vector sums[kLanes] = {};
  for (int j = 0; j < kLanes / R && first + j < last; j += kLines) {
    const float* lines[kLines];
    for (int i = 0; i < kLines; ++i) lines[i] = of.weight + std::min(first + j + i, last - 1) * of.depth;
    add_lines<R>(of, x, lines, sums + j * R);
  }
  const Vector found = lane_sums(sums);
  for (int64_t j = 0; first + j < std::min<int64_t>(last, first + kLanes / R); ++j)
    for (int r = 0; r < R; ++r) {
      float sum = found[j * R + r] + (of.epilogue.bias == nullptr ? 0.f : of.epilogue.bias[first + j]);
      for (int64_t i = whole; i < of.depth; ++i) sum += of.weight[(first + j) * of.depth + i] * x[r * of.depth + i];
      of.y[(row + r) * of.columns + first + j] = of.epilogue.relu && sum < 0.f ? 0.f : sum;
    }
}

template <int R>
inline void few_rows_tiles(const FewRows& of, int64_t row, int64_t first, int64_t last) {
  for (int64_t j = first; j < last; j += kLanes / R) few_rows_tile<R>(of, row, j, last);
}

// All rows of x with up to kLanes rows of W.
inline void few_rows_block(const FewRows& of, int64_t first, int64_t last) {
  const int64_t fours = of.rows / 4 * 4;
  for (int64_t j = first; j < last; j += kLines)
    for (int64_t row = 0; row < fours; row += 4) few_rows_tile<4>(of, row, j, std::min<int64_t>(last, j + kLines));
  int64_t row = fours;
  if (row + 2 <= of.rows) few_rows_tiles<2>(of, row, first, last), row += 2;
  if (row < of.rows) few_rows_tiles<1>(of, row, first, last);
}

inline void few_rows(const Threads& threads, const FewRows& of) {
  const int64_t blocks = (of.columns + kLanes - 1) / kLanes;
  const int64_t most = std::max<int64_t>(1, of.columns * of.depth / kFewTask);
  const int64_t pieces = std::min({fine_tasks(threads), most, blocks});
  ParallelFor(threads, int(pieces), [&](int task) {
    for (int64_t block = blocks * task / pieces; block < blocks * (task + 1) / pieces; ++block)
      few_rows_block(of, block * kLanes, std::min(of.columns, (block + 1) * kLanes));
  });
}

}  // namespace lamina
