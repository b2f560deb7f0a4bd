// Loops over arrays of any length, one SIMD vector at a time.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "tiles.h"

namespace lamina {

// AllLanes lanes of a vector, a compile-time constant, so that it is moved by one instruction.
using AllLanes = std::integral_constant<int64_t, kLanes>;

// `lanes` numbers from p on, and `other` in the remaining lanes.
inline Vector load(const float* p, AllLanes, float = 0.f) { return Float::vector(p); }
inline Vector load(const float* p, int64_t lanes, float other = 0.f) {
  Vector found = Vector{} + other;
  std::memcpy(&found, p, lanes * sizeof(float));
  return found;
}

inline void store(float* p, AllLanes, Vector numbers) { Float::put(p, numbers); }
inline void store(float* p, int64_t lanes, Vector numbers) { std::memcpy(p, &numbers, lanes * sizeof(float)); }

// Call work(start, lanes) for one vector after another; the last may have fewer lanes.
template <class Work>
inline void for_each_vector(int64_t count, const Work& work) {
  int64_t at = 0;
  for (; at + kLanes <= count; at += kLanes) work(at, AllLanes());
  if (at < count) work(at, count - at);
}

inline float sum(Vector numbers) {
  float found = 0.f;
  for (int lane = 0; lane < kLanes; ++lane) found += numbers[lane];
  return found;
}

}  // namespace lamina
