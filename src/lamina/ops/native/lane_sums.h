// Sums over the lanes of vectors, several vectors at a time.
#pragma once

#include "tiles.h"

namespace lamina {

// out[i] = the sum over the lanes of of[i]: the vectors are transposed, and their rows added up.
inline Vector lane_sums(const Vector (&of)[kLanes]) {
  float lines[kLanes * kLanes];
  transpose(reinterpret_cast<const float*>(of), kLanes, lines, kLanes);
  Vector sums[4] = {};
#pragma GCC unroll 16
  for (int i = 0; i < kLanes; ++i) sums[i % 4] += Float::vector(lines + i * kLanes);
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

}  // namespace lamina
