// Products of matrices, cut into parts for the threads: out = relu(bias + left · right), each side as it lies or
// transposed.
//
// Panels of the right side are copied so that the tiles of `tiles.h` read them in one line, unless few rows of them lie
// well; the left side is read where it lies.
// Reference: Goto, van de Geijn. Anatomy of high-performance matrix multiplication. ACM TOMS 2008.
#pragma once

#include <numeric>

#include "parts.h"
#include "tiles.h"

namespace lamina {

constexpr int64_t kSmall = 1 << 18;  // products of a part, below which another thread does not pay
constexpr int64_t kTallPart = 256;  // rows of a part, above which laying out the panels costs next to nothing

// Numbers with the steps between rows and between columns.
struct Matrix {
  const float* data;
  int64_t row, column;
};

struct Shape {
  int64_t m, k, n;
};

// What a product begins with and ends with: out = relu(bias + left · right); nullptr is zero.
struct Finish {
  const float* bias = nullptr;
  bool relu = false;
};

// Where a product goes, with the step between its rows.
struct Target {
  float* data;
  int64_t row;
};

// Two sides and what is done beside multiplying them; `shares_right` if right side and bias serve all members.
struct Product {
  Matrix left, right;
  Finish finish;
  Target out;
  bool shares_right = false;
};

// panel[k][column] = right[k][first + column], zeros beyond `columns`
inline void pack_rows(Matrix right, int64_t k, int64_t columns, int64_t width, float* panel) {
  for (int64_t i = 0; i < k; ++i, panel += width) {
    const float* line = right.data + i * right.row;
    if (columns == width) {
      for (int64_t v = 0; v < width; v += kLanes) Float::put(panel + v, Float::vector(line + v));
    } else {
      for (int64_t j = 0; j < columns; ++j) panel[j] = line[j];
      for (int64_t j = columns; j < width; ++j) panel[j] = 0.f;
    }
  }
}

// The same where a column lies in one line.
inline void pack_columns(Matrix right, int64_t k, int64_t columns, int64_t width, float* panel) {
  for (int64_t v = 0; v < width; v += kLanes) {
    int64_t i = 0;
    if (v + kLanes <= columns)
      for (; i + kLanes <= k; i += kLanes)
        transpose(right.data + v * right.column + i, right.column, panel + i * width + v, width);
    for (; i < k; ++i)
      for (int64_t j = v; j < v + kLanes; ++j)
        panel[i * width + j] = j < columns ? right.data[i + j * right.column] : 0.f;
  }
}

// Whether so many rows of a panel, `step` numbers from one to the next, stay in the first-level cache where they lie:
// it has 64 sets of 8 lines of 64 bytes, and a step of many lines leads to few of the sets.
inline bool lies_well(int64_t rows, int64_t step) {
  constexpr int64_t kSets = 64, kWays = 8, kMostRows = 192;
  const int64_t lines = std::max<int64_t>(1, step * sizeof(float) / 64);
  return rows <= std::min(kMostRows, kWays * kSets / std::gcd(lines, kSets));
}

// What a tile reads: the row that its sums begin with, and `step` numbers from one row to the next.
struct Panel {
  const float *first, *rows;
  int64_t step;
};

// A packed panel begins with a row of the bias.
inline void pack(Matrix right, int64_t k, const float* bias, int64_t columns, int64_t width, float* panel) {
  for (int64_t j = 0; j < width; ++j) panel[j] = bias != nullptr && j < columns ? bias[j] : 0.f;
  (right.column == 1 ? pack_rows : pack_columns)(right, k, columns, width, panel + width);
}

// The first `count` numbers of a line, by powers of two: what memcpy is called for takes as long as a tile's row.
inline void put_first(float* out, const float* line, int64_t count) {
  for (; count >= kLanes; count -= kLanes, out += kLanes, line += kLanes) Float::put(out, Float::vector(line));
#pragma GCC unroll 4
  for (int64_t size = kLanes / 2; size > 0; size /= 2) {
    if ((count & size) == 0) continue;
    std::memcpy(out, line, size * sizeof(float));
    out += size, line += size;
  }
}

// out[r][0 … V·kLanes) for R rows, `columns` wide.
template <int R, int V>
inline __attribute__((always_inline)) void tile(Matrix left, int64_t k, Panel panel, bool relu, float* out,
                                                int64_t step, int64_t columns) {
  const float* rows[R];
  Vector sums[R][V];
  for (int r = 0; r < R; ++r) rows[r] = left.data + r * left.row;
  for (int r = 0; r < R; ++r)
    for (int v = 0; v < V; ++v) sums[r][v] = Float::vector(panel.first + v * kLanes);
#pragma GCC unroll 2
  for (int64_t i = 0, at = 0; i < k; ++i, at += left.column, panel.rows += panel.step) {
    Vector b[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) b[v] = Float::vector(panel.rows + v * kLanes);
#pragma GCC unroll 12
    for (int r = 0; r < R; ++r) {
      const Vector a = Float::spread(rows[r], at);
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) sums[r][v] = Float::add_product(sums[r][v], a, b[v]);
    }
  }
  if (relu)  // what is no number stays so
#pragma GCC unroll 12
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) sums[r][v] = sums[r][v] < Vector{} ? Vector{} : sums[r][v];
#pragma GCC unroll 12
  for (int r = 0; r < R; ++r, out += step) {
    if (columns == V * kLanes) {
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) Float::put(out + v * kLanes, sums[r][v]);
    } else {
      float line[V * kLanes];
      for (int v = 0; v < V; ++v) Float::put(line + v * kLanes, sums[r][v]);
      put_first(out, line, columns);
    }
  }
}

// The same for any number of rows: tiles of R, what is left by smaller ones.
template <int R, int V>
void tiles(Matrix left, int64_t rows, int64_t k, Panel panel, bool relu, float* out, int64_t step,
           int64_t columns) {
  for (; rows >= R; rows -= R, left.data += R * left.row, out += R * step)
    tile<R, V>(left, k, panel, relu, out, step, columns);
  if constexpr (R > 1)
    if (rows > 0) tiles<(R + 1) / 2, V>(left, rows, k, panel, relu, out, step, columns);
}

// What a part computes: panels and rows of one member.
struct Area {
  int64_t first_panel, last_panel, top, bottom;
};

// A left side that fits into the second-level cache is read whole for one panel after another. Of a larger one some
// rows at a time are read for many panels, which are laid out together.
constexpr int64_t kSmallLeft = 1 << 17, kRowsAtHand = 1 << 13, kMostPacked = 1 << 16;  // numbers
constexpr int64_t kEven = 24;  // rows: a multiple of every tile's

// `is_laid_out`: the panels still are those of the member before, which shares them.
inline void multiply(const Product& of, const Shape& shape, const Blocks& blocks, const Area& area, bool is_laid_out) {
  const auto& [left, right, finish, out, shares_right] = of;
  const int64_t k = shape.k, rows = area.bottom - area.top, panel_size = (k + 1) * kMostVectors * kLanes;
  const bool is_small = rows * k <= kSmallLeft;
  const int64_t most = std::max<int64_t>(1, kMostPacked / panel_size), all = area.last_panel - area.first_panel;
  const bool keeps = shares_right && all <= most;
  const int64_t together = keeps ? all : is_small ? 1 : most;
  const int64_t tall = is_small ? rows : std::max<int64_t>(1, kRowsAtHand / k / kEven) * kEven;
  auto* packed = static_cast<float*>(scratch(0, together * panel_size * sizeof(float)));
  const bool is_flat = right.column == 1 && lies_well(k, right.row);
  const auto stays = [&](int64_t panel) {
    return is_flat && blocks.start[panel] + blocks.vectors[panel] * kLanes <= shape.n;
  };
  for (int64_t first = area.first_panel; first < area.last_panel; first += together) {
    const int64_t last = std::min(area.last_panel, first + together);
    for (int64_t panel = first; panel < last && !(keeps && is_laid_out); ++panel) {
      const int64_t column = blocks.start[panel], width = blocks.vectors[panel] * kLanes;
      const Matrix from{right.data + column * right.column, right.row, right.column};
      const float* bias = finish.bias == nullptr ? nullptr : finish.bias + column;
      const int64_t rows_packed = stays(panel) ? 0 : k;
      pack(from, rows_packed, bias, std::min<int64_t>(width, shape.n - column), width,
           packed + (panel - first) * panel_size);
    }
    for (int64_t top = area.top; top < area.bottom; top += tall)
      for (int64_t panel = first; panel < last; ++panel)
        with_vectors(blocks.vectors[panel], [&, left = left, right = right, out = out,
                                             relu = finish.relu](auto vectors) {
          constexpr int V = decltype(vectors)::value;
          const int64_t column = blocks.start[panel], columns = std::min<int64_t>(V * kLanes, shape.n - column);
          const float* begin = packed + (panel - first) * panel_size;
          const Panel here = stays(panel) ? Panel{begin, right.data + column, right.row}
                                          : Panel{begin, begin + V * kLanes, V * kLanes};
          tiles<kRows<V>, V>({left.data + top * left.row, left.row, left.column}, std::min(tall, area.bottom - top), k,
                             here, relu, out.data + top * out.row + column, out.row, columns);
        });
  }
}

// How the products of all members are cut into parts: few members are cut into panels; few panels, or many rows, into
// rows, for which each part lays out all panels again.
class Plan {
 public:
  Plan(const Threads& threads, int64_t members, const Shape& shape)
      : threads(threads), members(members), shape_(shape), blocks_(shape.n, kLanes, kMostVectors) {
    const int64_t worth = std::max<int64_t>(1, members * shape.m * shape.n * shape.k / kSmall);
    const int64_t count = std::min(worth, threads.count()), fine = std::min(worth, fine_parts(threads));
    const bool is_tall = shape.m >= kTallPart * fine;
    panels_ = int64_t(blocks_.count());
    by_member_ = members >= fine;
    by_panel_ = panels_ >= count && !is_tall;
    parts_ = by_member_ || is_tall ? fine : by_panel_ ? std::min(panels_, fine) : count;
  }

  const Threads& threads;
  const int64_t members;

  // Whether each member is the work of one thread.
  bool by_member() const { return by_member_; }

  // Compute what product_of(member) says, for all members; it is asked on the thread that computes.
  template <class ProductOf>
  void run(const ProductOf& product_of) const {
    Parts(threads, int(parts_), [&](int part) {
      const auto share = [&](int64_t all) { return std::pair(all * part / parts_, all * (part + 1) / parts_); };
      const auto whole = [](int64_t all) { return std::pair<int64_t, int64_t>(0, all); };
      const auto mine = by_member_ ? share(members) : whole(members);
      const auto columns = by_member_ || !by_panel_ ? whole(panels_) : share(panels_);
      const auto rows = by_member_ || by_panel_ ? whole(shape_.m) : share(shape_.m);
      for (int64_t member = mine.first; member < mine.second; ++member)
        multiply(product_of(member), shape_, blocks_, {columns.first, columns.second, rows.first, rows.second},
                 member > mine.first);
    });
  }

 private:
  const Shape shape_;
  const Blocks blocks_;
  int64_t panels_, parts_;
  bool by_member_, by_panel_;
};

}  // namespace lamina
