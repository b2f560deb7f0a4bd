// GELU, x · Φ(x), and its slope Φ(x) + x · φ(x), in one pass.
//
// Φ by erfc(z) = e^(-z²) · (c₁t + … + c₈t⁸) with t = 1 / (1 + 0.425 z): the form of Hastings' approximations, its
// coefficients fitted to a relative error of 1.5e-7. Reference: Abramowitz, Stegun. Handbook of mathematical functions,
// 1964, 7.1.26.

#include <algorithm>

#include "exponential.h"
#include "vectors.h"
#include "parallel.h"

namespace lamina {
namespace {

constexpr int64_t kPiece = 1 << 14;  // numbers of a task

struct Found {
  Vector value, slope;
};

inline Found gelu(Vector x) {
  const Vector z = (x < 0.f ? -x : x) * 0.70710678f;
  const Vector bell = exponential(x * x * -0.5f);
  const Vector t = 1.f / (1.f + 0.425f * z);
  Vector p = Vector{} + 0.07147828f;
  p = p * t - 0.31315708f;
  p = p * t + 0.4076181f;
  p = p * t - 0.10325152f;
  p = p * t + 0.25508691f;
  p = p * t + 0.2007059f;
  p = p * t + 0.24184064f;
  p = p * t + 0.23967863f;
  const Vector tail = 0.5f * bell * p * t;  // Φ(-|x|)
  const Vector below = x < 0.f ? tail : 1.f - tail;
  return {x * below, below + x * bell * 0.39894228f};
}

// Operand: x; results: the values and, if asked for, the slopes.
void gelu_all(const Call& call) {
  const Buffer x = call.operand(0);
  const auto* from = static_cast<const float*>(x.data);
  auto* values = static_cast<float*>(call.result(0).data);
  auto* slopes = call.results() > 1 ? static_cast<float*>(call.result(1).data) : nullptr;
  const int64_t size = x.size(), tasks = (size + kPiece - 1) / kPiece;
  ParallelFor(call.threads, int(tasks), [&](int task) {
    const int64_t begin = task * kPiece;
    for_each_vector(std::min(kPiece, size - begin), [&](int64_t at, auto lanes) {
      const Found found = gelu(load(from + begin + at, lanes));
      store(values + begin + at, lanes, found.value);
      if (slopes != nullptr) store(slopes + begin + at, lanes, found.slope);
    });
  });
}

}  // namespace
}  // namespace lamina

extern "C" XLA_FFI_Error* gelu_f32(XLA_FFI_CallFrame* frame) { return lamina::handle(frame, lamina::gelu_all); }
