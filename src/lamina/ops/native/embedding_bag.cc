// Weighted sums of a table's rows, and the gradient of the table.
//
// The gradient, most of it zeros, is written to memory once: the vocabulary is cut into stretches, small enough to stay
// in the cache while they are summed, and the entries are sorted by stretches (a counting sort; within a stretch they
// keep their order). Every number is summed by one thread in the order of the entries: the number of threads changes
// no bit.

#include <algorithm>

#include "vectors.h"
#include "parallel.h"

namespace lamina {
namespace {

constexpr int64_t kRows = 4;                // sums of a task
constexpr int64_t kChunk = 256;             // entries whose padding is left out at a time
constexpr int64_t kTogether = 4;            // table rows that are added at a time, so that sums are written less often
constexpr int64_t kStretchBytes = 1 << 17;  // of the gradient: stays in the second-level cache

struct Entry {
  int32_t id, row;
  float scale;
};

// The part of an operand that belongs to a member; axes before the last two hold one or all members.
template <class Element>
const Element* of_member(const Buffer& operand, const Buffer& out, int64_t member) {
  const int64_t rank = operand.dimensions.size;
  int64_t found = 0, stride = operand.dimensions[rank - 2] * operand.dimensions[rank - 1];
  for (int64_t axis = rank - 3; axis >= 0; --axis) {
    if (operand.dimensions[axis] != 1) found += member % out.dimensions[axis] * stride;
    stride *= operand.dimensions[axis];
    member /= out.dimensions[axis];
  }
  return static_cast<const Element*>(operand.data) + found;
}

int64_t members_of(const Buffer& out) {
  int64_t found = 1;
  for (int64_t axis = 0; axis + 2 < out.dimensions.size; ++axis) found *= out.dimensions[axis];
  return found;
}

int64_t axis_from_end(const Buffer& buffer, int64_t axis) {
  return buffer.dimensions[buffer.dimensions.size - axis];
}

// Padding is negative; ids beyond the vocabulary are left out too.
bool is_symbol(int32_t id, int64_t symbols) { return id >= 0 && id < symbols; }

// out += Σ factors · vectors
template <int64_t count>
void add(const float* const* vectors, const float* factors, float* out, int64_t width) {
  for_each_vector(width, [&](int64_t at, auto lanes) {
    Vector total = load(out + at, lanes);
#pragma GCC unroll 4
    for (int64_t i = 0; i < count; ++i) total += factors[i] * load(vectors[i] + at, lanes);
    store(out + at, lanes, total);
  });
}

struct Table {
  const float* weight;
  int64_t symbols, width;
};

// out = Σ scales · weight[ids]
void bag(const Table& table, const int32_t* ids, const float* scales, int64_t count, float* out) {
  const int64_t width = table.width;
  const float* vectors[kChunk];
  float factors[kChunk];
  std::fill(out, out + width, 0.f);
  for (int64_t start = 0; start < count; start += kChunk) {
    const int64_t end = std::min(count, start + kChunk);
    int64_t kept = 0, at = 0;
    for (int64_t i = start; i < end; ++i) {
      const bool is_kept = is_symbol(ids[i], table.symbols);
      vectors[kept] = table.weight + (is_kept ? ids[i] : 0) * width;
      factors[kept] = scales[i];
      kept += is_kept;
    }
    for (; at + kTogether <= kept; at += kTogether) add<kTogether>(vectors + at, factors + at, out, width);
    for (; at < kept; ++at) add<1>(vectors + at, factors + at, out, width);
  }
}

// Operands: weight, ids, scale; result: a sum for each row of ids.
void embedding_bag(const Call& call) {
  const Buffer weight = call.operand(0), ids = call.operand(1), scale = call.operand(2), out = call.result();
  const int64_t rows = axis_from_end(ids, 2), count = axis_from_end(ids, 1);
  const int64_t tasks = (rows + kRows - 1) / kRows, width = axis_from_end(weight, 1);
  ParallelFor(call.threads, int(members_of(out) * tasks), [&](int task) {
    const int64_t member = task / tasks, first = task % tasks * kRows;
    const Table table{of_member<float>(weight, out, member), axis_from_end(weight, 2), width};
    const auto* own_ids = of_member<int32_t>(ids, out, member);
    const auto* own_scale = of_member<float>(scale, out, member);
    float* sums = static_cast<float*>(out.data) + member * rows * width;
    for (int64_t row = first; row < std::min(rows, first + kRows); ++row)
      bag(table, own_ids + row * count, own_scale + row * count, count, sums + row * width);
  });
}

// Entries of one member sorted by stretches of 2^shift symbols.
class Sorted {
 public:
  Sorted(const Threads& threads, int64_t symbols, int64_t width) : threads_(threads), symbols_(symbols) {
    while (shift_ < 30 && (width << (shift_ + 1)) * int64_t(sizeof(float)) <= kStretchBytes) ++shift_;
    while (shift_ > 0 && stretches() < fine_tasks(threads)) --shift_;
  }

  int64_t stretches() const { return ((symbols_ - 1) >> shift_) + 1; }
  int64_t first_symbol(int64_t stretch) const { return std::min(stretch << shift_, symbols_); }
  const Entry* begin(int64_t stretch) const { return entries_ + starts_[stretch]; }
  const Entry* end(int64_t stretch) const { return entries_ + starts_[stretch + 1]; }

  void sort(const int32_t* ids, const float* scale, int64_t rows, int64_t count) {
    const int64_t pieces = std::min(rows, fine_tasks(threads_));
    places_.assign(pieces * stretches(), 0);
    each(ids, rows, count, pieces, [&](int64_t& place, int64_t, int64_t) { ++place; });
    starts_.assign(1, 0);
    for (int64_t stretch = 0, total = 0; stretch < stretches(); ++stretch) {
      for (int64_t piece = 0; piece < pieces; ++piece) {
        int64_t& place = places_[piece * stretches() + stretch];
        total += place;
        place = total - place;
      }
      starts_.push_back(total);
    }
    Entry* entries = static_cast<Entry*>(scratch(0, std::max<int64_t>(1, starts_.back()) * sizeof(Entry)));
    each(ids, rows, count, pieces, [=](int64_t& place, int64_t row, int64_t at) {
      entries[place++] = {ids[at], int32_t(row), scale[at]};
    });
    entries_ = entries;
  }

 private:
  // Call work(place, row, entry) for all entries that are no padding, in pieces of rows; `place` is that of the
  // piece and the stretch.
  template <class Work>
  void each(const int32_t* ids, int64_t rows, int64_t count, int64_t pieces, const Work& work) {
    ParallelFor(threads_, int(pieces), [&](int piece) {
      const int64_t symbols = symbols_;  // copies, which no write can change
      const int shift = shift_;
      int64_t* places = places_.data() + piece * stretches();
      for (int64_t row = rows * piece / pieces, end = rows * (piece + 1) / pieces; row < end; ++row)
        for (int64_t at = row * count; at < (row + 1) * count; ++at)
          if (is_symbol(ids[at], symbols)) work(places[ids[at] >> shift], row, at);
    });
  }

  const Threads& threads_;
  const int64_t symbols_;
  int shift_ = 0;
  Entry* entries_ = nullptr;
  std::vector<int64_t> starts_;  // of stretches
  std::vector<int64_t> places_;  // where the next entry of a piece goes, for each stretch
};

// Operands: change of each sum, ids, scale; result: the gradient of the weight.
void embedding_bag_gradient(const Call& call) {
  const Buffer change = call.operand(0), ids = call.operand(1), scale = call.operand(2), out = call.result();
  const int64_t rows = axis_from_end(ids, 2), count = axis_from_end(ids, 1);
  const int64_t symbols = axis_from_end(out, 2), width = axis_from_end(out, 1);
  Sorted sorted(call.threads, symbols, width);
  const int32_t* sorted_ids = nullptr;
  const float* sorted_scale = nullptr;
  for (int64_t member = 0; member < members_of(out); ++member) {
    const auto* changes = of_member<float>(change, out, member);
    const auto* own_ids = of_member<int32_t>(ids, out, member);
    const auto* own_scale = of_member<float>(scale, out, member);
    if (own_ids != sorted_ids || own_scale != sorted_scale)  // else members share them
      sorted.sort(sorted_ids = own_ids, sorted_scale = own_scale, rows, count);
    float* gradient = static_cast<float*>(out.data) + member * symbols * width;
    ParallelFor(call.threads, int(sorted.stretches()), [&](int stretch) {
      const int64_t first = sorted.first_symbol(stretch), end = sorted.first_symbol(stretch + 1);
      std::fill(gradient + first * width, gradient + end * width, 0.f);
      for (const Entry* entry = sorted.begin(stretch); entry < sorted.end(stretch); ++entry) {
        const float* vector = changes + entry->row * width;
        add<1>(&vector, &entry->scale, gradient + entry->id * width, width);
      }
    });
  }
}

}  // namespace
}  // namespace lamina

extern "C" XLA_FFI_Error* embedding_bag_f32(XLA_FFI_CallFrame* frame) {
  return lamina::handle(frame, lamina::embedding_bag);
}
extern "C" XLA_FFI_Error* embedding_bag_gradient_f32(XLA_FFI_CallFrame* frame) {
  return lamina::handle(frame, lamina::embedding_bag_gradient);
}
