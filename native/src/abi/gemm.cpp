#include "abi/gemm.h"

#include <string>

#include "abi/arrays.h"
#include "abi/engine.h"
#include "kernels/checks.h"
#include "proximal/kernels/gemm.h"

using namespace px;
using namespace px::abi;

namespace {

// The size of a matrix [outputs, inputs]; neither may be 0.
int64_t check_weights(int64_t outputs, const char* outputs_name, int64_t inputs, const char* inputs_name) {
  kernels::check_size(outputs, outputs_name);
  return kernels::check_matrix(outputs, outputs_name, inputs, inputs_name);
}

uint64_t packed_bytes(int64_t outputs, int64_t inputs, px_dtype dtype) {
  return static_cast<uint64_t>(kernels::packed_words(outputs, inputs, dtype)) * sizeof(uint32_t);
}

void check_packed(const void* packed, uint64_t bytes, uint64_t needed, const char* name) {
  check_pointer(packed, name);
  check(bytes >= needed, PX_INVALID_ARGUMENT, name, "_bytes: expected at least ", needed, ", got ", bytes);
  check(reinterpret_cast<uintptr_t>(packed) % alignof(uint32_t) == 0, PX_INVALID_ARGUMENT, name,
        ": expected an address that is a multiple of ", alignof(uint32_t));
}

void pack(Engine& engine, const px_gemm_pack_args& a) {
  const px_dtype from = check_product_dtype(a.from, "args.from");
  const px_dtype dtype = check_product_dtype(a.dtype, "args.dtype");
  check(dtype == PX_DTYPE_BF16 || from == PX_DTYPE_F32, PX_INVALID_ARGUMENT,
        "args.dtype: expected BF16 of weights in BF16, got F32; cast them first");
  const int64_t elements = check_weights(a.outputs, "args.outputs", a.inputs, "args.inputs");
  check_array(a.w, elements, "args.w");
  check_packed(a.packed, a.packed_bytes, packed_bytes(a.outputs, a.inputs, dtype), "args.packed");
  const bool transposed = (a.flags & PX_GEMM_TRANSPOSED) != 0;
  const kernels::Unpacked w{a.w, from, transposed ? 1 : a.inputs, transposed ? a.outputs : 1};
  kernels::gemm_pack(engine.cpu(), w, {nullptr, a.outputs, a.inputs, dtype}, static_cast<uint32_t*>(a.packed));
}

// Without a gap from column to column where they are turned.
int64_t stride_of_pairs(Isa isa, int64_t inputs, int64_t rows) {
  return kernels::turns_columns(isa, PX_DTYPE_BF16) ? (inputs + 1) / 2 : rows;
}

kernels::Rows columns(Isa isa, px_dtype dtype, const px_gemm_args& a) {
  const int64_t stride = dtype == PX_DTYPE_F32 ? a.rows : stride_of_pairs(isa, a.inputs, a.rows);
  return kernels::columns_of(isa, dtype, a.x, stride, 0, a.rows);
}

void multiply(Engine& engine, const px_gemm_args& a) {
  const px_dtype dtype = check_product_dtype(a.dtype, "args.dtype");
  check(a.activation >= PX_ACTIVATION_NONE && a.activation <= PX_ACTIVATION_SILU, PX_INVALID_ARGUMENT,
        "args.activation: expected a px_activation (0 to 3), got ", a.activation);
  check_weights(a.outputs, "args.outputs", a.inputs, "args.inputs");
  check_array(a.x, kernels::check_matrix(a.rows, "args.rows", a.inputs, "args.inputs"), "args.x");
  const kernels::Packed weights = packed_of(a.packed, a.packed_bytes, a.outputs, a.inputs, dtype, "args.packed");
  const int64_t results = kernels::check_matrix(a.rows, "args.rows", a.outputs, "args.outputs");
  kernels::check_some_output(a.out, a.out_bf16, results, "args.out");
  kernels::GemmArgs args;
  args.x = (a.flags & PX_GEMM_TRANSPOSED) != 0 ? columns(engine.cpu().isa, dtype, a)
                                               : kernels::rows_of(a.x, a.rows, a.inputs, dtype);
  args.weights = weights;
  args.bias = a.bias;
  args.residual = a.residual;
  args.out = a.out;
  args.out_bf16 = a.out_bf16;
  args.out_stride = a.outputs;
  args.activation = static_cast<px_activation>(a.activation);
  kernels::gemm(engine.cpu(), args);
}

}  // namespace

px_dtype px::abi::check_product_dtype(int32_t dtype, const char* name) {
  check(dtype == PX_DTYPE_F32 || dtype == PX_DTYPE_BF16, PX_INVALID_ARGUMENT, name, ": expected F32 (", PX_DTYPE_F32,
        ") or BF16 (", PX_DTYPE_BF16, "), got ", dtype);
  return static_cast<px_dtype>(dtype);
}

kernels::Packed px::abi::packed_of(const void* packed, uint64_t bytes, int64_t outputs, int64_t inputs, px_dtype dtype,
                                   const char* name) {
  check_packed(packed, bytes, packed_bytes(outputs, inputs, dtype), name);
  return {static_cast<const uint32_t*>(packed), outputs, inputs, dtype};
}

extern "C" {

uint64_t px_gemm_packed_bytes(int64_t outputs, int64_t inputs, int32_t dtype) {
  uint64_t bytes = 0;
  guarded("px_gemm_packed_bytes", [&] {
    check_weights(outputs, "outputs", inputs, "inputs");
    bytes = packed_bytes(outputs, inputs, check_product_dtype(dtype, "dtype"));
  });
  return bytes;
}

px_status px_gemm_pack(px_engine* engine, const px_gemm_pack_args* args) {
  return guarded("px_gemm_pack", [&] {
    Engine& e = engine_of(engine);
    const px_gemm_pack_args a = read_args(args, "args");
    check_flags(a.flags, PX_GEMM_TRANSPOSED, "args");
    pack(e, a);
  });
}

px_status px_gemm(px_engine* engine, const px_gemm_args* args) {
  return guarded("px_gemm", [&] {
    Engine& e = engine_of(engine);
    const px_gemm_args a = read_args(args, "args");
    check_flags(a.flags, PX_GEMM_TRANSPOSED, "args");
    multiply(e, a);
  });
}

px_status px_gemm_interleave(px_engine* engine, const void* x, int32_t dtype, int64_t inputs, int64_t rows,
                             uint32_t* words) {
  return guarded("px_gemm_interleave", [&] {
    Engine& e = engine_of(engine);
    const px_dtype from = check_product_dtype(dtype, "dtype");
    const int64_t elements = kernels::check_matrix(inputs, "inputs", rows, "rows");
    check_array(x, elements, "x");
    check_array(words, elements, "words");
    kernels::gemm_interleave(e.cpu(), x, from, inputs, rows, rows, {words, stride_of_pairs(e.cpu().isa, inputs, rows)});
  });
}

}  // extern "C"
