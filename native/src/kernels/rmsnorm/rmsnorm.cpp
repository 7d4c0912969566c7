#include "kernels/rmsnorm/rmsnorm.h"

#include "kernels/checks.h"
#include "kernels/row_sums.h"

namespace px::kernels {

void rmsnorm(const Cpu& cpu, const px_rmsnorm_args& args) {
  px_rmsnorm_args a = args;
  a.epsilon = or_default(a.epsilon, 1e-5);
  const int64_t elements = check_matrix(a.rows, "rows", a.hidden, "hidden");
  check_positive(a.epsilon, "epsilon");
  check_some_output(a.out, a.out_bf16, elements, "out");
  check((a.delta != nullptr) == (a.sum != nullptr) || a.rows == 0, PX_INVALID_ARGUMENT,
        "sum: expected an array with delta and NULL without, got ", a.sum != nullptr ? "an array" : "NULL");
  cpu.isa == Isa::kScalar ? rmsnorm_ref(a) : rmsnorm_cpu(cpu, a);
}

void rmsnorm_backward(const Cpu& cpu, const px_rmsnorm_backward_args& args) {
  check_matrix(args.rows, "rows", args.hidden, "hidden");
  if (args.d_weight != nullptr)
    check_workspace(args.workspace, args.workspace_bytes, rmsnorm_backward_workspace(args.rows, args.hidden));
  cpu.isa == Isa::kScalar ? rmsnorm_backward_ref(args) : rmsnorm_backward_cpu(cpu, args);
}

uint64_t rmsnorm_backward_workspace(int64_t rows, int64_t hidden) { return row_sums_bytes(rows, hidden, 1); }

}  // namespace px::kernels
