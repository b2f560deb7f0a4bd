// The selective scan of Mamba and its gradient: a lane a feature, so that states stay in registers and first cache.
//
// h_t = e_t h_{t-1} + B_t u_t, y_t = Σ C_t h_t over the numbers of a state, with e_t = exp(Δ_t A), u_t = Δ_t x_t.
// The forward pass writes the state at the start of each chunk of positions. The backward pass goes through the
// chunks from the last one: it computes the states inside once more, then with g the gradient of a state and
// q = g e_t h_{t-1}: dA = Σ Δ q, dΔ = Σ A q + x Σ g B, dx = Δ Σ g B, dB = Σ g u, dC = Σ dy h. The sums over features
// in dB and dC are written for each block of features; the caller adds the blocks.
// Reference: Gu, Dao. Mamba: linear-time sequence modeling with selective state spaces. 2023, section 3.3.

#include <algorithm>

#include "exponential.h"
#include "parallel.h"
#include "vectors.h"

namespace lamina {
namespace {

constexpr int64_t kMostState = 128;  // numbers of a state, whose vectors lie on the stack
constexpr int64_t kBlock = 16;       // features of a task

// Sums of kLanes vectors, one a lane: each round adds halves of two rows beside each other.
inline Vector row_sums(Vector* rows) {
#if __has_builtin(__builtin_shufflevector)
  constexpr auto lanes = std::make_integer_sequence<int, kLanes>();
  constexpr int kHalf = kLanes / 2;
#pragma GCC unroll 4
  for (int half = kHalf; half > 0; half /= 2)
#pragma GCC unroll 8
    for (int i = 0; i < half; ++i)
      rows[i] = interleave<0>(rows[i], rows[i + half], lanes) + interleave<kHalf>(rows[i], rows[i + half], lanes);
  return rows[0];
#else
  Vector found{};
  for (int i = 0; i < kLanes; ++i) found[i] = sum(rows[i]);
  return found;
#endif
}

// Axes of x (…, batch, time, features) and A (…, state, features); the leading ones are members of a population.
struct Axes {
  int64_t rows, rows_of_member, time, features, state, blocks, chunk, chunks;

  Axes(const Buffer& x, const Buffer& a, int64_t chunk) : chunk(chunk) {
    const Sizes of_x = x.dimensions, of_a = a.dimensions;
    features = of_x[of_x.size - 1];
    time = of_x[of_x.size - 2];
    state = of_a[of_a.size - 2];
    rows = x.size() / (time * features);
    rows_of_member = rows / (a.size() / (state * features));
    blocks = (features + kBlock - 1) / kBlock;
    chunks = (time + chunk - 1) / chunk;
  }

  // Call work(row, member, block, first feature, lanes) for every row, block and vector of features in it.
  template <class Work>
  void each(const Threads& threads, const Work& work) const {
    ParallelFor(threads, int(rows * blocks), [&](int task) {
      const int64_t row = task / blocks, block = task % blocks, member = row / rows_of_member;
      const int64_t begin = block * kBlock;
      for_each_vector(std::min(kBlock, features - begin),
                      [&](int64_t at, auto lanes) { work(row, member, block, begin + at, lanes); });
    });
  }
};

inline const float* numbers(const Call& call, int which) { return static_cast<const float*>(call.operand(which).data); }
inline float* results(const Call& call, int which) { return static_cast<float*>(call.result(which).data); }

// Operands: x, Δ, A, B, C, the first state; results: y, the last state and, if asked for, the starts of the chunks.
void selective_scan(const Call& call) {
  const Axes of(call.operand(0), call.operand(2), call.sizes("chunk")[0]);
  const float *x = numbers(call, 0), *delta = numbers(call, 1), *a = numbers(call, 2), *b = numbers(call, 3);
  const float *c = numbers(call, 4), *initial = numbers(call, 5);
  float *y = results(call, 0), *last = results(call, 1), *starts = call.results() > 2 ? results(call, 2) : nullptr;
  const int64_t n = of.state, d = of.features;
  of.each(call.threads, [&](int64_t row, int64_t member, int64_t, int64_t at, auto lanes) {
    Vector h[kMostState], rate[kMostState];
    for (int64_t i = 0; i < n; ++i) {
      h[i] = load(initial + (row * n + i) * d + at, lanes);
      rate[i] = load(a + (member * n + i) * d + at, lanes);
    }
    for (int64_t t = 0; t < of.time; ++t) {
      if (starts != nullptr && t % of.chunk == 0)
        for (int64_t i = 0; i < n; ++i)
          store(starts + ((row * of.chunks + t / of.chunk) * n + i) * d + at, lanes, h[i]);
      const int64_t place = row * of.time + t;
      const Vector step = load(delta + place * d + at, lanes), entered = step * load(x + place * d + at, lanes);
      const float *into = b + place * n, *out_of = c + place * n;
      Vector found{};
      for (int64_t i = 0; i < n; ++i) {
        h[i] = exponential(step * rate[i]) * h[i] + into[i] * entered;
        found += out_of[i] * h[i];
      }
      store(y + place * d + at, lanes, found);
    }
    for (int64_t i = 0; i < n; ++i) store(last + (row * n + i) * d + at, lanes, h[i]);
  });
}

// Operands: x, Δ, A, B, C, the starts of the chunks, and the gradients of y and of the last state; results: the
// gradients of x, Δ, A (a row each), B and C (a block of features each), and of the first state.
void selective_scan_gradient(const Call& call) {
  const Axes of(call.operand(0), call.operand(2), call.sizes("chunk")[0]);
  const float *x = numbers(call, 0), *delta = numbers(call, 1), *a = numbers(call, 2), *b = numbers(call, 3);
  const float *c = numbers(call, 4), *starts = numbers(call, 5), *of_y = numbers(call, 6), *of_last = numbers(call, 7);
  float *dx = results(call, 0), *ddelta = results(call, 1), *da = results(call, 2), *db = results(call, 3);
  float *dc = results(call, 4), *dinitial = results(call, 5);
  const int64_t n = of.state, d = of.features;
  of.each(call.threads, [&](int64_t row, int64_t member, int64_t block, int64_t at, auto lanes) {
    Vector g[kMostState], rate[kMostState], of_rate[kMostState], h[kMostState];
    auto* decays = static_cast<Vector*>(scratch(0, 2 * of.chunk * n * sizeof(Vector)));
    Vector* before = decays + of.chunk * n;
    for (int64_t i = 0; i < n; ++i) {
      g[i] = load(of_last + (row * n + i) * d + at, lanes);
      rate[i] = load(a + (member * n + i) * d + at, lanes);
      of_rate[i] = Vector{};
    }
    for (int64_t chunk = of.chunks - 1; chunk >= 0; --chunk) {
      const int64_t begin = chunk * of.chunk, end = std::min(of.time, begin + of.chunk);
      for (int64_t i = 0; i < n; ++i) h[i] = load(starts + ((row * of.chunks + chunk) * n + i) * d + at, lanes);
      for (int64_t t = begin; t < end; ++t) {
        const int64_t place = row * of.time + t;
        const Vector step = load(delta + place * d + at, lanes), entered = step * load(x + place * d + at, lanes);
        const float* into = b + place * n;
        Vector *decay = decays + (t - begin) * n, *kept = before + (t - begin) * n;
        for (int64_t i = 0; i < n; ++i) {
          decay[i] = exponential(step * rate[i]);
          kept[i] = decay[i] * h[i];
          h[i] = kept[i] + into[i] * entered;
        }
      }
      for (int64_t t = end - 1; t >= begin; --t) {
        const int64_t place = row * of.time + t, sums = ((row * of.blocks + block) * of.time + t) * n;
        const Vector step = load(delta + place * d + at, lanes), input = load(x + place * d + at, lanes);
        const Vector entered = step * input, change = load(of_y + place * d + at, lanes);
        const float *into = b + place * n, *out_of = c + place * n;
        const Vector *decay = decays + (t - begin) * n, *kept = before + (t - begin) * n;
        Vector of_entered{}, of_step{};
        for (int64_t first = 0; first < n; first += kLanes) {
          const int64_t many = std::min<int64_t>(kLanes, n - first);
          Vector of_into[kLanes] = {}, of_out[kLanes] = {};
          for (int64_t j = 0; j < many; ++j) {
            const int64_t i = first + j;
            g[i] += out_of[i] * change;
            const Vector of_exponent = g[i] * kept[i];
            of_out[j] = (kept[i] + into[i] * entered) * change;
            of_into[j] = g[i] * entered;
            of_entered += g[i] * into[i];
            of_step += of_exponent * rate[i];
            of_rate[i] += of_exponent * step;
            g[i] *= decay[i];
          }
          const Vector all_into = row_sums(of_into), all_out = row_sums(of_out);
          const auto add = [&](auto numbers) {
            const bool is_first = at % kBlock == 0;
            float *to_into = db + sums + first, *to_out = dc + sums + first;
            store(to_into, numbers, is_first ? all_into : all_into + load(to_into, numbers));
            store(to_out, numbers, is_first ? all_out : all_out + load(to_out, numbers));
          };
          if (many == kLanes)
            add(AllLanes());
          else
            add(many);
        }
        store(dx + place * d + at, lanes, step * of_entered);
        store(ddelta + place * d + at, lanes, of_step + input * of_entered);
      }
    }
    for (int64_t i = 0; i < n; ++i) {
      store(da + (row * n + i) * d + at, lanes, of_rate[i]);
      store(dinitial + (row * n + i) * d + at, lanes, g[i]);
    }
  });
}

}  // namespace
}  // namespace lamina

extern "C" XLA_FFI_Error* selective_scan_f32(XLA_FFI_CallFrame* frame) {
  return lamina::handle(frame, lamina::selective_scan);
}
extern "C" XLA_FFI_Error* selective_scan_gradient_f32(XLA_FFI_CallFrame* frame) {
  return lamina::handle(frame, lamina::selective_scan_gradient);
}
