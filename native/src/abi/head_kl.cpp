#include "kernels/head_kl/head_kl.h"

#include "abi/arrays.h"
#include "abi/engine.h"
#include "abi/gemm.h"
#include "kernels/checks.h"
#include "proximal/kernels/head_kl.h"

using namespace px;
using namespace px::abi;

namespace {

constexpr uint64_t kLine = 64;

// With what aligning it may take.
uint64_t workspace_bytes(const kernels::Packed& head, int64_t rows, bool gradients) {
  return kernels::head_kl_workspace(head, rows, gradients) + kLine;
}

struct Sizes {
  int64_t rows, vocabulary, hidden, reference_hidden;
  px_dtype dtype;
};

Sizes check_sizes(const px_head_kl_args& a) {
  const Sizes s{a.rows, a.vocabulary, a.hidden_size, kernels::or_default(a.ref_hidden_size, a.hidden_size),
                check_product_dtype(a.dtype, "args.dtype")};
  kernels::check_size(s.vocabulary, "args.vocabulary");
  kernels::check_matrix(s.vocabulary, "args.vocabulary", s.hidden, "args.hidden_size");
  kernels::check_matrix(s.vocabulary, "args.vocabulary", s.reference_hidden, "args.ref_hidden_size");
  kernels::check_matrix(s.rows, "args.rows", s.vocabulary, "args.vocabulary");
  check_array(a.hidden, kernels::check_matrix(s.rows, "args.rows", s.hidden, "args.hidden_size"), "args.hidden");
  check_array(a.ref_hidden, kernels::check_matrix(s.rows, "args.rows", s.reference_hidden, "args.ref_hidden_size"),
              "args.ref_hidden");
  return s;
}

kernels::HeadKlArgs read_inputs(const px_head_kl_args& a, const Sizes& s) {
  kernels::HeadKlArgs args;
  args.n = s.rows;
  args.policy = {a.hidden, s.hidden, packed_of(a.head, a.head_bytes, s.vocabulary, s.hidden, s.dtype, "args.head")};
  args.reference = {
      a.ref_hidden, s.reference_hidden,
      packed_of(a.ref_head, a.ref_head_bytes, s.vocabulary, s.reference_hidden, s.dtype, "args.ref_head")};
  args.temperature = kernels::or_default(a.temperature, 1.0);
  kernels::check_positive(args.temperature, "args.temperature");
  return args;
}

void read_gradients(const px_head_kl_args& a, const Sizes& s, kernels::HeadKlArgs& args) {
  check_array(a.upstream, s.rows, "args.upstream");
  for (int64_t i = 0; i < s.rows; ++i) kernels::check_finite(a.upstream[i], "args.upstream", i);
  if (a.d_hidden != nullptr)
    args.head_transposed =
        packed_of(a.head_transposed, a.head_transposed_bytes, s.hidden, s.vocabulary, s.dtype, "args.head_transposed");
}

void compute(Engine& engine, const px_head_kl_args& a) {
  check(a.reserved == 0, PX_INVALID_ARGUMENT, "args.reserved: expected 0, got ", a.reserved);
  const Sizes sizes = check_sizes(a);
  kernels::HeadKlArgs args = read_inputs(a, sizes);
  const bool gradients = a.d_hidden != nullptr || a.d_head != nullptr;
  if (gradients)
    read_gradients(a, sizes, args);
  else
    check_array(a.kl, sizes.rows, "args.kl");
  kernels::check_workspace(a.workspace, a.workspace_bytes, workspace_bytes(args.policy.head, sizes.rows, gradients));
  args.workspace = reinterpret_cast<void*>((reinterpret_cast<uintptr_t>(a.workspace) + kLine - 1) / kLine * kLine);
  if (gradients)
    kernels::head_kl_gradient(engine.cpu(), args, a.upstream, a.kl, {a.d_hidden, a.d_head, false, true});
  else
    kernels::head_kl(engine.cpu(), args, a.kl);
}

}  // namespace

extern "C" {

px_status px_head_kl(px_engine* engine, const px_head_kl_args* args) {
  return guarded("px_head_kl", [&] {
    Engine& e = engine_of(engine);
    const px_head_kl_args a = read_args(args, "args");
    check_flags(a.flags, 0, "args");
    compute(e, a);
  });
}

uint64_t px_head_kl_workspace(int64_t rows, int64_t vocabulary, int64_t hidden_size, int32_t dtype, int32_t gradients) {
  uint64_t bytes = 0;
  guarded("px_head_kl_workspace", [&] {
    kernels::check_size(vocabulary, "vocabulary");
    kernels::check_matrix(rows, "rows", vocabulary, "vocabulary");
    kernels::check_matrix(vocabulary, "vocabulary", hidden_size, "hidden_size");
    check(gradients == 0 || gradients == 1, PX_INVALID_ARGUMENT, "gradients: expected 0 or 1, got ", gradients);
    bytes =
        workspace_bytes({nullptr, vocabulary, hidden_size, check_product_dtype(dtype, "dtype")}, rows, gradients != 0);
  });
  return bytes;
}

}  // extern "C"
