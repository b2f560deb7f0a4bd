// Sums, maxima and softmax over the edges of each node, and rows gathered for each edge.
//
// `edge_order` lists the edges node by node (a counting sort: the edges of a node keep their order). The others take
// nodes in parallel and go over each node's edges in that order, with the sums in registers: every number is written
// once, by one thread, and the number of threads changes no bit. All graphs of a batch are one list of nodes; members
// that share an operand read it in place.

#include <algorithm>
#include <limits>

#include "exponential.h"
#include "parallel.h"
#include "vectors.h"

namespace lamina {
namespace {

constexpr int64_t kTaskWork = 1 << 15;     // numbers of a task: fewer are not worth waking a thread up
constexpr int64_t kDirectNodes = 1 << 14;  // whose counters stay in the cache, and edges whose list does
constexpr int64_t kStretches = 512;        // of nodes, as many lines of the cache are written to at a time
constexpr int64_t kAhead = 12;             // edges between fetching a row and using it

// The part of an operand that belongs to a member: axes before its own hold one or all members.
template <class Element>
const Element* of_member(const Buffer& operand, int own, const Buffer& out, int out_own, int64_t member) {
  const int64_t axes = operand.dimensions.size - own, shift = out.dimensions.size - out_own - axes;
  int64_t found = 0, stride = 1;
  for (int64_t axis = axes; axis < operand.dimensions.size; ++axis) stride *= operand.dimensions[axis];
  for (int64_t axis = axes - 1; axis >= 0; --axis) {
    if (operand.dimensions[axis] != 1) found += member % out.dimensions[axis + shift] * stride;
    stride *= operand.dimensions[axis];
    member /= out.dimensions[axis + shift];
  }
  return static_cast<const Element*>(operand.data) + found;
}

int64_t axis_from_end(const Buffer& buffer, int64_t axis) {
  return buffer.dimensions[buffer.dimensions.size - axis];
}

int64_t members_of(const Buffer& out, int own) {
  int64_t found = 1;
  for (int64_t axis = 0; axis < out.dimensions.size - own; ++axis) found *= out.dimensions[axis];
  return found;
}

// How many tasks to make of each member's work.
int64_t tasks_of(const Threads& threads, int64_t members, int64_t work) {
  return std::max<int64_t>(1, std::min(fine_tasks(threads), members * work / kTaskWork) / members);
}

// `lanes` numbers from p on; what follows them is read too where it is there, which is faster, and means nothing.
inline Vector load_within(const float* p, int64_t lanes, const float* end) {
  return p + kLanes <= end ? Float::vector(p) : load(p, lanes);
}

inline Vector load_within(const float* p, AllLanes lanes, const float*) { return load(p, lanes); }

// Call work(at, vectors, lanes) for up to four vectors at a time; `lanes` counts those of a last, shorter vector.
template <class Work>
inline void for_each_chunk(int64_t width, const Work& work) {
  int64_t at = 0;
  for (; at + 4 * kLanes <= width; at += 4 * kLanes) work(at, std::integral_constant<int, 4>(), AllLanes());
  if (at + 2 * kLanes <= width) work(at, std::integral_constant<int, 2>(), AllLanes()), at += 2 * kLanes;
  if (at + kLanes <= width) work(at, std::integral_constant<int, 1>(), AllLanes()), at += kLanes;
  if (at < width) work(at, std::integral_constant<int, 1>(), width - at);
}

// Edges node by node.
struct Order {
  const int32_t *starts, *edges;
  int64_t nodes;

  int64_t count() const { return starts[nodes]; }

  // The first node of a task, so that tasks have as many edges and nodes.
  int64_t first(int64_t task, int64_t tasks) const {
    const int64_t goal = (count() + nodes) * task / tasks;
    int64_t low = 0, high = nodes;
    while (low < high) {
      const int64_t middle = (low + high) / 2;
      if (starts[middle] + middle < goal)
        low = middle + 1;
      else
        high = middle;
    }
    return low;
  }
};

Order order_of(const Buffer& starts, const Buffer& edges, const Buffer& out, int out_own, int64_t member) {
  return {of_member<int32_t>(starts, 1, out, out_own, member), of_member<int32_t>(edges, 1, out, out_own, member),
          axis_from_end(starts, 1) - 1};
}

// The nodes of all edges of a member, and the lists that are made of them.
struct Listing {
  const int32_t* ids;
  int64_t graphs, edges, nodes;  // edges and nodes of a graph
  int32_t *starts, *order;

  int64_t all() const { return graphs * edges; }
  int64_t rows() const { return graphs * nodes; }

  // Call work(row, edge) for the edges from `first` to `end` that are there.
  template <class Work>
  void each(int64_t first, int64_t end, const Work& work) const {
    const int64_t graph_nodes = nodes;  // a copy, which no write can change
    const int32_t* own = ids;
    for (int64_t graph = edges ? first / edges : 0, at = first; at < end; ++graph)
      for (const int64_t last = std::min(end, (graph + 1) * edges); at < last; ++at)
        if (own[at] >= 0 && own[at] < graph_nodes) work(graph * graph_nodes + own[at], at);
  }
};

// Whether the edges stand in the order of their nodes already.
bool is_sorted(const Listing& listing) {
  constexpr int64_t kStep = 1 << 12;  // edges between two looks at the answer
  int64_t last = 0;
  bool found = true;
  for (int64_t at = 0; at < listing.all() && found; at += kStep)
    listing.each(at, std::min(listing.all(), at + kStep), [&](int64_t row, int64_t) {
      found &= row >= last;
      last = row;
    });
  return found;
}

int32_t list_sorted(const Listing& listing) {
  int32_t *starts = listing.starts, *order = listing.order, total = 0;
  int64_t next = 0;  // the first node whose start is not known yet
  listing.each(0, listing.all(), [&](int64_t row, int64_t at) {
    while (next <= row) starts[next++] = total;
    order[total++] = int32_t(at);
  });
  std::fill(starts + next, starts + listing.rows(), total);
  return total;
}

// Turn counts into places, in order; return the sum.
int32_t add_up(int32_t* counts, int64_t size, int32_t total = 0) {
  for (int64_t i = 0; i < size; ++i) {
    total += counts[i];
    counts[i] = total - counts[i];
  }
  return total;
}

// A counting sort; counters of few nodes stay in the cache.
int32_t list_directly(const Listing& listing) {
  int32_t *starts = listing.starts, *order = listing.order;
  const int64_t rows = listing.rows();
  int32_t* places = static_cast<int32_t*>(scratch(0, (rows + 1) * sizeof(int32_t)));
  std::fill(places, places + rows, 0);
  listing.each(0, listing.all(), [=](int64_t row, int64_t) { ++places[row]; });
  const int32_t total = add_up(places, rows);
  std::copy(places, places + rows, starts);
  listing.each(0, listing.all(), [=](int64_t row, int64_t at) { order[places[row]++] = int32_t(at); });
  return total;
}

struct Entry {
  int32_t row, edge;
};

// A counting sort by stretches of 2^shift nodes, and one in each stretch: jumps over all memory would miss every cache.
// `loop(count, work)` calls work(0) … work(count - 1), in parallel perhaps; edges are cut into as many pieces.
template <class Loop>
int32_t list_by_stretches(const Listing& listing, int64_t pieces, const Loop& loop) {
  int shift = 0;
  while ((listing.rows() - 1) >> shift >= kStretches) ++shift;
  const int64_t stretches = ((listing.rows() - 1) >> shift) + 1, all = listing.all();
  std::vector<int32_t> counts(stretches * pieces, 0), firsts;  // stretch by stretch
  const auto each = [&](const auto& work) {
    loop(pieces, [&](int64_t piece) {
      std::vector<int32_t> own(stretches);
      for (int64_t i = 0; i < stretches; ++i) own[i] = counts[i * pieces + piece];
      int32_t* places = own.data();
      listing.each(all * piece / pieces, all * (piece + 1) / pieces,
                   [=](int64_t row, int64_t at) { work(places[row >> shift], row, at); });
      for (int64_t i = 0; i < stretches; ++i) counts[i * pieces + piece] = own[i];
    });
  };
  each([](int32_t& place, int64_t, int64_t) { ++place; });
  const int32_t total = add_up(counts.data(), stretches * pieces);
  for (int64_t i = 0; i < stretches; ++i) firsts.push_back(counts[i * pieces]);
  firsts.push_back(total);
  Entry* entries = static_cast<Entry*>(scratch(1, (int64_t(total) + 1) * sizeof(Entry)));
  each([=](int32_t& place, int64_t row, int64_t at) { entries[place++] = {int32_t(row), int32_t(at)}; });
  loop(stretches, [&](int64_t stretch) {
    const int64_t first = stretch << shift, size = std::min(listing.rows() - first, int64_t(1) << shift);
    int32_t* places = static_cast<int32_t*>(scratch(0, size * sizeof(int32_t)));
    std::fill(places, places + size, 0);
    const Entry *begin = entries + firsts[stretch], *end = entries + firsts[stretch + 1];
    for (const Entry* entry = begin; entry < end; ++entry) ++places[entry->row - first];
    add_up(places, size, firsts[stretch]);
    std::copy(places, places + size, listing.starts + first);
    for (const Entry* entry = begin; entry < end; ++entry) listing.order[places[entry->row - first]++] = entry->edge;
  });
  return total;
}

// Operand: the node of each edge, (graphs, edges), -1 where there is none; results: where the edges of each node begin
// in the list, and the list.
void edge_order(const Call& call) {
  const Buffer ids = call.operand(0), starts = call.result(0), order = call.result(1);
  const int64_t graphs = axis_from_end(ids, 2), edges = axis_from_end(ids, 1), all = graphs * edges;
  const int64_t rows = axis_from_end(starts, 1) - 1, members = members_of(starts, 1);
  ParallelFor(call.threads, int(members), [&](int member) {
    const Listing listing{static_cast<const int32_t*>(ids.data) + member * all,
                          graphs,
                          edges,
                          graphs ? rows / graphs : 0,
                          static_cast<int32_t*>(starts.data) + member * (rows + 1),
                          static_cast<int32_t*>(order.data) + member * all};
    const auto loop = [&](int64_t count, const auto& work) {
      if (members == 1) {
        ParallelFor(call.threads, int(count), work);
      } else {
        for (int64_t i = 0; i < count; ++i) work(i);
      }
    };
    const bool is_direct = rows <= kDirectNodes || all < kDirectNodes;
    const int64_t pieces = members == 1 ? call.threads.count() : 1;
    const int32_t total = is_direct            ? list_directly(listing)
                          : is_sorted(listing) ? list_sorted(listing)
                                               : list_by_stretches(listing, pieces, loop);
    listing.starts[rows] = total;
    std::fill(listing.order + total, listing.order + all, 0);
  });
}

// What is summed for an edge: the features of its sender …
struct Senders {
  const float* x;
  const int32_t* ids;
  int64_t nodes, width;

  const float* row(int64_t edge, int64_t graph) const {
    const int32_t id = ids[edge];
    return id >= 0 && id < nodes ? x + (graph * nodes + id) * width : nullptr;
  }
  void prefetch(int64_t edge) const { __builtin_prefetch(ids + edge); }
};

// … or numbers of its own.
struct Values {
  const float* values;
  int64_t width;

  const float* row(int64_t edge, int64_t) const { return values + edge * width; }
  void prefetch(int64_t) const {}
};

// Factors of an edge for a vector of features: none, one for all of them, or one for each head.
struct NoFactors {
  static constexpr bool kIsOne = true;
  Vector at(int64_t, int64_t) const { return Vector{}; }
};
struct OneFactor {
  static constexpr bool kIsOne = false;
  const float* weight;
  Vector at(int64_t edge, int64_t) const { return weight[edge] - Vector{}; }
};
struct WideHeads {  // whole vectors
  static constexpr bool kIsOne = false;
  const float* weight;
  int64_t heads, width;
  Vector at(int64_t edge, int64_t feature) const { return weight[edge * heads + feature / width] - Vector{}; }
};
struct NarrowHeads {
  static constexpr bool kIsOne = false;
  const float *weight, *end;
  int64_t heads;
  const int32_t* head_of;  // a feature
  Vector at(int64_t edge, int64_t feature) const {
    const float* own = weight + edge * heads;
#if !defined(__clang__)
    if (heads <= kLanes) {
      Whole lanes;
      std::memcpy(&lanes, head_of + feature, sizeof lanes);
      return __builtin_shuffle(load_within(own, heads, end), lanes);
    }
#endif
    Vector found;
    for (int lane = 0; lane < kLanes; ++lane) found[lane] = own[head_of[feature + lane]];
    return found;
  }
};

// out = Σ factors · rows over the edges of each node of a task
template <class Rows, class Factors>
void sum_nodes(const Order& order, int64_t first, int64_t last, int64_t nodes_of_graph, const Rows& rows,
               const Factors& factors, const float* end, float* out) {
  const int64_t width = rows.width, count = order.count();
  for (int64_t node = first; node < last; ++node) {
    const int64_t graph = node / nodes_of_graph, from = order.starts[node], to = order.starts[node + 1];
    for_each_chunk(width, [&](int64_t at, auto vectors, auto lanes) {
      constexpr int kCount = decltype(vectors)::value;
      Vector total[kCount] = {};
      for (int64_t i = from; i < to; ++i) {
        if (at == 0 && i + 2 * kAhead < count) rows.prefetch(order.edges[i + 2 * kAhead]);
        if (at == 0 && i + kAhead < count) {
          const float* next = rows.row(order.edges[i + kAhead], graph);
          if (next != nullptr)
            for (int64_t byte = 0; byte < width; byte += 16) __builtin_prefetch(next + byte);
        }
        const int64_t edge = order.edges[i];
        const float* row = rows.row(edge, graph);
        if (row == nullptr) continue;
#pragma GCC unroll 4
        for (int v = 0; v < kCount; ++v) {
          const Vector numbers = load_within(row + at + v * kLanes, lanes, end);
          if constexpr (Factors::kIsOne)
            total[v] += numbers;
          else
            total[v] += factors.at(edge, at + v * kLanes) * numbers;
        }
      }
#pragma GCC unroll 4
      for (int v = 0; v < kCount; ++v) store(out + node * width + at + v * kLanes, lanes, total[v]);
    });
  }
}

template <class Rows, class Factors>
void sum_member(const Call& call, const Order& order, int64_t task, int64_t tasks, int64_t nodes, const Rows& rows,
                const Factors& factors, const float* end, float* out) {
  sum_nodes(order, order.first(task, tasks), order.first(task + 1, tasks), nodes, rows, factors, end, out);
}

const float* end_of(const Buffer& buffer) { return static_cast<const float*>(buffer.data) + buffer.size(); }

// Operands: features (graphs, nodes, width), senders (graphs, edges), starts, order, and weights (graphs, edges, heads)
// unless all are 1; result: (graphs, nodes, width).
void edge_sum(const Call& call) {
  const Buffer x = call.operand(0), ids = call.operand(1), starts = call.operand(2), edges = call.operand(3);
  const Buffer out = call.result();
  const bool is_weighted = call.operands() > 4;
  const Buffer weight = is_weighted ? call.operand(4) : x;
  const int64_t width = axis_from_end(out, 1), nodes = axis_from_end(out, 2), size = nodes * axis_from_end(out, 3);
  const int64_t heads = is_weighted ? axis_from_end(weight, 1) : 1, members = members_of(out, 3);
  std::vector<int32_t> head_of(width + kLanes, 0);
  for (int64_t at = 0; at < width; ++at) head_of[at] = int32_t(at / (width / heads));
  const int64_t tasks = tasks_of(call.threads, members, axis_from_end(edges, 1) * width);
  ParallelFor(call.threads, int(members * tasks), [&](int number) {
    const int64_t member = number / tasks, task = number % tasks;
    const Order order = order_of(starts, edges, out, 3, member);
    const Senders rows{of_member<float>(x, 3, out, 3, member), of_member<int32_t>(ids, 2, out, 3, member),
                       axis_from_end(x, 2), width};
    float* own = static_cast<float*>(out.data) + member * size * width;
    const auto with = [&](const auto& factors) {
      sum_member(call, order, task, tasks, nodes, rows, factors, end_of(x), own);
    };
    if (!is_weighted) return with(NoFactors());
    const float* factors = of_member<float>(weight, 3, out, 3, member);
    if (heads == 1) return with(OneFactor{factors});
    if (width / heads % kLanes == 0) return with(WideHeads{factors, heads, width / heads});
    with(NarrowHeads{factors, end_of(weight), heads, head_of.data()});
  });
}

// Operands: values (graphs, edges, width), starts, order; result: their sums (graphs, nodes, width).
void scatter_sum(const Call& call) {
  const Buffer values = call.operand(0), starts = call.operand(1), edges = call.operand(2), out = call.result();
  const int64_t width = axis_from_end(out, 1), nodes = axis_from_end(out, 2), size = nodes * axis_from_end(out, 3);
  const int64_t members = members_of(out, 3);
  const int64_t tasks = tasks_of(call.threads, members, axis_from_end(edges, 1) * width);
  ParallelFor(call.threads, int(members * tasks), [&](int number) {
    const int64_t member = number / tasks, task = number % tasks;
    const Order order = order_of(starts, edges, out, 3, member);
    const Values rows{of_member<float>(values, 3, out, 3, member), width};
    float* own = static_cast<float*>(out.data) + member * size * width;
    sum_member(call, order, task, tasks, nodes, rows, NoFactors(), end_of(values), own);
  });
}

// Operands: values (graphs, edges, width), starts, order; results: the maxima (graphs, nodes, width), zero without an
// edge, and the first edge of the graph that has each, else -1.
void scatter_max(const Call& call) {
  const Buffer values = call.operand(0), starts = call.operand(1), edges = call.operand(2), out = call.result(0);
  const int64_t width = axis_from_end(out, 1), nodes = axis_from_end(out, 2), size = nodes * axis_from_end(out, 3);
  const int64_t members = members_of(out, 3), edges_of_graph = axis_from_end(values, 2);
  const int64_t tasks = tasks_of(call.threads, members, axis_from_end(edges, 1) * width);
  ParallelFor(call.threads, int(members * tasks), [&](int number) {
    const int64_t member = number / tasks, task = number % tasks;
    const Order order = order_of(starts, edges, out, 3, member);
    const float* own = of_member<float>(values, 3, out, 3, member);
    float* largest = static_cast<float*>(out.data) + member * size * width;
    int32_t* winners = static_cast<int32_t*>(call.result(1).data) + member * size * width;
    for (int64_t node = order.first(task, tasks), last = order.first(task + 1, tasks); node < last; ++node) {
      const int32_t first = int32_t(node / nodes * edges_of_graph);
      for_each_chunk(width, [&](int64_t at, auto vectors, auto lanes) {
        constexpr int kCount = decltype(vectors)::value;
        Vector found[kCount];
        Whole winner[kCount];
        for (int v = 0; v < kCount; ++v)
          found[v] = Vector{} - std::numeric_limits<float>::infinity(), winner[v] = Whole{} - 1;
        for (int64_t i = order.starts[node]; i < order.starts[node + 1]; ++i) {
          const int32_t edge = order.edges[i];
          if (at == 0 && i + kAhead < order.count())
            for (int64_t next = 0; next < width; next += 16)
              __builtin_prefetch(own + order.edges[i + kAhead] * width + next);
#pragma GCC unroll 4
          for (int v = 0; v < kCount; ++v) {
            const Vector numbers = load_within(own + edge * width + at + v * kLanes, lanes, end_of(values));
            const auto is_larger = (numbers > found[v]) | (numbers != numbers);  // NaN stays
            found[v] = is_larger ? numbers : found[v];
            winner[v] = is_larger ? Whole{} + (edge - first) : winner[v];
          }
        }
        for (int v = 0; v < kCount; ++v) {
          const int64_t place = node * width + at + v * kLanes;
          store(largest + place, lanes, winner[v] < 0 ? Vector{} : found[v]);
          std::memcpy(winners + place, &winner[v], lanes * sizeof(int32_t));
        }
      });
    }
  });
}

// Call work(member, graph, edge of the graph, edge of all graphs) for all edges of all members, in parallel.
template <class Work>
void each_edge(const Call& call, const Buffer& out, int64_t width, const Work& work) {
  const int64_t members = members_of(out, 3), edges = axis_from_end(out, 2), all = edges * axis_from_end(out, 3);
  const int64_t tasks = std::min(std::max<int64_t>(1, all), tasks_of(call.threads, members, all * width));
  ParallelFor(call.threads, int(members * tasks), [&](int number) {
    const int64_t member = number / tasks, task = number % tasks;
    const auto own = work(member);
    const int64_t end = all * (task + 1) / tasks;
    for (int64_t at = all * task / tasks; at < end;) {
      const int64_t graph = at / edges;
      for (const int64_t last = std::min(end, (graph + 1) * edges); at < last; ++at) own(graph, at - graph * edges, at);
    }
  });
}

// Operands: features (graphs, nodes, width), one node an edge (graphs, edges); result: its features, zeros for none.
void gather(const Call& call) {
  const Buffer x = call.operand(0), ids = call.operand(1), out = call.result();
  const int64_t width = axis_from_end(x, 1), nodes = axis_from_end(x, 2);
  const int64_t size = axis_from_end(out, 2) * axis_from_end(out, 3) * width;
  each_edge(call, out, width, [&](int64_t member) {
    const auto* own = of_member<float>(x, 3, out, 3, member);
    const auto* places = of_member<int32_t>(ids, 2, out, 3, member);
    float* found = static_cast<float*>(out.data) + member * size;
    return [=](int64_t graph, int64_t, int64_t at) {
      float* to = found + at * width;
      if (places[at] < 0 || places[at] >= nodes) {
        std::fill(to, to + width, 0.f);
        return;
      }
      const float* from = own + (graph * nodes + places[at]) * width;
      for_each_vector(width, [&](int64_t i, auto lanes) { store(to + i, lanes, load(from + i, lanes)); });
    };
  });
}

// Operands: changes of maxima and their winners (graphs, nodes, width), the node of each edge (graphs, edges); result:
// what each edge gets of them.
void scatter_max_gradient(const Call& call) {
  const Buffer change = call.operand(0), winners = call.operand(1), ids = call.operand(2), out = call.result();
  const int64_t width = axis_from_end(out, 1), nodes = axis_from_end(change, 2);
  const int64_t size = axis_from_end(out, 2) * axis_from_end(out, 3) * width;
  each_edge(call, out, width, [&](int64_t member) {
    const auto* changes = of_member<float>(change, 3, out, 3, member);
    const auto* own_winners = of_member<int32_t>(winners, 3, out, 3, member);
    const auto* places = of_member<int32_t>(ids, 2, out, 3, member);
    float* found = static_cast<float*>(out.data) + member * size;
    return [=](int64_t graph, int64_t edge, int64_t at) {
      float* __restrict to = found + at * width;
      if (places[at] < 0 || places[at] >= nodes) {
        std::fill(to, to + width, 0.f);
        return;
      }
      const int64_t row = (graph * nodes + places[at]) * width;
      for_each_vector(width, [&](int64_t feature, auto lanes) {
        Whole winner = {};
        std::memcpy(&winner, own_winners + row + feature, lanes * sizeof(int32_t));
        const Vector all = load(changes + row + feature, lanes);
        store(to + feature, lanes, winner == int32_t(edge) ? all : Vector{});
      });
    };
  });
}

inline float sum_of(Vector numbers) {
  float found[kLanes];
  std::memcpy(found, &numbers, sizeof found);
  for (int half = kLanes / 2; half > 0; half /= 2)
    for (int lane = 0; lane < half; ++lane) found[lane] += found[lane + half];
  return found[0];
}

float dot(const float* a, const float* b, int64_t width) {
  if (width < kLanes) {
    float found = 0.f;
    for (int64_t at = 0; at < width; ++at) found += a[at] * b[at];
    return found;
  }
  Vector total = {};
  for_each_vector(width, [&](int64_t at, auto lanes) { total += load(a + at, lanes) * load(b + at, lanes); });
  return sum_of(total);
}

// Operands: two arrays of features (graphs, nodes, width) and one node of each an edge (graphs, edges); result: the
// products of both rows, summed over the features of each head, (graphs, edges, heads).
void edge_dots(const Call& call) {
  const Buffer a = call.operand(0), b = call.operand(1), a_ids = call.operand(2), b_ids = call.operand(3);
  const Buffer out = call.result();
  const int64_t width = axis_from_end(a, 1), heads = axis_from_end(out, 1), each = width / heads;
  const int64_t a_nodes = axis_from_end(a, 2), b_nodes = axis_from_end(b, 2);
  const int64_t all = axis_from_end(out, 2) * axis_from_end(out, 3);
  each_edge(call, out, width, [&](int64_t member) {
    const auto *left = of_member<float>(a, 3, out, 3, member), *right = of_member<float>(b, 3, out, 3, member);
    const auto* left_ids = of_member<int32_t>(a_ids, 2, out, 3, member);
    const auto* right_ids = of_member<int32_t>(b_ids, 2, out, 3, member);
    float* found = static_cast<float*>(out.data) + member * all * heads;
    return [=](int64_t graph, int64_t, int64_t at) {
      if (at + kAhead < all) {
        const float* next_left = left + (graph * a_nodes + left_ids[at + kAhead]) * width;
        const float* next_right = right + (graph * b_nodes + right_ids[at + kAhead]) * width;
        for (int64_t byte = 0; byte < width; byte += 16)
          __builtin_prefetch(next_left + byte), __builtin_prefetch(next_right + byte);
      }
      const int32_t i = left_ids[at], j = right_ids[at];
      const bool is_edge = i >= 0 && i < a_nodes && j >= 0 && j < b_nodes;
      const float *row = left + (graph * a_nodes + i) * width, *other = right + (graph * b_nodes + j) * width;
      for (int64_t head = 0; head < heads; ++head)
        found[at * heads + head] = is_edge ? dot(row + head * each, other + head * each, each) : 0.f;
    };
  });
}

// Zeros for the edges of a member that are none: the others are written node by node.
void clear(const Call& call, const Buffer& out) {
  const int64_t size = out.size(), tasks = tasks_of(call.threads, 1, size);
  float* found = static_cast<float*>(out.data);
  ParallelFor(call.threads, int(tasks), [&](int task) {
    std::fill(found + size * task / tasks, found + size * (task + 1) / tasks, 0.f);
  });
}

// The edges of one node, and how many are in the list from the first of them on.
struct Edges {
  const int32_t* list;
  int64_t count, listed;

  // Fetch the row of a later edge, perhaps of another node.
  void prefetch(int64_t i, const float* rows, int64_t width) const {
    if (i + kAhead < listed) __builtin_prefetch(rows + list[i + kAhead] * width);
  }
};

// Call work(edges, member) for each node that has edges.
template <class Work>
void each_node(const Call& call, const Buffer& starts, const Buffer& edges, const Buffer& out, const Work& work) {
  const int64_t members = members_of(out, 3), heads = axis_from_end(out, 1);
  if (members_of(out, 0) == 0) return;
  const int64_t tasks = tasks_of(call.threads, members, 8 * axis_from_end(edges, 1) * heads);  // powers take longer
  ParallelFor(call.threads, int(members * tasks), [&](int number) {
    const int64_t member = number / tasks, task = number % tasks;
    const Order order = order_of(starts, edges, out, 3, member);
    for (int64_t node = order.first(task, tasks), last = order.first(task + 1, tasks); node < last; ++node) {
      const int64_t count = order.starts[node + 1] - order.starts[node];
      const int64_t start = order.starts[node];
      if (count > 0) work(Edges{order.edges + start, count, order.count() - start}, member);
    }
  });
}

// Call work(heads) with a compile-time constant where there are few, so that loops over heads become one instruction.
template <class Work>
void with_heads(int64_t heads, const Work& work) {
  switch (heads) {
    case 1: return work(std::integral_constant<int64_t, 1>());
    case 2: return work(std::integral_constant<int64_t, 2>());
    case 4: return work(std::integral_constant<int64_t, 4>());
    case 8: return work(std::integral_constant<int64_t, 8>());
    default: return work(heads);
  }
}

// Softmax of the edges of one node. `powers` holds a row for each edge, one of maxima and one of sums.
template <class Heads>
void softmax_of(const Edges& edges, Heads heads, const float* scores, float* powers, float* out) {
  const auto [list, count, listed] = edges;
  float *largest = powers + count * heads, *total = largest + heads;
  for (int64_t head = 0; head < heads; ++head)
    largest[head] = -std::numeric_limits<float>::infinity(), total[head] = 0.f;
  for (int64_t i = 0; i < count; ++i) {
    edges.prefetch(i, scores, heads);
    edges.prefetch(i, out, heads);
    for (int64_t head = 0; head < heads; ++head) {
      const float score = scores[list[i] * heads + head];
      powers[i * heads + head] = score;
      largest[head] = score > largest[head] ? score : largest[head];
    }
  }
  for (int64_t i = 0; i < count; ++i)
    for (int64_t head = 0; head < heads; ++head) powers[i * heads + head] -= largest[head];
  for_each_vector(count * heads, [&](int64_t at, auto lanes) {
    const Vector x = load(powers + at, lanes);
    store(powers + at, lanes, x == x ? exponential(x) : x);
  });
  for (int64_t i = 0; i < count; ++i)
    for (int64_t head = 0; head < heads; ++head) total[head] += powers[i * heads + head];
  for (int64_t head = 0; head < heads; ++head) total[head] = 1.f / total[head];
  for (int64_t i = 0; i < count; ++i)
    for (int64_t head = 0; head < heads; ++head)
      out[list[i] * heads + head] = powers[i * heads + head] * total[head];
}

// Operands: scores (graphs, edges, heads), starts, order; result: their softmax over the edges of each node.
void edge_softmax(const Call& call) {
  const Buffer scores = call.operand(0), starts = call.operand(1), edges = call.operand(2), out = call.result();
  const int64_t all = axis_from_end(out, 1), size = axis_from_end(out, 2) * axis_from_end(out, 3) * all;
  clear(call, out);
  with_heads(all, [&](auto heads) {
    each_node(call, starts, edges, out, [&](const Edges& own_edges, int64_t member) {
      const float* own = of_member<float>(scores, 3, out, 3, member);
      float* powers = static_cast<float*>(scratch(0, (own_edges.count + 2) * heads * sizeof(float)));
      softmax_of(own_edges, heads, own, powers, static_cast<float*>(out.data) + member * size);
    });
  });
}

}  // namespace
}  // namespace lamina

extern "C" XLA_FFI_Error* edge_order_i32(XLA_FFI_CallFrame* frame) { return lamina::handle(frame, lamina::edge_order); }
extern "C" XLA_FFI_Error* edge_sum_f32(XLA_FFI_CallFrame* frame) { return lamina::handle(frame, lamina::edge_sum); }
extern "C" XLA_FFI_Error* edge_dots_f32(XLA_FFI_CallFrame* frame) { return lamina::handle(frame, lamina::edge_dots); }
extern "C" XLA_FFI_Error* edge_gather_f32(XLA_FFI_CallFrame* frame) { return lamina::handle(frame, lamina::gather); }
extern "C" XLA_FFI_Error* edge_scatter_sum_f32(XLA_FFI_CallFrame* frame) {
  return lamina::handle(frame, lamina::scatter_sum);
}
extern "C" XLA_FFI_Error* edge_scatter_max_f32(XLA_FFI_CallFrame* frame) {
  return lamina::handle(frame, lamina::scatter_max);
}
extern "C" XLA_FFI_Error* edge_scatter_max_gradient_f32(XLA_FFI_CallFrame* frame) {
  return lamina::handle(frame, lamina::scatter_max_gradient);
}
extern "C" XLA_FFI_Error* edge_softmax_f32(XLA_FFI_CallFrame* frame) {
  return lamina::handle(frame, lamina::edge_softmax);
}
