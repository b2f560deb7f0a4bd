// Lines of numbers, a vector at a time, whatever their length.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include "exponential.h"
#include "tiles.h"

namespace lamina {

// All lanes of a vector, known while compiling, so that it is moved at once.
using All = std::integral_constant<int64_t, kLanes>;

// `lanes` numbers from p on, and `other` in the lanes beyond.
inline Vector load(const float* p, All, float = 0.f) { return Float::vector(p); }
inline Vector load(const float* p, int64_t lanes, float other = 0.f) {
  Vector found = Vector{} + other;
  std::memcpy(&found, p, lanes * sizeof(float));
  return found;
}

inline void store(float* p, All, Vector numbers) { Float::put(p, numbers); }
inline void store(float* p, int64_t lanes, Vector numbers) { std::memcpy(p, &numbers, lanes * sizeof(float)); }

// Call work(place, lanes) for one vector after another; the last may have fewer lanes.
template <class Work>
inline void in_vectors(int64_t count, const Work& work) {
  int64_t at = 0;
  for (; at + kLanes <= count; at += kLanes) work(at, All());
  if (at < count) work(at, count - at);
}

inline float sum(Vector numbers) {
  float found = 0.f;
  for (int lane = 0; lane < kLanes; ++lane) found += numbers[lane];
  return found;
}

// A line of numbers becomes e^(scale · (x - largest)) / Σ.
inline void softmax(float* line, int64_t count, float scale) {
  constexpr float kLeast = -std::numeric_limits<float>::infinity();
  Vector most = Vector{} + kLeast, sums{};
  in_vectors(count, [&](int64_t at, auto lanes) {
    const Vector x = load(line + at, lanes, kLeast);
    most = x > most ? x : most;
  });
  float largest = most[0];
  for (int lane = 1; lane < kLanes; ++lane) largest = std::max(largest, most[lane]);
  in_vectors(count, [&](int64_t at, auto lanes) {
    const Vector e = exponential((load(line + at, lanes, kLeast) - largest) * scale);
    store(line + at, lanes, e);
    sums += e;
  });
  const float share = 1.f / sum(sums);
  in_vectors(count, [&](int64_t at, auto lanes) { store(line + at, lanes, load(line + at, lanes) * share); });
}

// change = scale · weights · (change - Σ change · weights), back through a line of softmax.
inline void softmax_back(const float* weights, float* change, int64_t count, float scale) {
  Vector sums{};
  in_vectors(count, [&](int64_t at, auto lanes) { sums += load(weights + at, lanes) * load(change + at, lanes); });
  const float mean = sum(sums);
  in_vectors(count, [&](int64_t at, auto lanes) {
    store(change + at, lanes, scale * load(weights + at, lanes) * (load(change + at, lanes) - mean));
  });
}

}  // namespace lamina
