#include "kernels/layernorm/layernorm.h"

#include "kernels/checks.h"
#include "kernels/row_sums.h"

namespace px::kernels {

void layernorm(const Cpu& cpu, const px_layernorm_args& args) {
  px_layernorm_args a = args;
  a.epsilon = or_default(a.epsilon, 1e-5);
  const int64_t elements = check_matrix(a.rows, "rows", a.hidden, "hidden");
  check_positive(a.epsilon, "epsilon");
  check_some_output(a.out, a.out_bf16, elements, "out");
  check((a.delta != nullptr) == (a.sum != nullptr) || a.rows == 0, PX_INVALID_ARGUMENT,
        "sum: expected an array with delta and NULL without, got ", a.sum != nullptr ? "an array" : "NULL");
  cpu.isa == Isa::kScalar ? layernorm_ref(a) : layernorm_cpu(cpu, a);
}

void layernorm_backward(const Cpu& cpu, const px_layernorm_backward_args& args) {
  check_matrix(args.rows, "rows", args.hidden, "hidden");
  check((args.d_weight != nullptr) == (args.d_bias != nullptr), PX_INVALID_ARGUMENT,
        "d_bias: expected an array with d_weight and NULL without, got ", args.d_bias != nullptr ? "an array" : "NULL");
  if (args.d_weight != nullptr)
    check_workspace(args.workspace, args.workspace_bytes, layernorm_backward_workspace(args.rows, args.hidden));
  cpu.isa == Isa::kScalar ? layernorm_backward_ref(args) : layernorm_backward_cpu(cpu, args);
}

uint64_t layernorm_backward_workspace(int64_t rows, int64_t hidden) { return row_sums_bytes(rows, hidden, 2); }

}  // namespace px::kernels
