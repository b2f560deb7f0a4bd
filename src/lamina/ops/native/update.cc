// The end of a training step, all arrays in one call: whether gradients are finite, and Adam's update, which
// reads and writes each number once.
//
// Arrays are cut at fixed places, so that the number of threads changes no bit.

#include <algorithm>
#include <cmath>

#include "parallel.h"

namespace lamina {
namespace {

constexpr int64_t kPiece = 1 << 14;  // numbers of a task: some of each array fit into the second-level cache

// The factors of one network's step: what the newest gradient adds to the moments, and the learning rate and ε,
// corrected for moments that began at zero.
struct Factors {
  float take1, take2, rate, epsilon, shrink;
  bool moves;  // else nothing may change
};

// A piece of one network's numbers in an array.
struct Piece {
  int array;
  int64_t member, first, count;
};

// AllLanes arrays cut into pieces; `members` networks lie behind each other in each.
std::vector<Piece> pieces_of(const std::vector<int64_t>& sizes, int64_t members) {
  std::vector<Piece> found;
  for (int array = 0; array < int(sizes.size()); ++array) {
    const int64_t size = sizes[array] / members;
    for (int64_t member = 0; member < members; ++member)
      for (int64_t at = 0; at < size; at += kPiece)
        found.push_back({array, member, member * size + at, std::min(kPiece, size - at)});
  }
  return found;
}

// Call work(piece) for all of them, small ones together.
template <class Work>
void each(const Threads& threads, const std::vector<Piece>& pieces, const Work& work) {
  std::vector<size_t> starts{0};
  int64_t gathered = 0;
  for (size_t i = 0; i < pieces.size(); ++i) {
    gathered += pieces[i].count;
    if (gathered < kPiece && i + 1 < pieces.size()) continue;
    starts.push_back(i + 1);
    gathered = 0;
  }
  ParallelFor(threads, int(starts.size()) - 1, [&](int task) {
    for (size_t i = starts[task]; i < starts[task + 1]; ++i) work(pieces[i]);
  });
}

// weight, mu, nu, and where they go
struct Arrays {
  const float *weight, *mu, *nu, *gradient;
  float *new_weight, *new_mu, *new_nu;
};

void keep(const float* from, float* to, int64_t count) {
  if (from != to) std::memcpy(to, from, count * sizeof(float));
}

// Copies of pointers and factors, which no write can change, let the loop become vectors.
void step(const Factors f, const Arrays a, float shrink, int64_t count) {
  const float *weight = a.weight, *mu = a.mu, *nu = a.nu, *gradient = a.gradient;
  float *new_weight = a.new_weight, *new_mu = a.new_mu, *new_nu = a.new_nu;
  const float keep1 = 1.f - f.take1, keep2 = 1.f - f.take2;
#pragma GCC ivdep
  for (int64_t i = 0; i < count; ++i) {
    const float g = gradient[i], w = weight[i];
    const float m = keep1 * mu[i] + f.take1 * g, v = keep2 * nu[i] + f.take2 * (g * g);
    new_mu[i] = m;
    new_nu[i] = v;
    new_weight[i] = w - shrink * w - f.rate * m / (std::sqrt(v) + f.epsilon);
  }
}

constexpr int64_t kStretch = 64;  // numbers whose gradient is looked at before anything else is read: 256 bytes

// The same where only numbers move whose gradient is not zero: of a large table of embeddings, the rows in use.
// Most stretches have none, and cost no more than reading their gradient.
void sparse_step(const Factors f, const Arrays a, float shrink, int64_t count) {
  const float keep1 = 1.f - f.take1, keep2 = 1.f - f.take2;
  for (int64_t start = 0; start < count; start += kStretch) {
    const int64_t stop = std::min(start + kStretch, count);
    const float *weight = a.weight, *mu = a.mu, *nu = a.nu, *gradient = a.gradient;
    float *new_weight = a.new_weight, *new_mu = a.new_mu, *new_nu = a.new_nu;
    uint32_t any = 0;
    for (int64_t i = start; i < stop; ++i) any |= reinterpret_cast<const uint32_t*>(gradient)[i] & 0x7fffffffu;
    if (!any) {
      keep(weight + start, new_weight + start, stop - start);
      keep(mu + start, new_mu + start, stop - start);
      keep(nu + start, new_nu + start, stop - start);
      continue;
    }
#pragma GCC ivdep
    for (int64_t i = start; i < stop; ++i) {
      const float g = gradient[i], w = weight[i], m0 = mu[i], v0 = nu[i];
      const float m = keep1 * m0 + f.take1 * g, v = keep2 * v0 + f.take2 * (g * g);
      const float moved = w - shrink * w - f.rate * m / (std::sqrt(v) + f.epsilon);
      const bool moves = g != 0.f;
      new_mu[i] = moves ? m : m0;
      new_nu[i] = moves ? v : v0;
      new_weight[i] = moves ? moved : w;
    }
  }
}

constexpr int kNumbers = 6;  // operands of `adam` before the arrays

// The factors of each network, of learning rate, both decays, weight decay, steps, and whether the step is finite.
std::vector<Factors> factors_of(const Call& call, double epsilon) {
  const auto floats = [&](int which) { return static_cast<const float*>(call.operand(which).data); };
  const float *lr = floats(0), *beta1 = floats(1), *beta2 = floats(2), *decay = floats(3);
  const auto* steps = static_cast<const int32_t*>(call.operand(4).data);
  const auto* finite = static_cast<const bool*>(call.operand(5).data);
  std::vector<Factors> found(call.operand(4).size());
  for (size_t i = 0; i < found.size(); ++i) {
    const int taken = std::max(steps[i], 1);
    const double root = std::sqrt(1 - std::pow(double(beta2[i]), taken));
    const double rate = lr[i] * root / (1 - std::pow(double(beta1[i]), taken));
    found[i] = {1.f - beta1[i], 1.f - beta2[i], float(rate), float(epsilon * root), lr[i] * decay[i], finite[i]};
  }
  return found;
}

// Operands: numbers of the step, then weight, mu, nu and gradient of each array; results: weight, mu, nu of each.
void adam(const Call& call) {
  const Sizes decays = call.sizes("decays");
  const std::vector<Factors> factors = factors_of(call, call.number("epsilon"));
  const auto update = call.number("sparse") != 0 ? sparse_step : step;
  const auto members = int64_t(factors.size());
  std::vector<int64_t> sizes;
  for (int64_t array = 0; array < decays.size; ++array)
    sizes.push_back(call.operand(kNumbers + 4 * int(array)).size());
  each(call.threads, pieces_of(sizes, members), [&](const Piece& piece) {
    const auto in = [&](int which) {
      return static_cast<const float*>(call.operand(kNumbers + 4 * piece.array + which).data) + piece.first;
    };
    const auto out = [&](int which) {
      return static_cast<float*>(call.result(3 * piece.array + which).data) + piece.first;
    };
    const Factors& own = factors[piece.member];
    const Arrays arrays{in(0), in(1), in(2), in(3), out(0), out(1), out(2)};
    if (own.moves) return update(own, arrays, decays[piece.array] ? own.shrink : 0.f, piece.count);
    for (int which = 0; which < 3; ++which) keep(in(which), out(which), piece.count);
  });
}

// Infinity and NaN have all bits of the exponent set.
bool all_finite(const float* numbers, int64_t count) {
  uint32_t largest = 0;
  const auto* bits = reinterpret_cast<const uint32_t*>(numbers);
  for (int64_t i = 0; i < count; ++i) largest = std::max(largest, bits[i] & 0x7fffffffu);
  return largest < 0x7f800000u;
}

// Operands: arrays; result: of each network whether its numbers are all finite.
void finite(const Call& call) {
  const Buffer out = call.result();
  const int64_t members = out.size();
  std::vector<int64_t> sizes;
  for (int array = 0; array < call.operands(); ++array) sizes.push_back(call.operand(array).size());
  std::vector<std::atomic<bool>> bad(members);
  each(call.threads, pieces_of(sizes, members), [&](const Piece& piece) {
    if (!all_finite(static_cast<const float*>(call.operand(piece.array).data) + piece.first, piece.count))
      bad[piece.member] = true;
  });
  for (int64_t member = 0; member < members; ++member) static_cast<bool*>(out.data)[member] = !bad[member];
}

}  // namespace
}  // namespace lamina

extern "C" XLA_FFI_Error* adam_f32(XLA_FFI_CallFrame* frame) { return lamina::handle(frame, lamina::adam); }
extern "C" XLA_FFI_Error* finite_f32(XLA_FFI_CallFrame* frame) { return lamina::handle(frame, lamina::finite); }
