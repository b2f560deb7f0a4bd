// Lines of numbers, a vector at a time, whatever their length.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

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

}  // namespace lamina
