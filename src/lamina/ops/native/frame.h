// Images, and the zeros around them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace lamina {

struct Image {
  int64_t height, width, channels;
  int64_t size() const { return height * width * channels; }
};

// Zeros around an image, or, where negative, what is cut off.
struct Frame {
  int64_t top, left, bottom, right;
  bool empty() const { return !top && !left && !bottom && !right; }
};

// Copy an image into a frame of zeros.
template <class Element>
void pad(const Element* x, Image image, Frame frame, Element* out) {
  const int64_t rows = image.height + frame.top + frame.bottom;
  const int64_t columns = image.width + frame.left + frame.right, c = image.channels;
  const int64_t first = std::max<int64_t>(0, frame.left), skipped = std::max<int64_t>(0, -frame.left);
  const int64_t count = std::max<int64_t>(0, std::min(image.width - skipped, columns - first));
  for (int64_t y = 0; y < rows; ++y) {
    Element* line = out + y * columns * c;
    const int64_t from = y - frame.top;
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
