// Images and their zero padding.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace lamina {

struct Image {
  int64_t height, width, channels;
  int64_t size() const { return height * width * channels; }
};

// Zeros around an image; negative where it is cropped.
struct Padding {
  int64_t top, left, bottom, right;
  bool empty() const { return !top && !left && !bottom && !right; }
};

// Copy an image into zero-padded memory.
template <class Element>
void pad(const Element* x, Image image, Padding padding, Element* out) {
  const int64_t rows = image.height + padding.top + padding.bottom;
  const int64_t columns = image.width + padding.left + padding.right, c = image.channels;
  const int64_t first = std::max<int64_t>(0, padding.left), skipped = std::max<int64_t>(0, -padding.left);
  const int64_t count = std::max<int64_t>(0, std::min(image.width - skipped, columns - first));
  for (int64_t y = 0; y < rows; ++y) {
    Element* line = out + y * columns * c;
    const int64_t from = y - padding.top;
    if (from < 0 || from >= image.height) {
      std::memset(line, 0, columns * c * sizeof(Element));
      continue;
    }
    std::memset(line, 0, first * c * sizeof(Element));
    std::memcpy(line + first * c, x + (from * image.width + skipped) * c, count * c * sizeof(Element));
    std::memset(line + (first + count) * c, 0, (columns - first - count) * c * sizeof(Element));
  }
}

}  // namespace lamina
