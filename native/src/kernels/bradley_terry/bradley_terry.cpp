#include "kernels/bradley_terry/bradley_terry.h"

#include "kernels/checks.h"

namespace px::kernels {

void bradley_terry(const Cpu& cpu, const px_bradley_terry_args& args, px_bradley_terry_metrics& metrics) {
  check_count(args.count, "count");
  check_not_negative(args.center_coefficient, "center_coefficient");
  check_positive(args.normalizer, "normalizer");
  metrics = cpu.isa == Isa::kScalar ? bradley_terry_ref(args, 0, args.count) : bradley_terry_cpu(cpu, args);
}

}  // namespace px::kernels
