// Products of small tiles of bfloat16 pairs with float32 sums: by AMX, or a row at a time by AVX512-BF16.
//
// A tile of the left side is 16 rows of 16 words, each a pair of neighboring numbers of the sum; a tile of the right
// side is 16 such pairs by 16 columns. AMX multiplies two tiles by one instruction and adds 16 × 16 sums.
// Reference: Intel. 64 and IA-32 architectures optimization reference manual, chapter "Intel AMX". 2023.
#pragma once

#if defined(__AVX512BF16__)

#include <immintrin.h>

#include <cstdint>
#include <cstring>

#if defined(__AMX_BF16__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#define LAMINA_AMX
#endif

namespace lamina {

constexpr int64_t kTile = 16, kPairs = 16, kDeepTile = 2 * kPairs;  // rows or columns, words, numbers of the sum
constexpr int64_t kTileWords = kTile * kPairs;

inline __mmask16 first_lanes(int64_t count) {
  return count >= kTile ? 0xffff : __mmask16((1u << (count > 0 ? count : 0)) - 1);
}

// Sixteen words of rounded pairs, each from one lane of both vectors.
inline __m512i pairs_of(__m512 first, __m512 second) {
  const __m512i low = _mm512_cvtepu16_epi32(reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(first)));
  const __m512i high = _mm512_cvtepu16_epi32(reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(second)));
  return _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
}

#if defined(LAMINA_AMX)
// Shapes of all eight tiles: 16 rows of 64 bytes.
struct alignas(64) Configuration {
  uint8_t palette = 1, start = 0, reserved[14] = {};
  uint16_t bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

// Whether the kernel lets this process use AMX: its registers are large, and programs have to ask for them.
inline bool has_amx() {
  constexpr long kRequest = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  static const bool found = syscall(SYS_arch_prctl, kRequest, kTileData) == 0;
  return found;
}

// The registers of tiles, for as long as it lives, on this thread.
struct TileRegisters {
  TileRegisters() {
    static const Configuration shapes;  // not on the stack: the instruction does not say how much of it is read
    _tile_loadconfig(&shapes);
  }
  ~TileRegisters() { _tile_release(); }
};
#endif

}  // namespace lamina

#endif
