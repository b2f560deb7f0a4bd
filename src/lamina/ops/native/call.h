// A call from XLA, decoded directly from its C interface: XLA's C++ interface takes ten times as long to compile.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

#include "xla/ffi/api/c_api.h"

namespace lamina {

struct Sizes {
  const int64_t* data;
  int64_t size;
  int64_t operator[](int64_t i) const { return data[i]; }
};

// An operand or a result.
struct Buffer {
  void* data;
  Sizes dimensions;

  int64_t size() const {
    int64_t found = 1;
    for (int64_t axis = 0; axis < dimensions.size; ++axis) found *= dimensions[axis];
    return found;
  }
};

// XLA's thread pool.
class Threads {
 public:
  explicit Threads(const XLA_FFI_CallFrame* frame) : frame_(frame) {
    XLA_FFI_ThreadPool_NumThreads_Args args{XLA_FFI_ThreadPool_NumThreads_Args_STRUCT_SIZE, nullptr, frame->ctx,
                                            &count_};
    if (failed(frame->api->XLA_FFI_ThreadPool_NumThreads(&args))) count_ = 1;
  }

  int64_t count() const { return count_; }

  // Whether work() will be called on one of the threads.
  template <class Work>
  bool schedule(Work work) const {
    auto kept = std::make_unique<Work>(std::move(work));
    const auto run = [](void* data) { (*std::unique_ptr<Work>(static_cast<Work*>(data)))(); };
    XLA_FFI_ThreadPool_Schedule_Args args{XLA_FFI_ThreadPool_Schedule_Args_STRUCT_SIZE, nullptr, frame_->ctx, run,
                                          kept.get()};
    if (failed(frame_->api->XLA_FFI_ThreadPool_Schedule(&args))) return false;
    kept.release();
    return true;
  }

 private:
  bool failed(XLA_FFI_Error* error) const {
    if (error == nullptr) return false;
    XLA_FFI_Error_Destroy_Args args{XLA_FFI_Error_Destroy_Args_STRUCT_SIZE, nullptr, error};
    frame_->api->XLA_FFI_Error_Destroy(&args);
    return true;
  }

  const XLA_FFI_CallFrame* frame_;
  int64_t count_ = 1;
};

class Call {
 public:
  explicit Call(const XLA_FFI_CallFrame* frame) : threads(frame), frame_(frame) {}

  int operands() const { return int(frame_->args.size); }
  int results() const { return int(frame_->rets.size); }
  Buffer operand(int i) const { return buffer(frame_->args.args[i]); }
  Buffer result(int i = 0) const { return buffer(frame_->rets.rets[i]); }

  // An attribute of several whole numbers.
  Sizes sizes(const char* name) const {
    for (int64_t i = 0; i < frame_->attrs.size; ++i) {
      const XLA_FFI_ByteSpan* found = frame_->attrs.names[i];
      if (found->len != std::strlen(name) || std::memcmp(found->ptr, name, found->len) != 0) continue;
      const auto* array = static_cast<const XLA_FFI_Array*>(frame_->attrs.attrs[i]);
      return {static_cast<const int64_t*>(array->data), int64_t(array->size)};
    }
    return {nullptr, 0};
  }

  // An attribute of one number, given by its bits.
  double number(const char* name) const {
    double found;
    std::memcpy(&found, sizes(name).data, sizeof found);
    return found;
  }

  const Threads threads;

 private:
  static Buffer buffer(const void* raw) {
    const auto* found = static_cast<const XLA_FFI_Buffer*>(raw);
    return {found->data, {found->dims, found->rank}};
  }

  const XLA_FFI_CallFrame* frame_;
};

// Handle a call: return the version of this interface when XLA queries it, else compute.
template <class Work>
XLA_FFI_Error* handle(XLA_FFI_CallFrame* frame, const Work& work) {
  const auto* extension = frame->extension_start;  // its type has another name from JAX 0.12 on
  if (extension != nullptr && extension->type == XLA_FFI_Extension_Metadata) {
    auto* metadata = reinterpret_cast<const XLA_FFI_Metadata_Extension*>(extension)->metadata;
    metadata->api_version = {XLA_FFI_Api_Version_STRUCT_SIZE, nullptr, XLA_FFI_API_MAJOR, XLA_FFI_API_MINOR};
    metadata->traits = 0;
    return nullptr;
  }
  work(Call(frame));
  return nullptr;
}

}  // namespace lamina
