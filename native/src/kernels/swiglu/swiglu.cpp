#include "kernels/swiglu/swiglu.h"

#include "kernels/checks.h"

namespace px::kernels {

void swiglu(const Cpu& cpu, const px_swiglu_args& args) {
  const int64_t outputs = check_matrix(args.rows, "rows", args.features, "features");
  check_one_input(args.gate_up, args.gate_up_bf16, 2 * outputs, "gate_up");
  check_some_output(args.out, args.out_bf16, outputs, "out");
  cpu.isa == Isa::kScalar ? swiglu_ref(args) : swiglu_cpu(cpu, args);
}

void silu_here(Isa isa, float* values, uint16_t* bits, int64_t n) {
  isa == Isa::kScalar ? silu_ref(values, bits, n) : silu_cpu(isa, values, bits, n);
}

void swiglu_backward(const Cpu& cpu, const px_swiglu_backward_args& args) {
  const int64_t outputs = check_matrix(args.rows, "rows", args.features, "features");
  check_one_input(args.gate_up, args.gate_up_bf16, 2 * outputs, "gate_up");
  check_some_output(args.d_gate_up, args.d_gate_up_bf16, 2 * outputs, "d_gate_up");
  cpu.isa == Isa::kScalar ? swiglu_backward_ref(args) : swiglu_backward_cpu(cpu, args);
}

}  // namespace px::kernels
