// Products of matrices, cut into tasks for the threads: out = relu(bias + left · right), each side as stored or
// transposed.
//
// How it works: the right side is cut into panels as wide as a register tile (`tiles.h`). A panel is packed, copied so
// that one row follows another, unless its few rows do not evict each other from the cache in place; then every tile of
// rows of the left side, which is read in place, walks down the panel: a broadcast number of the left side times a row
// of the panel is added to sums that stay in registers, and each sum is stored once, bias and relu included.
// Reference: Goto, van de Geijn. Anatomy of high-performance matrix multiplication. ACM TOMS 2008.
#pragma once

#include <numeric>

#include "parallel.h"
#include "tiles.h"

namespace lamina {

constexpr int64_t kSmall = 1 << 18;  // products of a task, below which another thread does not pay
constexpr int64_t kTallTask = 256;  // rows of a task, above which packing the panels costs next to nothing

// Numbers with the steps between rows and between columns.
struct Matrix {
  const float* data;
  int64_t row, column;
};

struct Shape {
  int64_t m, k, n;
};

// What is fused with a product: out = relu(bias + left · right); nullptr is zero.
struct Epilogue {
  const float* bias = nullptr;
  bool relu = false;
};

// Where a product is stored, with the step between its rows.
struct Target {
  float* data;
  int64_t row;
};

// Two sides and what is done beside multiplying them; `shares_right` if right side and bias serve all members.
struct Product {
  Matrix left, right;
  Epilogue epilogue;
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

// The same where the numbers of a column are adjacent.
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

// Whether so many rows of a panel, `step` numbers apart, stay in the first-level cache without packing: it has 64 sets
// of 8 lines of 64 bytes, and a step of many lines maps to few of the sets.
inline bool fits_cache_in_place(int64_t rows, int64_t step) {
  constexpr int64_t kSets = 64, kWays = 8, kMostRows = 192;
  const int64_t lines = std::max<int64_t>(1, step * sizeof(float) / 64);
  return rows <= std::min(kMostRows, kWays * kSets / std::gcd(lines, kSets));
}

// What a tile reads: the row that its sums begin with, or nullptr where they begin with what stands in the target, and
// `step` numbers from one row to the next.
struct Panel {
  const float *first, *rows;
  int64_t step;
};

// The first `count` numbers of V vectors; zeros behind.
template <int V>
inline void get_first(const float* from, int64_t count, Vector (&sums)[V]) {
  float line[V * kLanes] = {};
  std::memcpy(line, from, count * sizeof(float));
  for (int v = 0; v < V; ++v) sums[v] = Float::vector(line + v * kLanes);
}

// A packed panel begins with a row of the bias.
inline void pack(Matrix right, int64_t k, const float* bias, int64_t columns, int64_t width, float* panel) {
  for (int64_t j = 0; j < width; ++j) panel[j] = bias != nullptr && j < columns ? bias[j] : 0.f;
  (right.column == 1 ? pack_rows : pack_columns)(right, k, columns, width, panel + width);
}

// Store the first `count` numbers of a row, by powers of two: a call of memcpy takes as long as a tile's row.
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
  for (int r = 0; r < R; ++r) {
    const float* first = panel.first == nullptr ? out + r * step : panel.first;
    if (panel.first == nullptr && columns < V * kLanes) {
      get_first<V>(first, columns, sums[r]);
    } else {
      for (int v = 0; v < V; ++v) sums[r][v] = Float::vector(first + v * kLanes);
    }
  }
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
  if (relu)  // NaN stays NaN
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

// The same for any number of rows: tiles of R, the remainder by smaller ones.
template <int R, int V>
void tiles(Matrix left, int64_t rows, int64_t k, Panel panel, bool relu, float* out, int64_t step,
           int64_t columns) {
  for (; rows >= R; rows -= R, left.data += R * left.row, out += R * step)
    tile<R, V>(left, k, panel, relu, out, step, columns);
  if constexpr (R > 1)
    if (rows > 0) tiles<(R + 1) / 2, V>(left, rows, k, panel, relu, out, step, columns);
}

// What a task computes: panels and rows of one member.
struct Region {
  int64_t first_panel, last_panel, top, bottom;
};

// A left side that fits into the second-level cache is read whole for one panel after another. Of a larger one some
// rows at a time are read for many panels, which are packed together.
constexpr int64_t kSmallLeft = 1 << 17, kMostLeft = 1 << 13, kMostPacked = 1 << 16;  // numbers
constexpr int64_t kEven = 24;  // rows: a multiple of every tile's

// `is_packed`: the panels still are those of the member before, which shares them.
inline void multiply_at_once(const Product& of, const Shape& shape, const Blocks& blocks, const Region& region,
                             bool is_packed) {
  const auto& [left, right, epilogue, out, shares_right] = of;
  const int64_t k = shape.k, rows = region.bottom - region.top, panel_size = (k + 1) * kMostVectors * kLanes;
  const bool is_small = rows * k <= kSmallLeft;
  const int64_t most = std::max<int64_t>(1, kMostPacked / panel_size), all = region.last_panel - region.first_panel;
  const bool keeps = shares_right && all <= most;
  const int64_t together = keeps ? all : is_small ? 1 : most;
  const int64_t tall = is_small ? rows : std::max<int64_t>(1, kMostLeft / k / kEven) * kEven;
  auto* packed = static_cast<float*>(scratch(0, together * panel_size * sizeof(float)));
  const bool is_in_place = right.column == 1 && fits_cache_in_place(k, right.row);
  const auto needs_no_packing = [&](int64_t panel) {
    return is_in_place && blocks.start[panel] + blocks.vectors[panel] * kLanes <= shape.n;
  };
  for (int64_t first = region.first_panel; first < region.last_panel; first += together) {
    const int64_t last = std::min(region.last_panel, first + together);
    for (int64_t panel = first; panel < last && !(keeps && is_packed); ++panel) {
      const int64_t column = blocks.start[panel], width = blocks.vectors[panel] * kLanes;
      const Matrix from{right.data + column * right.column, right.row, right.column};
      const float* bias = epilogue.bias == nullptr ? nullptr : epilogue.bias + column;
      const int64_t rows_packed = needs_no_packing(panel) ? 0 : k;
      pack(from, rows_packed, bias, std::min<int64_t>(width, shape.n - column), width,
           packed + (panel - first) * panel_size);
    }
    for (int64_t top = region.top; top < region.bottom; top += tall)
      for (int64_t panel = first; panel < last; ++panel)
        with_vectors(blocks.vectors[panel], [&, left = left, right = right, out = out,
                                             relu = epilogue.relu](auto vectors) {
          constexpr int V = decltype(vectors)::value;
          const int64_t column = blocks.start[panel], columns = std::min<int64_t>(V * kLanes, shape.n - column);
          const float* begin = packed + (panel - first) * panel_size;
          const Panel here = needs_no_packing(panel) ? Panel{begin, right.data + column, right.row}
                                          : Panel{begin, begin + V * kLanes, V * kLanes};
          tiles<kRows<V>, V>({left.data + top * left.row, left.row, left.column}, std::min(tall, region.bottom - top),
                             k, here, relu, out.data + top * out.row + column, out.row, columns);
        });
  }
}

// A left side that is read across its rows, as in weight gradients, touches a page, and one set of the first-level
// cache, for every number that is summed. Of a long sum so many at a time are computed: of the left side the columns of
// some tiles are packed, so that they lie in the first-level cache, and a few panels, for the second.
constexpr int64_t kDeep = 256, kPanelsOfDeep = 4;

inline bool is_deep(const Matrix& left, const Shape& shape) { return left.row == 1 && shape.k > 2 * kDeep; }

// strip[i][r] = left[r][i] for kEven rows, whatever stands behind `rows`.
inline void pack_strip(Matrix left, int64_t rows, int64_t k, float* strip) {
  if (rows < kEven) {
    for (int64_t i = 0; i < k; ++i, left.data += left.column, strip += kEven)
      for (int64_t r = 0; r < rows; ++r) strip[r] = left.data[r];
    return;
  }
  for (int64_t i = 0; i < k; ++i, left.data += left.column, strip += kEven)
    std::memcpy(strip, left.data, kEven * sizeof(float));
}

// out = epilogue(left · right) for the numbers of the sum from `done` on, and so many panels.
inline void multiply_part(const Product& of, const Shape& shape, const Blocks& blocks, const Region& region,
                          int64_t done) {
  const int64_t k = std::min(kDeep, shape.k - done), size = (k + 1) * kMostVectors * kLanes;
  const bool relu = of.epilogue.relu && done + k == shape.k;
  auto* packed = static_cast<float*>(scratch(0, kPanelsOfDeep * size * sizeof(float)));
  auto* strip = static_cast<float*>(scratch(2, kDeep * kEven * sizeof(float)));
  for (int64_t panel = region.first_panel; panel < region.last_panel; ++panel) {
    const int64_t column = blocks.start[panel], width = blocks.vectors[panel] * kLanes;
    pack({of.right.data + done * of.right.row + column * of.right.column, of.right.row, of.right.column}, k,
         of.epilogue.bias == nullptr ? nullptr : of.epilogue.bias + column, std::min(width, shape.n - column), width,
         packed + (panel - region.first_panel) * size);
  }
  for (int64_t top = region.top; top < region.bottom; top += kEven) {
    const int64_t rows = std::min(kEven, region.bottom - top);
    pack_strip({of.left.data + top + done * of.left.column, 1, of.left.column}, rows, k, strip);
    for (int64_t panel = region.first_panel; panel < region.last_panel; ++panel)
      with_vectors(blocks.vectors[panel], [&](auto vectors) {
        constexpr int V = decltype(vectors)::value;
        const int64_t column = blocks.start[panel], columns = std::min<int64_t>(V * kLanes, shape.n - column);
        const float* begin = packed + (panel - region.first_panel) * size;
        const Panel here{done > 0 ? nullptr : begin, begin + V * kLanes, V * kLanes};
        tiles<kRows<V>, V>({strip, 1, kEven}, rows, k, here, relu, of.out.data + top * of.out.row + column,
                           of.out.row, columns);
      });
  }
}

// Compute a region; see `multiply_at_once`.
inline void multiply(const Product& of, const Shape& shape, const Blocks& blocks, const Region& region,
                     bool is_packed) {
  if (!is_deep(of.left, shape)) return multiply_at_once(of, shape, blocks, region, is_packed);
  for (int64_t done = 0; done < shape.k; done += kDeep)
    for (int64_t first = region.first_panel; first < region.last_panel; first += kPanelsOfDeep)
      multiply_part(of, shape, blocks,
                    {first, std::min(region.last_panel, first + kPanelsOfDeep), region.top, region.bottom}, done);
}

// How the products of all members are cut into tasks: few members are cut into panels; few panels, or many rows, into
// rows, for which each task packs all panels again.
class Plan {
 public:
  // `across`: the left sides are read across their rows.
  Plan(const Threads& threads, int64_t members, const Shape& shape, bool across = false)
      : threads(threads), members(members), shape_(shape), blocks_(shape.n, kLanes, kMostVectors) {
    const int64_t worth = std::max<int64_t>(1, members * shape.m * shape.n * shape.k / kSmall);
    const int64_t count = std::min(worth, threads.count()), fine = std::min(worth, fine_tasks(threads));
    const bool is_tall = shape.m >= kTallTask * fine;
    panels_ = int64_t(blocks_.count());
    by_member_ = members >= fine;
    // cut into rows, each thread reads its own columns of a left side that is as large as memory
    unit_ = across && shape.k > 2 * kDeep && shape.m >= shape.n ? kEven : 1;
    by_panel_ = panels_ >= count && !is_tall && unit_ == 1;
    tasks_ = by_member_ || is_tall || unit_ > 1 ? fine : by_panel_ ? std::min(panels_, fine) : count;
  }

  const Threads& threads;
  const int64_t members;

  // Whether each member is the work of one thread.
  bool by_member() const { return by_member_; }

  // Compute product_of(member) for all members; it is called on the thread that computes.
  template <class ProductOf>
  void run(const ProductOf& product_of) const {
    ParallelFor(threads, int(tasks_), [&](int task) {
      const auto share = [&](int64_t all) { return std::pair(all * task / tasks_, all * (task + 1) / tasks_); };
      const auto whole = [](int64_t all) { return std::pair<int64_t, int64_t>(0, all); };
      const auto mine = by_member_ ? share(members) : whole(members);
      const auto columns = by_member_ || !by_panel_ ? whole(panels_) : share(panels_);
      auto rows = by_member_ || by_panel_ ? whole(shape_.m) : share((shape_.m + unit_ - 1) / unit_);
      if (!by_member_ && !by_panel_) rows = {rows.first * unit_, std::min(rows.second * unit_, shape_.m)};
      for (int64_t member = mine.first; member < mine.second; ++member)
        multiply(product_of(member), shape_, blocks_, {columns.first, columns.second, rows.first, rows.second},
                 member > mine.first);
    });
  }

 private:
  const Shape shape_;
  const Blocks blocks_;
  int64_t panels_, tasks_, unit_;  // unit: rows that a task takes together
  bool by_member_, by_panel_;
};

}  // namespace lamina
