#include "kernels/gelu/gelu.h"

#include "kernels/checks.h"

namespace px::kernels {

void gelu(const Cpu& cpu, const px_gelu_args& args) {
  check_count(args.count, "count");
  check_one_input(args.x, args.x_bf16, args.count, "x");
  check_some_output(args.out, args.out_bf16, args.count, "out");
  cpu.isa == Isa::kScalar ? gelu_ref(args) : gelu_cpu(cpu, args);
}

void gelu_here(Isa isa, const px_gelu_args& args) {
  isa == Isa::kScalar ? gelu_ref(args) : gelu_here_cpu(isa, args);
}

void gelu_backward(const Cpu& cpu, const px_gelu_backward_args& args) {
  check_count(args.count, "count");
  check_one_input(args.x, args.x_bf16, args.count, "x");
  check_some_output(args.d_x, args.d_x_bf16, args.count, "d_x");
  cpu.isa == Isa::kScalar ? gelu_backward_ref(args) : gelu_backward_cpu(cpu, args);
}

}  // namespace px::kernels
