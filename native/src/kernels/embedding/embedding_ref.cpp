#include "base/float16.h"
#include "kernels/embedding/embedding.h"

namespace px::kernels {

void embedding_ref(const px_embedding_args& args) {
  for (int64_t n = 0; n < args.rows; ++n)
    for (int64_t i = 0; i < args.hidden; ++i) {
      const int64_t at = args.token[n] * args.hidden + i;
      float value = args.table != nullptr ? args.table[at] : from_bf16(args.table_bf16[at]);
      if (args.position != nullptr) value += args.position_table[args.position[n] * args.hidden + i];
      args.out[n * args.hidden + i] = value;
    }
}

void embedding_backward_ref(const px_embedding_backward_args& args) {
  for (int64_t n = 0; n < args.rows; ++n)
    for (int64_t i = 0; i < args.hidden; ++i)
      args.d_table[args.token[n] * args.hidden + i] += args.d_out[n * args.hidden + i];
}

}  // namespace px::kernels
