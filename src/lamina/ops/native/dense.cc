// Many small matrix products at once: out[p] = left[p] · right[p], each side as it lies or transposed.
//
// Panels of the right side are copied so that the tiles of `tiles.h` read them in one line; the left
// side is read where it lies. Members (p), panels or rows are shared out to the threads. Reference: Goto,
// van de Geijn. Anatomy of high-performance matrix multiplication. ACM TOMS 2008.

#include "parts.h"
#include "tiles.h"

namespace lamina {
namespace {

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

// panel[k][column] = right[k][first + column], zeros beyond `columns`
void pack_rows(Matrix right, int64_t k, int64_t columns, int64_t width, float* panel) {
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
void pack_columns(Matrix right, int64_t k, int64_t columns, int64_t width, float* panel) {
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

// out[r][0 … V·kLanes) for R rows, `columns` wide.
template <int R, int V>
inline __attribute__((always_inline)) void tile(Matrix left, int64_t k, const float* panel, float* out, int64_t step,
                                                int64_t columns) {
  const float* rows[R];
  Vector sums[R][V];
  for (int r = 0; r < R; ++r) rows[r] = left.data + r * left.row;
  for (int r = 0; r < R; ++r)
    for (int v = 0; v < V; ++v) sums[r][v] = Vector{};
#pragma GCC unroll 2
  for (int64_t i = 0, at = 0; i < k; ++i, at += left.column, panel += V * kLanes) {
    Vector b[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) b[v] = Float::vector(panel + v * kLanes);
#pragma GCC unroll 12
    for (int r = 0; r < R; ++r) {
      const Vector a = Float::spread(rows[r], at);
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) sums[r][v] = Float::add_product(sums[r][v], a, b[v]);
    }
  }
#pragma GCC unroll 12
  for (int r = 0; r < R; ++r, out += step) {
    if (columns == V * kLanes) {
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) Float::put(out + v * kLanes, sums[r][v]);
    } else {
      float line[V * kLanes];
      for (int v = 0; v < V; ++v) Float::put(line + v * kLanes, sums[r][v]);
      std::memcpy(out, line, columns * sizeof(float));
    }
  }
}

// The same for any number of rows: tiles of R, what is left by smaller ones.
template <int R, int V>
void tiles(Matrix left, int64_t rows, int64_t k, const float* panel, float* out, int64_t step, int64_t columns) {
  for (; rows >= R; rows -= R, left.data += R * left.row, out += R * step)
    tile<R, V>(left, k, panel, out, step, columns);
  if constexpr (R > 1)
    if (rows > 0) tiles<(R + 1) / 2, V>(left, rows, k, panel, out, step, columns);
}

// What a part computes: panels and rows of one member.
struct Area {
  int64_t first_panel, last_panel, top, bottom;
};

// A left side that fits into the second-level cache is read whole for one panel after another. Of a larger one some
// rows at a time are read for many panels, which are laid out together.
constexpr int64_t kSmallLeft = 1 << 17, kRowsAtHand = 1 << 13, kMostPacked = 1 << 16;  // numbers
constexpr int64_t kEven = 24;  // rows: a multiple of every tile's

void multiply(Matrix left, Matrix right, const Shape& shape, float* out, const Blocks& blocks, const Area& area) {
  const int64_t k = shape.k, rows = area.bottom - area.top, panel_size = std::max<int64_t>(1, k * kMostVectors * kLanes);
  const bool is_small = rows * k <= kSmallLeft;
  const int64_t together = is_small ? 1 : std::max<int64_t>(1, kMostPacked / panel_size);
  const int64_t tall = is_small ? rows : std::max<int64_t>(1, kRowsAtHand / k / kEven) * kEven;
  auto* packed = static_cast<float*>(scratch(0, together * panel_size * sizeof(float)));
  for (int64_t first = area.first_panel; first < area.last_panel; first += together) {
    const int64_t last = std::min(area.last_panel, first + together);
    for (int64_t panel = first; panel < last; ++panel) {
      const int64_t column = blocks.start[panel], width = blocks.vectors[panel] * kLanes;
      const Matrix from{right.data + column * right.column, right.row, right.column};
      auto* pack = right.column == 1 ? pack_rows : pack_columns;
      pack(from, k, std::min<int64_t>(width, shape.n - column), width, packed + (panel - first) * panel_size);
    }
    for (int64_t top = area.top; top < area.bottom; top += tall)
      for (int64_t panel = first; panel < last; ++panel)
        with_vectors(blocks.vectors[panel], [&](auto vectors) {
          constexpr int V = decltype(vectors)::value;
          const int64_t column = blocks.start[panel], columns = std::min<int64_t>(V * kLanes, shape.n - column);
          tiles<kRows<V>, V>({left.data + top * left.row, left.row, left.column}, std::min(tall, area.bottom - top), k,
                             packed + (panel - first) * panel_size, out + top * shape.n + column, shape.n, columns);
        });
  }
}

// Where a member's matrix begins, where leading axes of length one serve all members.
int64_t member_offset(const Buffer& of, const Buffer& out, int64_t member) {
  const int64_t rank = of.dimensions.size;
  int64_t offset = 0, step = of.dimensions[rank - 2] * of.dimensions[rank - 1];
  for (int64_t axis = rank - 3; axis >= 0; --axis) {
    if (of.dimensions[axis] != 1) offset += member % out.dimensions[axis] * step;
    step *= of.dimensions[axis];
    member /= out.dimensions[axis];
  }
  return offset;
}

Matrix matrix(const Buffer& of, const Buffer& out, int64_t member, bool transposed) {
  const int64_t columns = of.dimensions[of.dimensions.size - 1];
  const float* data = static_cast<const float*>(of.data) + member_offset(of, out, member);
  return transposed ? Matrix{data, 1, columns} : Matrix{data, columns, 1};
}

void product(const Call& call) {
  const Buffer left = call.operand(0), right = call.operand(1), out = call.result();
  const Sizes transposed = call.sizes("transposed"), ls = left.dimensions, os = out.dimensions;
  const int64_t rank = os.size, m = os[rank - 2], n = os[rank - 1];
  const Shape shape{m, ls[ls.size - (transposed[0] ? 2 : 1)], n};
  int64_t members = 1;
  for (int64_t axis = 0; axis < rank - 2; ++axis) members *= os[axis];
  const Blocks blocks(n, kLanes, kMostVectors);
  const int64_t panels = int64_t(blocks.count());
  const int64_t worth = std::max<int64_t>(1, members * m * n * shape.k / kSmall);
  const int64_t threads = std::min(worth, call.threads.count()), fine = std::min(worth, fine_parts(call.threads));
  // few members are cut into panels; few panels, or many rows, into rows, for which each part lays out all panels again
  const bool is_tall = m >= kTallPart * fine;
  const bool by_member = members >= fine, by_panel = panels >= threads && !is_tall;
  const int64_t parts = by_member || is_tall ? fine : by_panel ? std::min(panels, fine) : threads;
  const auto compute = [&](int64_t member, const Area& area) {
    multiply(matrix(left, out, member, transposed[0]), matrix(right, out, member, transposed[1]), shape,
             static_cast<float*>(out.data) + member * m * n, blocks, area);
  };
  Parts(call.threads, int(parts), [&](int part) {
    const auto share = [&](int64_t all) { return std::pair(all * part / parts, all * (part + 1) / parts); };
    const auto mine = by_member ? share(members) : std::pair<int64_t, int64_t>(0, members);
    const auto columns = by_member || !by_panel ? std::pair<int64_t, int64_t>(0, panels) : share(panels);
    const auto rows = by_member || by_panel ? std::pair<int64_t, int64_t>(0, m) : share(m);
    for (int64_t member = mine.first; member < mine.second; ++member)
      compute(member, {columns.first, columns.second, rows.first, rows.second});
  });
}

}  // namespace
}  // namespace lamina

extern "C" XLA_FFI_Error* product_f32(XLA_FFI_CallFrame* frame) { return lamina::answer(frame, lamina::product); }
