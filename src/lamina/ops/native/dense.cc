// Many small matrix products in one call, each side as stored or transposed; and dense layers, relu(x · Wᵀ + b), with
// both gradients: the gradient of relu is computed into memory of one member, which stays in the cache, and multiplied
// from there; the bias gradient is accumulated in the same pass.

#include "few_rows.h"
#include "products.h"

namespace lamina {
namespace {

// Where a member's matrix begins; leading axes of length one are broadcast.
int64_t member_offset(const Buffer& of, const Buffer& out, int64_t member) {
  const int64_t rank = of.dimensions.size;
  int64_t offset = 0, step = of.dimensions[rank - 2] * of.dimensions[rank - 1];
  for (int64_t axis = rank - 3; axis >= 0; --axis) {
    if (of.dimensions[axis] != 1) offset += member % out.dimensions[axis] * step;
    step *= of.dimensions[axis];
    member /= out.dimensions[axis];
  }
  return offset;
}

const float* numbers(const Buffer& of, const Buffer& out, int64_t member) {
  return static_cast<const float*>(of.data) + member_offset(of, out, member);
}

Matrix matrix(const Buffer& of, const Buffer& out, int64_t member, bool transposed) {
  const float* data = numbers(of, out, member);
  const int64_t columns = of.dimensions[of.dimensions.size - 1];
  return transposed ? Matrix{data, 1, columns} : Matrix{data, columns, 1};
}

// The last two axes of a result, and how many of them there are.
struct Result {
  Buffer buffer;
  int64_t members = 1, rows, columns;

  explicit Result(const Buffer& of) : buffer(of) {
    const Sizes sizes = of.dimensions;
    rows = sizes[sizes.size - 2];
    columns = sizes[sizes.size - 1];
    for (int64_t axis = 0; axis < sizes.size - 2; ++axis) members *= sizes[axis];
  }

  Target of(int64_t member) const { return {static_cast<float*>(buffer.data) + member * rows * columns, columns}; }
};

// Whether one matrix serves several members.
bool is_shared(const Buffer& of, const Result& out) {
  const Sizes sizes = of.dimensions;
  const auto is_one = [](int64_t length) { return length == 1; };
  return out.members > 1 && std::all_of(sizes.data, sizes.data + sizes.size - 2, is_one);
}

int64_t last_axis(const Buffer& of, int64_t from_behind) { return of.dimensions[of.dimensions.size - from_behind]; }

void product(const Call& call) {
  const Buffer left = call.operand(0), right = call.operand(1);
  const Result out(call.result());
  const Sizes transposed = call.sizes("transposed");
  if (out.members == 1 && out.rows <= kFewRows && !transposed[0] && transposed[1])
    return few_rows(call.threads, {numbers(left, out.buffer, 0), numbers(right, out.buffer, 0), {}, out.of(0).data,
                                   out.rows, last_axis(left, 1), out.columns});
  const Plan plan(call.threads, out.members, {out.rows, last_axis(left, transposed[0] ? 2 : 1), out.columns},
                  transposed[0]);
  plan.run([&](int64_t member) {
    return Product{matrix(left, out.buffer, member, transposed[0]), matrix(right, out.buffer, member, transposed[1]),
                   {}, out.of(member), is_shared(right, out)};
  });
}

// y = x · Wᵀ + b, or relu of it. Operands: x, W, b as one row.
void affine(const Call& call) {
  const Buffer x = call.operand(0), weight = call.operand(1), bias = call.operand(2);
  const Result y(call.result());
  const bool relu = call.sizes("relu")[0] != 0;
  if (y.members == 1 && y.rows <= kFewRows)
    return few_rows(call.threads, {numbers(x, y.buffer, 0), numbers(weight, y.buffer, 0),
                                   {numbers(bias, y.buffer, 0), relu}, y.of(0).data, y.rows, last_axis(x, 1), y.columns});
  const Plan plan(call.threads, y.members, {y.rows, last_axis(x, 1), y.columns});
  plan.run([&](int64_t member) {
    return Product{matrix(x, y.buffer, member, false), matrix(weight, y.buffer, member, true),
                   {numbers(bias, y.buffer, member), relu}, y.of(member)};
  });
}

// The gradient of a layer's activation, `rows` × `columns`: change where y > 0; without y, which is no relu, all of it.
struct ActivationGradient {
  const float *change, *y;
  int64_t rows, columns;
};

constexpr int64_t kStrip = 64;  // columns of a task
constexpr int64_t kLeastShared = 1 << 17;  // numbers, below which waking another thread takes longer
constexpr int64_t kRowsSummed = 256;  // rows of a partial sum, so that rounding does not grow with all of them

// Columns a vector at a time, or one by one.
struct Wide {
  static constexpr int64_t kWidth = kLanes;
  static Vector read(const float* p) { return Float::vector(p); }
  static void put(float* p, Vector value) { Float::put(p, value); }
  static Vector where_positive(Vector y, Vector change) { return y > Vector{} ? change : Vector{}; }
};
struct Narrow {
  static constexpr int64_t kWidth = 1;
  static float read(const float* p) { return *p; }
  static void put(float* p, float value) { *p = value; }
  static float where_positive(float y, float change) { return y > 0.f ? change : 0.f; }
};

// kept = the activation gradient, sums = its sums over the rows, for `count` times K's width of columns from `first`
// on; either may be missing.
template <class K, int count>
void activation_gradient(const ActivationGradient& of, int64_t first, float* kept, float* sums) {
  using Number = decltype(K::read(nullptr));
  Number total[count] = {};
  for (int64_t top = 0; top < of.rows; top += kRowsSummed) {
    Number partial[count] = {};
    for (int64_t r = top; r < std::min(of.rows, top + kRowsSummed); ++r) {
      const int64_t row = r * of.columns + first;
#pragma GCC unroll 4
      for (int i = 0; i < count; ++i) {
        const int64_t at = row + i * K::kWidth;
        Number slope = K::read(of.change + at);
        if (of.y != nullptr) {
          slope = K::where_positive(K::read(of.y + at), slope);
          K::put(kept + at, slope);
        }
        partial[i] += slope;
      }
    }
    for (int i = 0; i < count; ++i) total[i] += partial[i];
  }
  for (int i = 0; sums != nullptr && i < count; ++i) K::put(sums + first + i * K::kWidth, total[i]);
}

// The same for the columns of a strip.
void activation_gradient_strip(const ActivationGradient& of, int64_t strip, float* kept, float* sums) {
  const int64_t end = std::min((strip + 1) * kStrip, of.columns);
  int64_t first = strip * kStrip;
  for (; first + 4 * kLanes <= end; first += 4 * kLanes) activation_gradient<Wide, 4>(of, first, kept, sums);
  for (; first + kLanes <= end; first += kLanes) activation_gradient<Wide, 1>(of, first, kept, sums);
  for (; first + 2 <= end; first += 2) activation_gradient<Narrow, 2>(of, first, kept, sums);
  for (; first < end; ++first) activation_gradient<Narrow, 1>(of, first, kept, sums);
}

// Compute products of activation gradients: each is computed by the thread that multiplies it, or, where a member is
// the work of several threads, all of them before. gradient_of(member), sums_of(member) and product_of(member, slope)
// return operands and results.
template <class GradientOf, class SumsOf, class ProductOf>
void with_activation_gradients(const Plan& plan, const GradientOf& gradient_of, const SumsOf& sums_of,
                               const ProductOf& product_of) {
  const ActivationGradient any = gradient_of(0);
  const int64_t size = any.rows * any.columns, strips = (any.columns + kStrip - 1) / kStrip;
  const bool is_plain = any.y == nullptr;
  const auto memory = [&](int64_t count) {
    return is_plain ? nullptr : static_cast<float*>(scratch(1, count * size * sizeof(float)));
  };
  if (plan.by_member())
    return plan.run([&](int64_t member) {
      const ActivationGradient slope = gradient_of(member);
      float* kept = memory(1);
      for (int64_t strip = 0; strip < strips; ++strip) activation_gradient_strip(slope, strip, kept, sums_of(member));
      return product_of(member, is_plain ? slope.change : kept);
    });
  float* kept = memory(plan.members);
  const auto compute = [&](int64_t strip) {
    const int64_t member = strip / strips;
    activation_gradient_strip(gradient_of(member), strip % strips, is_plain ? nullptr : kept + member * size,
                              sums_of(member));
  };
  if (plan.members * size < kLeastShared)
    for (int64_t strip = 0; strip < plan.members * strips; ++strip) compute(strip);
  else
    ParallelFor(plan.threads, int(plan.members * strips), [&](int task) { compute(task); });
  plan.run([&](int64_t member) {
    return product_of(member, is_plain ? gradient_of(member).change : kept + member * size);
  });
}

// Operands: change, y, W.
void affine_input_gradient(const Call& call) {
  const Buffer change = call.operand(0), y = call.operand(1), weight = call.operand(2);
  const Result out(call.result());
  const int64_t outputs = last_axis(change, 1);
  const Plan plan(call.threads, out.members, {out.rows, outputs, out.columns});
  with_activation_gradients(
      plan,
      [&](int64_t member) {
        return ActivationGradient{numbers(change, out.buffer, member), numbers(y, out.buffer, member), out.rows,
                                  outputs};
      },
      [](int64_t) -> float* { return nullptr; },
      [&](int64_t member, const float* slope) {
        return Product{{slope, outputs, 1}, matrix(weight, out.buffer, member, false), {}, out.of(member),
                       is_shared(weight, out)};
      });
}

// Operands: change, x and, of a layer with relu, y; results: the gradients of W and, as one row, of b.
void affine_weight_gradient(const Call& call) {
  const Buffer change = call.operand(0), x = call.operand(1);
  const bool has_relu = call.operands() > 2;
  const Result out(call.result(0)), sums(call.result(1));
  const int64_t rows = last_axis(x, 2);
  const Plan plan(call.threads, out.members, {out.rows, rows, out.columns}, true);
  with_activation_gradients(
      plan,
      [&](int64_t member) {
        const float* y = has_relu ? numbers(call.operand(2), out.buffer, member) : nullptr;
        return ActivationGradient{numbers(change, out.buffer, member), y, rows, out.rows};
      },
      [&](int64_t member) { return sums.of(member).data; },
      [&](int64_t member, const float* slope) {
        return Product{{slope, 1, out.rows}, matrix(x, out.buffer, member, false), {}, out.of(member),
                       is_shared(x, out)};
      });
}

}  // namespace
}  // namespace lamina

extern "C" XLA_FFI_Error* product_f32(XLA_FFI_CallFrame* frame) { return lamina::handle(frame, lamina::product); }
extern "C" XLA_FFI_Error* affine_f32(XLA_FFI_CallFrame* frame) { return lamina::handle(frame, lamina::affine); }
extern "C" XLA_FFI_Error* affine_input_gradient_f32(XLA_FFI_CallFrame* frame) {
  return lamina::handle(frame, lamina::affine_input_gradient);
}
extern "C" XLA_FFI_Error* affine_weight_gradient_f32(XLA_FFI_CallFrame* frame) {
  return lamina::handle(frame, lamina::affine_weight_gradient);
}
