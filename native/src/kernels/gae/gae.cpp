#include "kernels/gae/gae.h"

#include "kernels/checks.h"

namespace px::kernels {

void gae(const px_gae_args& args) {
  check_probability(args.gamma, "gamma");
  check_probability(args.lambda, "lambda");
  gae_ref(args);
}

}  // namespace px::kernels
