// The time loop of recurrent layers, forward and backward: vanilla RNN, LSTM and GRU, for all examples and networks.
//
// Examples do not depend on each other, so each thread takes some of them through all steps, and no thread waits for
// another before the end. A step is a product of the states with the recurrent weights, which were packed into panels
// once (`products.h`) and stay in the second-level cache, and a pass over the gates, while they are in the cache.
// Activated gates overwrite the projections that they were computed from, and gradients the gates.
// Where `present` is 0 the state passes through unchanged. The formulas stand in lamina.ops.recurrent_cells.
// References: Elman 1990; Hochreiter, Schmidhuber 1997; Cho et al. 2014.

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

#include "exponential.h"
#include "products.h"
#include "vectors.h"

namespace lamina {
namespace {

constexpr int64_t kLeastRows = 4;  // examples of a task: fewer do not pay for reading all weights

// 1 / x for x in [1, 2].
inline Vector reciprocal(Vector x) {
#if defined(__AVX512F__)
  // 14 bits by an instruction, 28 by a step of Newton's method: a division takes five times as long
  const Vector near = reinterpret_cast<Vector>(_mm512_rcp14_ps(reinterpret_cast<__m512>(x)));
  return near * (2.f - x * near);
#else
  return 1.f / x;
#endif
}

inline Vector negative_magnitude(Vector x) { return x < 0.f ? x : -x; }

inline Vector sigmoid(Vector x) {
  const Vector e = exponential(negative_magnitude(x)), share = reciprocal(1.f + e);
  return x < 0.f ? e * share : share;
}

inline Vector tangent(Vector x) {
  const Vector e = exponential(2.f * negative_magnitude(x)), found = (1.f - e) * reciprocal(1.f + e);
  return x < 0.f ? -found : found;
}

// Sizes of a call, from arrays (…, batch, time, width) and (…, gates · width, width); leading axes are networks.
struct Sequence {
  int64_t members, batch, time, width, gates;
  bool reverse;

  Sequence(const Call& call, const Buffer& of_positions, const Buffer& weight) {
    const Sizes sizes = of_positions.dimensions, of_weight = weight.dimensions;
    batch = sizes[sizes.size - 3];
    time = sizes[sizes.size - 2];
    gates = of_weight[of_weight.size - 2];
    width = of_weight[of_weight.size - 1];
    members = weight.size() / (gates * width);
    reverse = call.sizes("reverse")[0] != 0;
  }

  // Position read in a step.
  int64_t position(int64_t step) const { return reverse ? time - 1 - step : step; }
};

// An array with `width` numbers for every example and, but for states, every position.
struct Rows {
  float* data;
  int64_t time, width;

  Rows(const Buffer& of, int64_t time, int64_t width) : data(static_cast<float*>(of.data)), time(time), width(width) {}
  float* at(int64_t example, int64_t position = 0) const { return data + (example * time + position) * width; }
};

// Recurrent weights, packed once for all steps.
class Packed {
 public:
  Packed(Matrix right, int64_t depth, int64_t columns)
      : depth_(depth), columns_(columns), blocks_(columns, kLanes, kMostVectors) {
    data_ = static_cast<float*>(scratch(0, (depth + 1) * blocks_.width * sizeof(float)));
    for (size_t panel = 0; panel < blocks_.count(); ++panel) {
      const int64_t column = blocks_.start[panel], width = blocks_.vectors[panel] * kLanes;
      pack({right.data + column * right.column, right.row, right.column}, depth, nullptr,
           std::min(width, columns - column), width, data_ + column * (depth + 1));
    }
  }

  // out = left · right for some rows, which follow each other in `out`.
  void multiply(Matrix left, int64_t rows, float* out) const {
    for (size_t panel = 0; panel < blocks_.count(); ++panel)
      with_vectors(blocks_.vectors[panel], [&](auto vectors) {
        constexpr int V = decltype(vectors)::value, R = kRows<V>;
        const int64_t column = blocks_.start[panel], count = (rows + R - 1) / R;
        const float* begin = data_ + column * (depth_ + 1);
        for (int64_t i = 0; i < count; ++i) {  // tiles of nearly equal size: one of few rows waits for the panel
          const int64_t top = rows * i / count;
          exactly<R, V>(rows * (i + 1) / count - top, {left.data + top * left.row, left.row, 1},
                        {begin, begin + V * kLanes, V * kLanes}, out + top * columns_ + column,
                        std::min<int64_t>(V * kLanes, columns_ - column));
        }
      });
  }

 private:
  template <int R, int V>
  void exactly(int64_t rows, Matrix left, Panel panel, float* out, int64_t columns) const {
    if (rows == R) return tile<R, V>(left, depth_, panel, false, out, columns_, columns);
    if constexpr (R > 1) exactly<R - 1, V>(rows, left, panel, out, columns);
  }

  const int64_t depth_, columns_;
  const Blocks blocks_;
  float* data_;
};

// Call work(first, rows, member) for groups of examples of one network; `first` counts those of all networks.
template <class Work>
void each(const Threads& threads, const Sequence& of, const Work& work) {
  const int64_t worth = of.batch * of.time * of.gates * of.width / kSmall;
  const int64_t wanted = (threads.count() + of.members - 1) / of.members;
  const int64_t parts = std::max<int64_t>(1, std::min({wanted, worth, of.batch / kLeastRows}));
  ParallelFor(threads, int(of.members * parts), [&](int task) {
    const int64_t member = task / parts, part = task % parts, begin = of.batch * part / parts;
    work(member * of.batch + begin, of.batch * (part + 1) / parts - begin, member);
  });
}

void prefetch(const float* from, int64_t count) {
  for (int64_t at = 0; at < count; at += 16) __builtin_prefetch(from + at, 1, 2);
}

void copy(const float* from, float* to, int64_t count) { std::memcpy(to, from, count * sizeof(float)); }
void clear(float* to, int64_t count) { std::memset(to, 0, count * sizeof(float)); }

// Operands: projections, W, present, h before the first position, then the cell's; the first result is h everywhere.
template <class Cell>
void forward(const Call& call) {
  const Sequence of(call, call.operand(0), call.operand(1));
  const Rows x(call.operand(0), of.time, of.gates), present(call.operand(2), of.time, 1);
  const Rows initial(call.operand(3), 1, of.width), y(call.result(0), of.time, of.width);
  const typename Cell::Forward cell(call, of);
  each(call.threads, of, [&](int64_t first, int64_t rows, int64_t member) {
    const auto* weight = static_cast<const float*>(call.operand(1).data) + member * of.gates * of.width;
    const Packed packed({weight, 1, of.width}, of.width, of.gates);
    auto* a = static_cast<float*>(scratch(1, rows * of.gates * sizeof(float)));
    for (int64_t r = first; r < first + rows; ++r) cell.begin(r);
    for (int64_t s = 0; s < of.time; ++s) {
      const int64_t t = of.position(s);
      const Rows& states = s == 0 ? initial : y;
      const int64_t before = s == 0 ? 0 : of.position(s - 1);
      packed.multiply({states.at(first, before), states.time * states.width, 1}, rows, a);
      for (int64_t r = 0; r < rows; ++r) {
        const float* h = states.at(first + r, before);
        if (*present.at(first + r, t) > 0.f) {
          cell.step(first + r, t, member, x.at(first + r, t), a + r * of.gates, h, y.at(first + r, t));
        } else {
          copy(h, y.at(first + r, t), of.width);
          cell.pass(first + r, t);
        }
        if (s + 1 < of.time) prefetch(x.at(first + r, of.position(s + 1)), of.gates);
      }
    }
  });
}

// Operands: W, present, states before the first position, states everywhere, then the cell's; results: gradients of
// the projections and of the states before the first position, which hold those of the states meanwhile.
template <class Cell>
void gradient(const Call& call) {
  constexpr int kStates = Cell::kStates;
  const Sequence of(call, call.operand(2 + kStates), call.operand(0));
  const Rows present(call.operand(1), of.time, 1), initial(call.operand(2), 1, of.width);
  const Rows y(call.operand(2 + kStates), of.time, of.width), dy(call.operand(Cell::kChange), of.time, of.width);
  const Rows dh(call.result(1), 1, of.width), slopes(call.result(Cell::kSlopes), of.time, of.gates);
  const typename Cell::Backward cell(call, of);
  each(call.threads, of, [&](int64_t first, int64_t rows, int64_t member) {
    const auto* weight = static_cast<const float*>(call.operand(0).data) + member * of.gates * of.width;
    const Packed packed({weight, of.width, 1}, of.gates, of.width);
    auto* back = static_cast<float*>(scratch(1, rows * of.width * sizeof(float)));  // what goes through W
    clear(back, rows * of.width);
    const auto add = [&](int64_t r, const float* more) {  // to the gradient of h
      float *sum = dh.at(first + r), *by_weight = back + r * of.width;
      for_each_vector(of.width, [&](int64_t i, auto lanes) {
        const Vector found = load(sum + i, lanes) + load(by_weight + i, lanes);
        store(sum + i, lanes, more == nullptr ? found : found + load(more + i, lanes));
      });
    };
    for (int64_t r = 0; r < rows; ++r) clear(dh.at(first + r), of.width), cell.begin(first + r);
    for (int64_t s = of.time - 1; s >= 0; --s) {
      const int64_t t = of.position(s), before = s == 0 ? -1 : of.position(s - 1);
      for (int64_t r = 0; r < rows; ++r) {
        const int64_t example = first + r;
        add(r, dy.at(example, t));
        if (*present.at(example, t) > 0.f) {
          cell.step(example, t, before, s == 0 ? initial.at(example) : y.at(example, before), dh.at(example));
        } else {
          clear(slopes.at(example, t), of.gates);
          cell.pass(example, t);
        }
        if (s > 0) prefetch(dy.at(example, before), of.width), cell.fetch(example, before);
      }
      packed.multiply({slopes.at(first, t), of.time * of.gates, 1}, rows, back);
    }
    for (int64_t r = 0; r < rows; ++r) add(r, nullptr);
  });
}

// h' = tanh(p + a)
struct Rnn {
  static constexpr int kStates = 1, kChange = 4, kSlopes = 0;

  struct Forward {
    int64_t width;
    Forward(const Call&, const Sequence& of) : width(of.width) {}
    void begin(int64_t) const {}
    void pass(int64_t, int64_t) const {}
    void step(int64_t, int64_t, int64_t, const float* x, const float* a, const float*, float* y) const {
      for_each_vector(width, [&](int64_t i, auto lanes) {
        store(y + i, lanes, tangent(load(x + i, lanes) + load(a + i, lanes)));
      });
    }
  };

  struct Backward {
    Rows y, slopes;
    Backward(const Call& call, const Sequence& of)
        : y(call.operand(3), of.time, of.width), slopes(call.result(0), of.time, of.width) {}
    void begin(int64_t) const {}
    void pass(int64_t, int64_t) const {}
    void fetch(int64_t example, int64_t t) const { prefetch(y.at(example, t), y.width); }
    void step(int64_t example, int64_t t, int64_t, const float*, float* dh) const {
      const float* after = y.at(example, t);
      float* slope = slopes.at(example, t);
      for_each_vector(y.width, [&](int64_t i, auto lanes) {
        const Vector h = load(after + i, lanes);
        store(slope + i, lanes, load(dh + i, lanes) * (1.f - h * h));
        store(dh + i, lanes, Vector{});
      });
    }
  };
};

// With i, f, o = σ and g = tanh of the parts of p + a: c' = f · c + i · g, h' = o · tanh c'
struct Lstm {
  static constexpr int kStates = 2, kChange = 7, kSlopes = 0;

  // More operand: c before the first position; results: the last c and, if asked for, c everywhere and the gates.
  struct Forward {
    Rows initial, cell, cells, gates;
    bool keeps;

    Forward(const Call& call, const Sequence& of)
        : initial(call.operand(4), 1, of.width), cell(call.result(1), 1, of.width),
          cells(call.result(call.results() > 2 ? 2 : 1), of.time, of.width),
          gates(call.result(call.results() > 2 ? 3 : 1), of.time, of.gates), keeps(call.results() > 2) {}

    void begin(int64_t example) const {
      if (cell.data != initial.data) copy(initial.at(example), cell.at(example), cell.width);
    }
    void pass(int64_t example, int64_t t) const {
      if (!keeps) return;
      copy(cell.at(example), cells.at(example, t), cell.width);
      clear(gates.at(example, t), gates.width);
    }

    void step(int64_t example, int64_t t, int64_t, const float* x, const float* a, const float*, float* y) const {
      const int64_t width = cell.width;
      float* memory = cell.at(example);
      for_each_vector(width, [&](int64_t at, auto lanes) {
        const auto sum = [&](int gate) {
          return load(x + gate * width + at, lanes) + load(a + gate * width + at, lanes);
        };
        const Vector i = sigmoid(sum(0)), f = sigmoid(sum(1)), g = tangent(sum(2)), o = sigmoid(sum(3));
        const Vector c = f * load(memory + at, lanes) + i * g;
        store(memory + at, lanes, c);
        store(y + at, lanes, o * tangent(c));
        if (!keeps) return;
        float* kept = gates.at(example, t) + at;
        store(kept, lanes, i), store(kept + width, lanes, f);
        store(kept + 2 * width, lanes, g), store(kept + 3 * width, lanes, o);
        store(cells.at(example, t) + at, lanes, c);
      });
    }
  };

  // More operands: c before the first position and everywhere, gates, the gradient of the last c.
  struct Backward {
    Rows initial, cells, gates, last, slopes, dc;

    Backward(const Call& call, const Sequence& of)
        : initial(call.operand(3), 1, of.width), cells(call.operand(5), of.time, of.width),
          gates(call.operand(6), of.time, of.gates), last(call.operand(8), 1, of.width),
          slopes(call.result(0), of.time, of.gates), dc(call.result(2), 1, of.width) {}

    void begin(int64_t example) const {
      if (dc.data != last.data) copy(last.at(example), dc.at(example), dc.width);
    }
    void pass(int64_t, int64_t) const {}
    void fetch(int64_t example, int64_t t) const {
      prefetch(gates.at(example, t), gates.width);
      prefetch(cells.at(example, t), cells.width);
    }

    void step(int64_t example, int64_t t, int64_t before, const float*, float* dh) const {
      const int64_t width = cells.width;
      const float *kept = gates.at(example, t), *now = cells.at(example, t);
      const float* earlier = before < 0 ? initial.at(example) : cells.at(example, before);
      float *slope = slopes.at(example, t), *of_cell = dc.at(example);
      for_each_vector(width, [&](int64_t at, auto lanes) {
        const auto gate = [&](int which) { return load(kept + which * width + at, lanes); };
        const Vector i = gate(0), f = gate(1), g = gate(2), o = gate(3), bent = tangent(load(now + at, lanes));
        const Vector change = load(dh + at, lanes);
        const Vector d = load(of_cell + at, lanes) + change * o * (1.f - bent * bent);
        store(slope + at, lanes, d * g * i * (1.f - i));
        store(slope + width + at, lanes, d * load(earlier + at, lanes) * f * (1.f - f));
        store(slope + 2 * width + at, lanes, d * i * (1.f - g * g));
        store(slope + 3 * width + at, lanes, change * bent * o * (1.f - o));
        store(of_cell + at, lanes, d * f);
        store(dh + at, lanes, Vector{});
      });
    }
  };
};

// With r, z = σ of two parts of p + a, and n = tanh(p + r · (a + b)) of the third: h' = n + z · (h - n)
struct Gru {
  static constexpr int kStates = 1, kChange = 6, kSlopes = 2;

  // More operand: b; results, if asked for: r, z, n side by side, and a + b of the third part.
  struct Forward {
    const float* bias;
    Rows gates, inner;
    int64_t width;
    bool keeps;

    Forward(const Call& call, const Sequence& of)
        : bias(static_cast<const float*>(call.operand(4).data)),
          gates(call.result(call.results() > 1 ? 1 : 0), of.time, of.gates),
          inner(call.result(call.results() > 1 ? 2 : 0), of.time, of.width), width(of.width),
          keeps(call.results() > 1) {}

    void begin(int64_t) const {}
    void pass(int64_t example, int64_t t) const {
      if (!keeps) return;
      clear(gates.at(example, t), gates.width);
      clear(inner.at(example, t), width);
    }

    void step(int64_t example, int64_t t, int64_t member, const float* x, const float* a, const float* h,
              float* y) const {
      const float* b = bias + member * width;
      for_each_vector(width, [&](int64_t at, auto lanes) {
        const auto sum = [&](int gate) {
          return load(x + gate * width + at, lanes) + load(a + gate * width + at, lanes);
        };
        const Vector r = sigmoid(sum(0)), z = sigmoid(sum(1));
        const Vector inside = load(a + 2 * width + at, lanes) + load(b + at, lanes);
        const Vector n = tangent(load(x + 2 * width + at, lanes) + r * inside);
        store(y + at, lanes, n + z * (load(h + at, lanes) - n));
        if (!keeps) return;
        float* kept = gates.at(example, t) + at;
        store(kept, lanes, r), store(kept + width, lanes, z), store(kept + 2 * width, lanes, n);
        store(inner.at(example, t) + at, lanes, inside);
      });
    }
  };

  // More operands: gates and a + b of the third part; result: the gradient of a.
  struct Backward {
    Rows gates, inner, of_inputs, of_states;

    Backward(const Call& call, const Sequence& of)
        : gates(call.operand(4), of.time, of.gates), inner(call.operand(5), of.time, of.width),
          of_inputs(call.result(0), of.time, of.gates), of_states(call.result(2), of.time, of.gates) {}

    void begin(int64_t) const {}
    void pass(int64_t example, int64_t t) const { clear(of_inputs.at(example, t), of_inputs.width); }
    void fetch(int64_t example, int64_t t) const {
      prefetch(gates.at(example, t), gates.width);
      prefetch(inner.at(example, t), inner.width);
    }

    void step(int64_t example, int64_t t, int64_t, const float* h, float* dh) const {
      const int64_t width = inner.width;
      const float *kept = gates.at(example, t), *inside = inner.at(example, t);
      float *dp = of_inputs.at(example, t), *da = of_states.at(example, t);
      for_each_vector(width, [&](int64_t at, auto lanes) {
        const auto put = [&](int gate, Vector of_p, Vector of_a) {
          store(dp + gate * width + at, lanes, of_p);
          store(da + gate * width + at, lanes, of_a);
        };
        const auto gate = [&](int which) { return load(kept + which * width + at, lanes); };
        const Vector r = gate(0), z = gate(1), n = gate(2), change = load(dh + at, lanes);
        const Vector dn = change * (1.f - z) * (1.f - n * n);
        const Vector dr = dn * load(inside + at, lanes) * r * (1.f - r);
        const Vector dz = change * (load(h + at, lanes) - n) * z * (1.f - z);
        put(0, dr, dr), put(1, dz, dz), put(2, dn, dn * r);
        store(dh + at, lanes, change * z);
      });
    }
  };
};

}  // namespace
}  // namespace lamina

extern "C" XLA_FFI_Error* rnn_f32(XLA_FFI_CallFrame* frame) {
  return lamina::handle(frame, lamina::forward<lamina::Rnn>);
}
extern "C" XLA_FFI_Error* lstm_f32(XLA_FFI_CallFrame* frame) {
  return lamina::handle(frame, lamina::forward<lamina::Lstm>);
}
extern "C" XLA_FFI_Error* gru_f32(XLA_FFI_CallFrame* frame) {
  return lamina::handle(frame, lamina::forward<lamina::Gru>);
}
extern "C" XLA_FFI_Error* rnn_gradient_f32(XLA_FFI_CallFrame* frame) {
  return lamina::handle(frame, lamina::gradient<lamina::Rnn>);
}
extern "C" XLA_FFI_Error* lstm_gradient_f32(XLA_FFI_CallFrame* frame) {
  return lamina::handle(frame, lamina::gradient<lamina::Lstm>);
}
extern "C" XLA_FFI_Error* gru_gradient_f32(XLA_FFI_CallFrame* frame) {
  return lamina::handle(frame, lamina::gradient<lamina::Gru>);
}
