// The one forward of all families over packed tokens; the descriptor says what it is made of. Only the attention's
// context differs between training (packed) and decoding (cache).
#pragma once

#include <ATen/core/Tensor.h>

#include "torch/parameters.h"
#include "torch/rope.h"

namespace px::torch_backend {

// Where the keys and values of a token's past are.
class AttentionContext {
 public:
  virtual ~AttentionContext() = default;
  // query_key [N, heads + kv_heads, D] with their positions, value [N, kv_heads, D] -> [N, heads * D].
  virtual at::Tensor attend(int64_t layer, const at::Tensor& query_key, const at::Tensor& value) = 0;
};

// tokens [N] int64 -> hidden states after the final norm [N, H].
at::Tensor transformer(const Descriptor& descriptor, const Parameters& parameters, const at::Tensor& tokens,
                       const Places& places, AttentionContext& attention);

}  // namespace px::torch_backend
