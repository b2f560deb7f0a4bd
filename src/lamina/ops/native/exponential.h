// e^x and ln x for a vector of numbers.
#pragma once

#include <cstdint>
#include <cstring>

#include "tiles.h"

namespace lamina {

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

// ln x for x ≥ 1; NaN stays NaN. Reference: Cephes' logf.
inline Vector logarithm(Vector x) {
  Whole bits;
  std::memcpy(&bits, &x, sizeof bits);
  Whole exponent = (bits >> 23) - 126;
  bits = (bits & 0x007fffff) | 0x3f000000;
  Vector m;
  std::memcpy(&m, &bits, sizeof m);  // in [½, 1)
  const auto is_low = m < 0.70710678f;
  exponent = is_low ? exponent - 1 : exponent;
  m = is_low ? m + m - 1.f : m - 1.f;
  const Vector e = __builtin_convertvector(exponent, Vector);
  Vector p = Vector{} + 7.0376836292e-2f;
  p = p * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  const Vector tail = p * m * m * m - e * 2.12194440e-4f - 0.5f * m * m;
  return x == x ? m + tail + e * 0.693359375f : x;
}

}  // namespace lamina
