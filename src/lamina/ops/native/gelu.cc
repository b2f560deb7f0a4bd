// GELU, x · Φ(x), and its slope Φ(x) + x · φ(x), in one pass.
//
// Φ by erfc(z) = e^(-z²) · (c₁t + … + c₈t⁸) with t = 1 / (1 + 0.425 z): the form of Hastings' approximations, its
// coefficients fitted to a relative error of 1.5e-7. Reference: Abramowitz, Stegun. Handbook of mathematical functions,
// 1964, 7.1.26.

#include <algorithm>
#include <cstring>

#include "parts.h"
#include "tiles.h"

namespace lamina {
namespace {

constexpr int64_t kPiece = 1 << 14;  // numbers of a part

typedef int32_t Whole __attribute__((vector_size(4 * kLanes), aligned(4)));

// e^x for x ≤ 0, zero below -87. Reference: Cephes' expf.
inline Vector exponential(Vector x) {
  const Vector shifted = x * 1.44269504f + 12582912.f;  // rounds to whole numbers: 1.5 · 2²³
  const Vector n = shifted - 12582912.f;
  const Vector r = x - n * 0.693359375f + n * 2.12194440e-4f;
  Vector p = Vector{} + 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.f;
  Whole bits;
  std::memcpy(&bits, &shifted, sizeof bits);
  bits = (bits + 127) << 23;  // the lowest bits of `shifted` are n
  Vector power;
  std::memcpy(&power, &bits, sizeof power);
  return x < -87.f ? Vector{} : p * power;
}

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
  const int64_t size = x.size(), parts = (size + kPiece - 1) / kPiece;
  const auto some = [&](int64_t at, int64_t count) {
    float in[kLanes] = {}, value[kLanes], slope[kLanes];
    std::memcpy(in, from + at, count * sizeof(float));
    const Found found = gelu(Float::vector(in));
    Float::put(value, found.value);
    Float::put(slope, found.slope);
    std::memcpy(values + at, value, count * sizeof(float));
    if (slopes != nullptr) std::memcpy(slopes + at, slope, count * sizeof(float));
  };
  Parts(call.threads, int(parts), [&](int part) {
    int64_t at = part * kPiece;
    const int64_t end = std::min(size, at + kPiece);
    for (; at + kLanes <= end; at += kLanes) {
      const Found found = gelu(Float::vector(from + at));
      Float::put(values + at, found.value);
      if (slopes != nullptr) Float::put(slopes + at, found.slope);
    }
    if (at < end) some(at, end - at);
  });
}

}  // namespace
}  // namespace lamina

extern "C" XLA_FFI_Error* gelu_f32(XLA_FFI_CallFrame* frame) { return lamina::answer(frame, lamina::gelu_all); }
