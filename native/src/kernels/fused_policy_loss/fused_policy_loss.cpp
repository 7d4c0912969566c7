#include "kernels/fused_policy_loss/fused_policy_loss.h"

#include <algorithm>

#include "kernels/checks.h"
#include "kernels/policy_loss/policy_loss.h"

namespace px::kernels {
namespace {

// policy_loss over the block at hand.
class PolicyObjective final : public HeadObjective {
 public:
  PolicyObjective(const Cpu& cpu, const FusedPolicyLossArgs& args)
      : cpu_(cpu), args_(args), metrics_{no_policy_metrics(), 0.0} {}

  void operator()(int64_t first, int64_t count, const float* logprob, const float* entropy, float* d_logprob,
                  float* d_entropy) override {
    px_policy_loss_args block = args_.policy;
    const auto from = [first](auto* array) { return array != nullptr ? array + first : nullptr; };
    block.count = count;
    block.logprob = logprob;
    block.old_logprob = from(block.old_logprob);
    block.ref_logprob = from(block.ref_logprob);
    block.advantage = from(block.advantage);
    block.weight = from(block.weight);
    block.loss = from(block.loss);
    block.gradient = d_logprob;
    px_policy_metrics part;
    policy_loss(cpu_, block, part);
    add(metrics_.policy, part);
    const double scale = args_.entropy_coefficient / args_.policy.normalizer;
    for (int64_t i = 0; i < count; ++i) {
      const double weight = block.weight != nullptr ? block.weight[i] : 1.0;
      if (weight == 0) continue;
      metrics_.entropy += weight * entropy[i];
      d_entropy[i] = static_cast<float>(-scale * weight);
    }
    if (args_.policy.gradient != nullptr) std::copy_n(d_logprob, count, args_.policy.gradient + first);
  }

  const FusedPolicyMetrics& metrics() const { return metrics_; }

 private:
  const Cpu& cpu_;
  const FusedPolicyLossArgs& args_;
  FusedPolicyMetrics metrics_;
};

}  // namespace

void fused_policy_loss(const Cpu& cpu, const FusedPolicyLossArgs& args, const HeadOutputs& out,
                       const HeadGradients& gradients, FusedPolicyMetrics& metrics) {
  check_finite(args.entropy_coefficient, "entropy_coefficient");
  PolicyObjective objective(cpu, args);
  head_gradient(cpu, args.head, out, objective, gradients);
  metrics = objective.metrics();
}

}  // namespace px::kernels
