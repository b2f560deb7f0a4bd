// Attention of any length by blocks of queries and keys: only the keys that a block of queries can see are computed,
// and no matrix of times × times is ever stored.
//
// Forward, for a block of queries and one block of keys after another, with the running maximum m and sum l of a row:
//     S = Q · Kᵀ / √k,  m' = max(m, max S),  P = e^(S - m'),  l = l · e^(m - m') + Σ P,  O = O · e^(m - m') + P · V;
// at the end O / l and the statistic L = m + ln l, from which the backward pass recomputes P = e^(S - L). With D the
// gradient of O and δ = rowsum(D ⊙ O):
//     dV += Pᵀ · D,  dS = P ⊙ (D · Vᵀ - δ) / √k,  dQ += dS · K,  dK += dSᵀ · Q.
// A member is one head of keys of one example, with all heads of queries that share it (grouped-query attention); its
// keys and values are packed once into panels that the register tiles of `products.h` read.
// References: Dao et al. FlashAttention. NeurIPS 2022. Ainslie et al. GQA. EMNLP 2023. Press et al. Train short, test
// long (ALiBi). ICLR 2022.

#include <cmath>
#include <limits>

#include "exponential.h"
#include "vectors.h"
#include "products.h"

namespace lamina {
namespace {

constexpr int64_t kQueries = 96, kKeys = 128;  // of a block: its scores and its values stay in the caches
constexpr float kLeast = -std::numeric_limits<float>::infinity();
constexpr float kStart = -1e29f;  // a maximum of nothing yet: finite, so that e^(-∞ - m) is zero
const float kZeros[kMostVectors * kLanes] = {};

// Queries (…, t, h, k); keys and values (…, s, g, k); what is added to the scores of a key (…, s) and the slope of a
// head over the distance (…, h), each empty where there is none.
struct Heads {
  int64_t batch = 1, t, s, h, g, k, before, after;
  const float *query, *key, *value, *bias, *slopes;

  Heads(const Call& call, int first) {
    const Buffer q = call.operand(first), of = call.operand(first + 1);
    const int64_t* sizes = q.dimensions.data + q.dimensions.size - 3;
    t = sizes[0], h = sizes[1], k = sizes[2];
    s = of.dimensions[of.dimensions.size - 3], g = of.dimensions[of.dimensions.size - 2];
    for (const int64_t* size = q.dimensions.data; size < sizes; ++size) batch *= *size;
    const auto data = [&](int i) {
      const Buffer found = call.operand(first + i);
      return found.size() > 0 ? static_cast<const float*>(found.data) : nullptr;
    };
    query = data(0), key = data(1), value = data(2), bias = data(3), slopes = data(4);
    const Sizes reach = call.sizes("reach");
    before = reach[0], after = reach[1];
  }

  int64_t members() const { return batch * g; }
  int64_t group() const { return h / g; }

  // Where a head of an array with so many rows and heads begins, and the step between its rows.
  Matrix rows_of(const float* of, int64_t example, int64_t rows, int64_t heads, int64_t head) const {
    return {of + (example * rows * heads + head) * k, heads * k, 1};
  }
};

// Rows of numbers, cut into panels that the tiles read: panel by panel, each row `vectors` long.
struct Panels {
  float* data;
  int64_t rows;  // that each panel has room for
};

void pack_all(Matrix of, int64_t rows, int64_t columns, const Blocks& blocks, Panels to) {
  for (size_t panel = 0; panel < blocks.count(); ++panel) {
    const int64_t start = blocks.start[panel], width = blocks.vectors[panel] * kLanes;
    const Matrix from{of.data + start * of.column, of.row, of.column};
    (of.column == 1 ? pack_rows : pack_columns)(from, rows, std::min(width, columns - start), width,
                                                to.data + start * to.rows);
  }
}

// out = left · rows `first` to `first + k` of the panels `begin` to `end`; out has room for whole vectors.
void product(Matrix left, int64_t rows, int64_t k, Panels right, int64_t first, const Blocks& blocks, size_t begin,
             size_t end, Target out) {
  for (size_t panel = begin; panel < end; ++panel)
    with_vectors(blocks.vectors[panel], [&](auto vectors) {
      constexpr int V = decltype(vectors)::value;
      const int64_t start = blocks.start[panel];
      const Panel from{kZeros, right.data + start * right.rows + first * V * kLanes, V * kLanes};
      tiles<kRows<V>, V>(left, rows, k, from, false, out.data + start - blocks.start[begin], out.row, V * kLanes);
    });
}

// Keys of a block: where they begin, how many, and the panels of transposed keys that hold them.
struct Stretch {
  int64_t first, count;
  size_t begin, end;
};

// Blocks of keys are whole panels, so that all panels but the last are as wide.
class Keys {
 public:
  explicit Keys(int64_t s) : s_(s) {
    for (int64_t at = 0; at < s; at += kWide) {
      const int64_t vectors = (std::min(kWide, s - at) + kLanes - 1) / kLanes;
      panels_.start.push_back(at);
      panels_.vectors.push_back(int(vectors));
      panels_.width = at + vectors * kLanes;
    }
  }

  const Blocks& panels() const { return panels_; }

  // Call work for the blocks of keys that queries `first` to `last`, the last not included, can see.
  template <class Work>
  void each(const Heads& of, int64_t first, int64_t last, const Work& work) const {
    const int64_t low = std::max<int64_t>(0, first - of.before), high = std::min(s_, last + of.after);
    for (int64_t at = low / kKeys * kKeys; at < high; at += kKeys) {
      const int64_t count = std::min(kKeys, high - at);
      work(Stretch{at, count, size_t(at / kWide), size_t((at + count + kWide - 1) / kWide)});
    }
  }

 private:
  static constexpr int64_t kWide = kMostVectors * kLanes;
  static_assert(kKeys % kWide == 0);
  const int64_t s_;
  Blocks panels_{0, kLanes, kMostVectors};
};

// What a row of scores is made of: which of a block's keys it sees, and what is added.
struct Line {
  int64_t from, to;  // in the block
  const float* bias;
  float slope, distance;  // of the block's first key
};

Line line_of(const Heads& of, const Stretch& keys, int64_t example, int64_t head, int64_t query) {
  const int64_t from = std::clamp<int64_t>(query - of.before - keys.first, 0, keys.count);
  const int64_t to = std::clamp<int64_t>(query + of.after + 1 - keys.first, from, keys.count);
  return {from, to, of.bias == nullptr ? nullptr : of.bias + example * of.s + keys.first,
          of.slopes == nullptr ? 0.f : of.slopes[example * of.h + head], float(keys.first - query)};
}

Vector counting() {
  Vector found{};
  for (int lane = 0; lane < kLanes; ++lane) found[lane] = float(lane);
  return found;
}

// Scaled scores of a vector of keys: S / √k + bias - slope · |distance|.
template <class Lanes>
inline Vector scored(const Line& line, const float* scores, int64_t at, Lanes lanes, float scale) {
  Vector x = load(scores + at, lanes) * scale;
  if (line.bias != nullptr) x += load(line.bias + at, lanes);
  if (line.slope != 0.f) {
    const Vector far = counting() + (line.distance + float(at));
    x -= line.slope * (far < 0.f ? -far : far);
  }
  return x;
}

template <class Work>
inline void for_each_seen(const Line& line, const Work& work) {
  for_each_vector(line.to - line.from, [&](int64_t at, auto lanes) { work(line.from + at, lanes); });
}

void zero_unseen(const Line& line, float* row, int64_t count) {
  std::memset(row, 0, line.from * sizeof(float));
  std::memset(row + line.to, 0, (count - line.to) * sizeof(float));
}

// Replace a row of scores by e^(score - m'), update m and l, and return e^(m - m').
float online_softmax(const Line& line, float* row, int64_t count, float scale, float& m, float& l) {
  Vector most = Vector{} + m, sums{};
  const bool is_plain = line.bias == nullptr && line.slope == 0.f;
  for_each_seen(line, [&](int64_t at, auto lanes) {
    Vector x = is_plain ? load(row + at, lanes, kLeast) * scale : scored(line, row, at, lanes, scale);
    store(row + at, lanes, x);
    x = load(row + at, lanes, kLeast);
    most = x > most ? x : most;
  });
  float largest = most[0];
  for (int lane = 1; lane < kLanes; ++lane) largest = std::max(largest, most[lane]);
  for_each_seen(line, [&](int64_t at, auto lanes) {
    const Vector e = exponential(load(row + at, lanes, kLeast) - largest);
    store(row + at, lanes, e);
    sums += e;
  });
  zero_unseen(line, row, count);
  const float shrink = std::exp(m - largest);
  l = l * shrink + sum(sums);
  m = largest;
  return shrink;
}

// Replace scores by weights e^(score - statistic), and the gradient of the weights by that of the scores.
void scores_back(const Line& line, float* row, float* change, int64_t count, float scale, float statistic,
                 float delta) {
  for_each_seen(line, [&](int64_t at, auto lanes) {
    Vector x = scored(line, row, at, lanes, scale) - statistic;
    x = x < 0.f ? x : (x == x ? Vector{} : x);  // rounding may leave a little more than nothing
    const Vector weight = exponential(x);
    store(row + at, lanes, weight);
    store(change + at, lanes, scale * weight * (load(change + at, lanes) - delta));
  });
  zero_unseen(line, row, count);
  zero_unseen(line, change, count);
}

// Pieces of one stretch of scratch memory.
class Memory {
 public:
  float* take(int64_t numbers) {
    const int64_t at = used_;
    used_ += (numbers + 15) / 16 * 16;
    return base_ == nullptr ? nullptr : base_ + at;
  }
  // Call layout(memory) twice: once to count, once to hand out.
  template <class Layout>
  static void lay_out(const Layout& layout) {
    Memory counted, given;
    layout(counted);
    given.base_ = static_cast<float*>(scratch(1, counted.used_ * sizeof(float)));
    layout(given);
  }

 private:
  float* base_ = nullptr;
  int64_t used_ = 0;
};

void add_rows(const float* from, int64_t rows, int64_t width, float* to) {
  for (int64_t at = 0; at < rows * width; at += kLanes)
    Float::put(to + at, Float::vector(to + at) + Float::vector(from + at));
}

void put_rows(const float* from, int64_t rows, int64_t width, Target to, int64_t columns) {
  for (int64_t row = 0; row < rows; ++row) put_first(to.data + row * to.row, from + row * width, columns);
}

// Operands: queries, keys, values, bias, slopes; results: what is mixed (…, t, h, k), statistics (…, h, t).
void causal_attention(const Call& call) {
  const Heads of(call, 0);
  auto* mixed = static_cast<float*>(call.result(0).data);
  auto* statistics = static_cast<float*>(call.result(1).data);
  const Keys keys(of.s);
  const Blocks over_width(of.k, kLanes, kMostVectors);
  const int64_t wide = over_width.width, blocks = (of.t + kQueries - 1) / kQueries * of.group();
  const float scale = 1.f / std::sqrt(float(of.k));
  // Few members are cut into every n-th block of queries, for which each task packs keys and values again.
  const int64_t fine = fine_tasks(call.threads), members = of.members();
  const int64_t cuts = std::max<int64_t>(1, std::min(blocks, fine / std::max<int64_t>(1, members)));
  ParallelFor(call.threads, int(members * cuts), [&](int task) {
    const int64_t member = task / cuts, example = member / of.g, g = member % of.g;
    Panels across, down{nullptr, of.s};
    float *scores, *sums, *some, *most, *total;
    across.rows = of.k;
    Memory::lay_out([&](Memory& memory) {
      across.data = memory.take(of.k * keys.panels().width);
      down.data = memory.take(of.s * wide);
      scores = memory.take(kQueries * kKeys);
      sums = memory.take(kQueries * wide), some = memory.take(kQueries * wide);
      most = memory.take(kQueries), total = memory.take(kQueries);
    });
    const Matrix key = of.rows_of(of.key, example, of.s, of.g, g);
    pack_all({key.data, 1, key.row}, of.k, of.s, keys.panels(), across);
    pack_all(of.rows_of(of.value, example, of.s, of.g, g), of.s, of.k, over_width, down);
    for (int64_t block = task % cuts; block < blocks; block += cuts) {
      const int64_t head = g * of.group() + block % of.group(), first = block / of.group() * kQueries;
      const int64_t rows = std::min(kQueries, of.t - first);
      Matrix query = of.rows_of(of.query, example, of.t, of.h, head);
      query.data += first * query.row;
      for (int64_t i = 0; i < rows; ++i) most[i] = kStart, total[i] = 0.f;
      std::memset(sums, 0, rows * wide * sizeof(float));
      keys.each(of, first, first + rows, [&](const Stretch& seen) {
        product(query, rows, of.k, across, 0, keys.panels(), seen.begin, seen.end, {scores, kKeys});
        float shrinks[kQueries];
        for (int64_t i = 0; i < rows; ++i) {
          const Line line = line_of(of, seen, example, head, first + i);
          shrinks[i] = online_softmax(line, scores + i * kKeys, seen.count, scale, most[i], total[i]);
        }
        product({scores, kKeys, 1}, rows, seen.count, down, seen.first, over_width, 0, over_width.count(),
                {some, wide});
        for (int64_t i = 0; i < rows; ++i)
          for (int64_t at = i * wide; at < (i + 1) * wide; at += kLanes)
            Float::put(sums + at, Float::vector(sums + at) * shrinks[i] + Float::vector(some + at));
      });
      float* out = statistics + (example * of.h + head) * of.t + first;
      for (int64_t i = 0; i < rows; ++i) {
        const bool sees = total[i] != 0.f;  // nothing seen gives zeros
        const float share = sees ? 1.f / total[i] : 0.f;
        for (int64_t at = i * wide; at < (i + 1) * wide; at += kLanes)
          Float::put(sums + at, Float::vector(sums + at) * share);
        out[i] = sees ? most[i] + std::log(total[i]) : 0.f;
      }
      const int64_t begin = ((example * of.t + first) * of.h + head) * of.k;
      put_rows(sums, rows, wide, {mixed + begin, of.h * of.k}, of.k);
    }
  });
}

// Operands: the gradient of what was mixed, what was mixed, statistics, then those of the forward pass; results: the
// gradients of queries, keys and values.
void causal_attention_gradient(const Call& call) {
  const Heads of(call, 3);
  const auto* change = static_cast<const float*>(call.operand(0).data);
  const auto* mixed = static_cast<const float*>(call.operand(1).data);
  const auto* statistics = static_cast<const float*>(call.operand(2).data);
  float* to[3];
  for (int i = 0; i < 3; ++i) to[i] = static_cast<float*>(call.result(i).data);
  const Keys keys(of.s);
  const Blocks over_width(of.k, kLanes, kMostVectors);
  const int64_t wide = over_width.width;
  const size_t all = over_width.count();
  const float scale = 1.f / std::sqrt(float(of.k));
  ParallelFor(call.threads, int(of.members()), [&](int member) {
    const int64_t example = member / of.g, g = member % of.g;
    Panels key_across{nullptr, of.k}, value_across{nullptr, of.k}, key_down{nullptr, of.s};
    Panels query_down{nullptr, kQueries}, change_down{nullptr, kQueries};
    float *scores, *changes, *dquery, *some, *dkey, *dvalue, delta[kQueries];
    Memory::lay_out([&](Memory& memory) {
      key_across.data = memory.take(of.k * keys.panels().width);
      value_across.data = memory.take(of.k * keys.panels().width);
      key_down.data = memory.take(of.s * wide);
      query_down.data = memory.take(kQueries * wide), change_down.data = memory.take(kQueries * wide);
      scores = memory.take(kQueries * kKeys), changes = memory.take(kQueries * kKeys);
      dquery = memory.take(kQueries * wide), some = memory.take(std::max(kQueries, kKeys) * wide);
      dkey = memory.take(of.s * wide), dvalue = memory.take(of.s * wide);
    });
    const Matrix key = of.rows_of(of.key, example, of.s, of.g, g);
    const Matrix value = of.rows_of(of.value, example, of.s, of.g, g);
    pack_all({key.data, 1, key.row}, of.k, of.s, keys.panels(), key_across);
    pack_all({value.data, 1, value.row}, of.k, of.s, keys.panels(), value_across);
    pack_all(key, of.s, of.k, over_width, key_down);
    std::memset(dkey, 0, of.s * wide * sizeof(float));
    std::memset(dvalue, 0, of.s * wide * sizeof(float));
    for (int64_t head = g * of.group(); head < (g + 1) * of.group(); ++head)
      for (int64_t first = 0; first < of.t; first += kQueries) {
        const int64_t rows = std::min(kQueries, of.t - first);
        const auto block = [&](const float* from) {
          Matrix found = of.rows_of(from, example, of.t, of.h, head);
          found.data += first * found.row;
          return found;
        };
        const Matrix query = block(of.query), above = block(change), was = block(mixed);
        pack_all(query, rows, of.k, over_width, query_down);
        pack_all(above, rows, of.k, over_width, change_down);
        for (int64_t i = 0; i < rows; ++i) {
          Vector sums{};
          for_each_vector(of.k, [&](int64_t at, auto lanes) {
            sums += load(above.data + i * above.row + at, lanes) * load(was.data + i * was.row + at, lanes);
          });
          delta[i] = sum(sums);
        }
        const float* statistic = statistics + (example * of.h + head) * of.t + first;
        std::memset(dquery, 0, rows * wide * sizeof(float));
        keys.each(of, first, first + rows, [&](const Stretch& seen) {
          product(query, rows, of.k, key_across, 0, keys.panels(), seen.begin, seen.end, {scores, kKeys});
          product(above, rows, of.k, value_across, 0, keys.panels(), seen.begin, seen.end, {changes, kKeys});
          for (int64_t i = 0; i < rows; ++i) {
            const Line line = line_of(of, seen, example, head, first + i);
            scores_back(line, scores + i * kKeys, changes + i * kKeys, seen.count, scale, statistic[i], delta[i]);
          }
          product({changes, kKeys, 1}, rows, seen.count, key_down, seen.first, over_width, 0, all, {some, wide});
          add_rows(some, rows, wide, dquery);
          product({changes, 1, kKeys}, seen.count, rows, query_down, 0, over_width, 0, all, {some, wide});
          add_rows(some, seen.count, wide, dkey + seen.first * wide);
          product({scores, 1, kKeys}, seen.count, rows, change_down, 0, over_width, 0, all, {some, wide});
          add_rows(some, seen.count, wide, dvalue + seen.first * wide);
        });
        const int64_t begin = ((example * of.t + first) * of.h + head) * of.k;
        put_rows(dquery, rows, wide, {to[0] + begin, of.h * of.k}, of.k);
      }
    const int64_t begin = (example * of.s * of.g + g) * of.k;
    put_rows(dkey, of.s, wide, {to[1] + begin, of.g * of.k}, of.k);
    put_rows(dvalue, of.s, wide, {to[2] + begin, of.g * of.k}, of.k);
  });
}

}  // namespace
}  // namespace lamina

extern "C" XLA_FFI_Error* causal_attention_f32(XLA_FFI_CallFrame* frame) {
  return lamina::handle(frame, lamina::causal_attention);
}
extern "C" XLA_FFI_Error* causal_attention_gradient_f32(XLA_FFI_CallFrame* frame) {
  return lamina::handle(frame, lamina::causal_attention_gradient);
}
