// The innermost loops: register-blocked products.
//
// A tile of kRows × V vectors of sums stays in registers while the loop runs over what is summed: each step loads V
// vectors of the right side once and multiplies them by kRows broadcast numbers of the left, so that a load serves many
// multiplications. Reference: Goto, van de Geijn. Anatomy of high-performance matrix multiplication. ACM TOMS 2008.
//
// A "word" is what one lane multiplies at a time: a float, or two neighboring bfloat16 numbers whose
// two products are added at once.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>
#include <vector>

#if defined(__AVX512BF16__)
#include <immintrin.h>
#endif

namespace lamina {

// Tiles of rows × vectors sums: as many registers as there are, less those for operands.
#if defined(__AVX512F__)
constexpr int kLanes = 16, kMostVectors = 4, kSums = 24;
#elif defined(__AVX__)
constexpr int kLanes = 8, kMostVectors = 2, kSums = 12;
#else
constexpr int kLanes = 4, kMostVectors = 4, kSums = 24;
#endif
constexpr int kMostRows = 12;  // each row needs an address register

template <int V>
constexpr int kRows = kSums / V > kMostRows ? kMostRows : kSums / V;

typedef float Vector __attribute__((vector_size(4 * kLanes), aligned(4)));

#if __has_builtin(__builtin_shufflevector)
// Interleave two vectors: lanes of their lower or of their upper halves.
template <int from, int... I>
inline Vector interleave(Vector a, Vector b, std::integer_sequence<int, I...>) {
  return __builtin_shufflevector(a, b, (from + I / 2 + I % 2 * kLanes)...);
}

// out[i][j] = in[j][i] for kLanes rows and columns: each round interleaves rows i and i + half.
inline void transpose(const float* in, int64_t in_row, float* out, int64_t out_row) {
  constexpr int kHalf = kLanes / 2;
  constexpr auto lanes = std::make_integer_sequence<int, kLanes>();
  Vector lines[kLanes], after[kLanes];
#pragma GCC unroll 16
  for (int i = 0; i < kLanes; ++i) lines[i] = *reinterpret_cast<const Vector*>(in + i * in_row);
#pragma GCC unroll 4
  for (int round = 1; round < kLanes; round *= 2) {
#pragma GCC unroll 16
    for (int i = 0; i < kHalf; ++i) {
      after[2 * i] = interleave<0>(lines[i], lines[i + kHalf], lanes);
      after[2 * i + 1] = interleave<kHalf>(lines[i], lines[i + kHalf], lanes);
    }
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; ++i) lines[i] = after[i];
  }
#pragma GCC unroll 16
  for (int i = 0; i < kLanes; ++i) *reinterpret_cast<Vector*>(out + i * out_row) = lines[i];
}
#else  // GCC before 12
inline void transpose(const float* in, int64_t in_row, float* out, int64_t out_row) {
  for (int i = 0; i < kLanes; ++i)
    for (int j = 0; j < kLanes; ++j) out[i * out_row + j] = in[j * in_row + i];
}
#endif

struct Float {
  using Element = float;
  using Word = float;
  static constexpr int kElements = 1;  // in a word
  static Vector spread(const Element* p, int64_t word) { return p[word] - Vector{}; }
  static Vector vector(const Word* p) { return *reinterpret_cast<const Vector*>(p); }
  static Vector add_product(Vector sum, Vector a, Vector b) { return sum + a * b; }
  static Word word(Element first, Element) { return first; }
  static Element narrow(float value) { return value; }
  static void put(Element* p, Vector v) { *reinterpret_cast<Vector*>(p) = v; }
};

#if defined(__AVX512BF16__)
struct BFloat16 {
  using Element = uint16_t;
  using Word = uint32_t;
  static constexpr int kElements = 2;
  static __m512bh spread(const Element* p, int64_t word) {
    int32_t pair;
    std::memcpy(&pair, p + 2 * word, sizeof pair);
    return reinterpret_cast<__m512bh>(_mm512_set1_epi32(pair));
  }
  static __m512bh vector(const Word* p) { return reinterpret_cast<__m512bh>(_mm512_loadu_si512(p)); }
  static Vector add_product(Vector sum, __m512bh a, __m512bh b) {
    return reinterpret_cast<Vector>(_mm512_dpbf16_ps(reinterpret_cast<__m512>(sum), a, b));
  }
  static Word word(Element first, Element second) { return first | uint32_t(second) << 16; }
  static Element narrow(float value) {
    const __m128bh found = _mm_cvtneps_pbh(_mm_set_ss(value));
    Element narrowed;
    std::memcpy(&narrowed, &found, sizeof narrowed);
    return narrowed;
  }
  static void put(Element* p, Vector v) {
    __m256bh narrow = _mm512_cvtneps_pbh(reinterpret_cast<__m512>(v));
    std::memcpy(p, &narrow, sizeof narrow);
  }
};
#endif

// A stretch of an input row: `length` words that lie `offset` elements behind a position, and the
// number of the first of their rows of weights.
struct Run {
  int64_t offset, length, row;
};

// sums[r][v] = Σ over runs of in[r][offset + i] · weights[row + i][v]
template <class K, int R, int V>
inline __attribute__((always_inline)) void multiply(const typename K::Element* const* in, const Run* runs,
                                                    int count, const typename K::Word* weights,
                                                    Vector (&sums)[R][V]) {
  for (int r = 0; r < R; ++r)
    for (int v = 0; v < V; ++v) sums[r][v] = Vector{};
  for (int t = 0; t < count; ++t) {
    const typename K::Element* p[R];
    for (int r = 0; r < R; ++r) p[r] = in[r] + runs[t].offset;
    const typename K::Word* q = weights + runs[t].row * V * kLanes;
    for (int64_t i = 0, n = runs[t].length; i < n; ++i, q += V * kLanes) {
      decltype(K::vector(q)) b[V];
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) b[v] = K::vector(q + v * kLanes);
#pragma GCC unroll 12
      for (int r = 0; r < R; ++r) {
        auto a = K::spread(p[r], i);
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) sums[r][v] = K::add_product(sums[r][v], a, b[v]);
      }
    }
  }
}

// Rows of positions: where each reads and where it writes, in elements.
template <class Element>
struct Grid {
  const Element* in;
  Element* out;
  int64_t rows, columns;
  int64_t in_row, in_column, out_row, out_column;
};

// Compute `columns` neighboring outputs from `column` on, at all positions of a grid.
template <class K, int V>
void fill(const Grid<typename K::Element>& grid, const Run* runs, int count, const typename K::Word* weights,
          int64_t column, int64_t columns) {
  using Element = typename K::Element;
  constexpr int R = kRows<V>;
  const int64_t total = grid.rows * grid.columns;
  int64_t y = 0, x = 0;
  for (int64_t start = 0; start < total; start += R) {
    const Element* in[R];
    Element* out[R];
    const int valid = int(std::min<int64_t>(R, total - start));
    for (int r = 0; r < R; ++r) {  // beyond the last position the last one is computed again
      in[r] = grid.in + y * grid.in_row + x * grid.in_column;
      out[r] = grid.out + y * grid.out_row + x * grid.out_column + column;
      if (start + r + 1 < total && ++x == grid.columns) x = 0, ++y;
    }
    Vector sums[R][V];
    multiply<K, R, V>(in, runs, count, weights, sums);
    if (valid == R && columns == V * kLanes) {
#pragma GCC unroll 12
      for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) K::put(out[r] + v * kLanes, sums[r][v]);
      continue;
    }
    for (int r = 0; r < valid; ++r) {
      Element line[V * kLanes];
      for (int v = 0; v < V; ++v) K::put(line + v * kLanes, sums[r][v]);
      std::memcpy(out[r], line, columns * sizeof(Element));
    }
  }
}

// Positions of several images, and the two things that are multiplied there, in words.
template <class Word>
struct Pairs {
  const Word *in, *other;
  int64_t images, rows, columns;
  int64_t in_image, in_row, in_column, other_image, other_column;  // other: rows follow one another
};

// sums[j][v] += Σ over positions of in[j] · other[v], for R neighboring j of which `valid` count
template <class K, int R, int V>
inline __attribute__((always_inline)) void accumulate(const Pairs<typename K::Word>& pairs, float* sums,
                                                      int64_t width, int valid) {
  using Word = typename K::Word;
  Vector found[R][V];
  for (int r = 0; r < R; ++r)
    for (int v = 0; v < V; ++v) found[r][v] = Vector{};
  for (int64_t image = 0; image < pairs.images; ++image) {
    const Word* q = pairs.other + image * pairs.other_image;
    for (int64_t y = 0; y < pairs.rows; ++y) {
      const Word* p = pairs.in + image * pairs.in_image + y * pairs.in_row;
      for (int64_t x = 0; x < pairs.columns; ++x, p += pairs.in_column, q += pairs.other_column) {
        decltype(K::vector(q)) b[V];
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) b[v] = K::vector(q + v * kLanes);
#pragma GCC unroll 12
        for (int r = 0; r < R; ++r) {
          auto a = K::spread(reinterpret_cast<const typename K::Element*>(p), r);
#pragma GCC unroll 4
          for (int v = 0; v < V; ++v) found[r][v] = K::add_product(found[r][v], a, b[v]);
        }
      }
    }
  }
#pragma GCC unroll 12
  for (int r = 0; r < R; ++r) {
    if (r >= valid) break;
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) {
      float* s = sums + r * width + v * kLanes;
      Float::put(s, Float::vector(s) + found[r][v]);
    }
  }
}

// The same for all j below `length`.
template <class K, int V>
void accumulate_all(Pairs<typename K::Word> pairs, int64_t length, float* sums, int64_t width) {
  constexpr int R = kRows<V>;
  for (int64_t j = 0; j < length; j += R, pairs.in += R)
    accumulate<K, R, V>(pairs, sums + j * width, width, int(std::min<int64_t>(R, length - j)));
}

// Call function<V>() for a number of vectors that is known only now.
template <class Function>
void with_vectors(int vectors, const Function& function) {
  switch (vectors) {
    case 1: return function(std::integral_constant<int, 1>());
    case 2: return function(std::integral_constant<int, 2>());
    default: break;
  }
  if constexpr (kMostVectors > 2) {
    if (vectors == 3) return function(std::integral_constant<int, 3>());
    return function(std::integral_constant<int, 4>());
  }
}

// Call function(start) for tiles of `size` that cover `count`, the last one moved back to end at `count`.
template <class Function>
void for_each_tile(int64_t count, int64_t size, const Function& function) {
  for (int64_t start = 0; start < count; start += size) function(std::min(start, count - size));
}

// Outputs cut into blocks of whole vectors, of nearly equal size.
struct Blocks {
  std::vector<int64_t> start;
  std::vector<int> vectors;

  Blocks(int64_t outputs, int lanes, int most) {
    const int64_t all = (outputs + lanes - 1) / lanes, count = (all + most - 1) / most;
    for (int64_t at = 0, left = count; left > 0; --left) {
      const int64_t size = (all - at + left - 1) / left;
      start.push_back(at * lanes);
      vectors.push_back(int(size));
      at += size;
    }
    width = all * lanes;
  }

  size_t count() const { return start.size(); }
  int64_t width;  // of all blocks
};

}  // namespace lamina
