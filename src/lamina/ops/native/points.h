// The five matrices of F(4×4, 3×3): images and weights to values at points, and back.
//
// A line of 6 inputs and 3 weights are the coefficients of polynomials; 4 outputs are found from products of their
// values at 6 points. The points are 0, ±5/8, ±3/2 and infinity in place of the usual 0, ±1, ±2 and infinity: half
// the rounding error. References: Lavin, Gray. Fast algorithms for convolutional neural networks. CVPR 2016;
// Barabasz et al. Error analysis and improving the accuracy of Winograd convolution for deep neural networks. ACM
// TOMS 2020.
#pragma once

#include "tiles.h"

namespace lamina {

constexpr int kOut = 4, kIn = 6, kTaps = 3, kPoints = kIn * kIn;

constexpr float kA = 5.f / 8, kB = 3.f / 2, kAA = kA * kA, kBB = kB * kB;  // the points are ±kA and ±kB
constexpr float kAtZero = 1 / (kAA * kBB), kAtA = 1 / (2 * kAA * (kAA - kBB)), kAtB = 1 / (2 * kBB * (kBB - kAA));

// The five matrices, each applied to a line of vectors that lie `step` apart.
struct InputToPoints {  // Bᵀ
  static constexpr int kFrom = kIn, kTo = kIn;
  static void apply(const Vector* x, int step, Vector* v, int v_step) {
    const Vector x1 = x[step], x2 = x[2 * step], x3 = x[3 * step], x4 = x[4 * step];
    const Vector even_a = x4 - kBB * x2, odd_a = kA * (x3 - kBB * x1);
    const Vector even_b = x4 - kAA * x2, odd_b = kB * (x3 - kAA * x1);
    v[0] = kAA * kBB * x[0] - (kAA + kBB) * x2 + x4;
    v[v_step] = even_a + odd_a;
    v[2 * v_step] = even_a - odd_a;
    v[3 * v_step] = even_b + odd_b;
    v[4 * v_step] = even_b - odd_b;
    v[5 * v_step] = kAA * kBB * x1 - (kAA + kBB) * x3 + x[5 * step];
  }
};

struct WeightsToPoints {  // G
  static constexpr int kFrom = kTaps, kTo = kIn;
  static void apply(const Vector* w, int step, Vector* u, int u_step) {
    const Vector w0 = w[0], w1 = w[step], w2 = w[2 * step];
    const Vector even_a = kAtA * (w0 + kAA * w2), odd_a = kAtA * kA * w1;
    const Vector even_b = kAtB * (w0 + kBB * w2), odd_b = kAtB * kB * w1;
    u[0] = kAtZero * w0;
    u[u_step] = even_a + odd_a;
    u[2 * u_step] = even_a - odd_a;
    u[3 * u_step] = even_b + odd_b;
    u[4 * u_step] = even_b - odd_b;
    u[5 * u_step] = w2;
  }
};

struct PointsToOutput {  // Aᵀ
  static constexpr int kFrom = kIn, kTo = kOut;
  static void apply(const Vector* m, int step, Vector* y, int y_step) {
    const Vector even_a = m[step] + m[2 * step], odd_a = kA * (m[step] - m[2 * step]);
    const Vector even_b = m[3 * step] + m[4 * step], odd_b = kB * (m[3 * step] - m[4 * step]);
    y[0] = m[0] + even_a + even_b;
    y[y_step] = odd_a + odd_b;
    y[2 * y_step] = kAA * even_a + kBB * even_b;
    y[3 * y_step] = kAA * odd_a + kBB * odd_b + m[5 * step];
  }
};

struct ChangeToPoints {  // A
  static constexpr int kFrom = kOut, kTo = kIn;
  static void apply(const Vector* d, int step, Vector* z, int z_step) {
    const Vector d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step];
    const Vector even_a = d0 + kAA * d2, odd_a = kA * (d1 + kAA * d3);
    const Vector even_b = d0 + kBB * d2, odd_b = kB * (d1 + kBB * d3);
    z[0] = d0;
    z[z_step] = even_a + odd_a;
    z[2 * z_step] = even_a - odd_a;
    z[3 * z_step] = even_b + odd_b;
    z[4 * z_step] = even_b - odd_b;
    z[5 * z_step] = d3;
  }
};

struct PointsToWeights {  // Gᵀ
  static constexpr int kFrom = kIn, kTo = kTaps;
  static void apply(const Vector* u, int step, Vector* w, int w_step) {
    const Vector even_a = kAtA * (u[step] + u[2 * step]), odd_a = kAtA * kA * (u[step] - u[2 * step]);
    const Vector even_b = kAtB * (u[3 * step] + u[4 * step]), odd_b = kAtB * kB * (u[3 * step] - u[4 * step]);
    w[0] = kAtZero * u[0] + even_a + even_b;
    w[w_step] = odd_a + odd_b;
    w[2 * w_step] = kAA * even_a + kBB * even_b + u[5 * step];
  }
};

// out = matrix · in · matrixᵀ
template <class Matrix>
inline __attribute__((always_inline)) void transform(const Vector (&in)[Matrix::kFrom * Matrix::kFrom],
                                                     Vector (&out)[Matrix::kTo * Matrix::kTo]) {
  constexpr int kFrom = Matrix::kFrom, kTo = Matrix::kTo;
  Vector half[kTo * kFrom];
#pragma GCC unroll 6
  for (int x = 0; x < kFrom; ++x) Matrix::apply(in + x, kFrom, half + x, kFrom);
#pragma GCC unroll 6
  for (int y = 0; y < kTo; ++y) Matrix::apply(half + y * kFrom, 1, out + y * kTo, 1);
}

}  // namespace lamina
