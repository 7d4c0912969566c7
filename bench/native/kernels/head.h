// Hidden states and an LM head of the 135M model, for the kernels that begin with them.
#pragma once

#include "kernels/token_logprob/head.h"
#include "suite.h"

namespace px::bench {

struct HeadCase {
  static constexpr int64_t kRows = 1024, kHidden = 576, kVocabulary = 49152;

  explicit HeadCase(const Cpu& cpu)
      : hidden(kRows * kHidden, -1, 1), head(kVocabulary * kHidden, -0.05, 0.05), target(kRows, 0, kVocabulary),
        target64(kRows), words(kernels::packed_words(kVocabulary, kHidden, PX_DTYPE_BF16)),
        other_words(kernels::packed_words(kHidden, kVocabulary, PX_DTYPE_BF16)), d_hidden(kRows * kHidden),
        d_head(kVocabulary * kHidden), logprob(kRows), entropy(kRows) {
    for (int64_t i = 0; i < kRows; ++i) target64[i] = target[i];
    args.n = kRows;
    args.hidden = hidden;
    args.hidden_stride = kHidden;
    args.head = kernels::gemm_pack(cpu, {head, PX_DTYPE_BF16, kHidden, 1}, {nullptr, kVocabulary, kHidden, PX_DTYPE_BF16}, words);
    args.head_transposed = kernels::gemm_pack(cpu, {head, PX_DTYPE_BF16, 1, kHidden}, {nullptr, kHidden, kVocabulary, PX_DTYPE_BF16}, other_words);
    args.target = target;
    workspace = std::make_unique<Array<std::byte>>(static_cast<int64_t>(kernels::head_workspace(args.head, kRows, true)));
    args.workspace = *workspace;
  }

  View hidden_view() const { return hidden.view({kRows, kHidden}); }
  View head_view() const { return head.view({kVocabulary, kHidden}); }

  // `products` of the size of [n, H] x [V, H].
  static Work work(int products) {
    return {.flop = products * 2.0 * kRows * kHidden * kVocabulary, .dtype = PX_DTYPE_BF16};
  }

  Array<uint16_t> hidden, head;
  Array<int32_t> target;
  Array<int64_t> target64;
  Array<uint32_t> words, other_words;
  Array<float> d_hidden, d_head, logprob, entropy;
  std::unique_ptr<Array<std::byte>> workspace;
  kernels::HeadArgs args;
};

}  // namespace px::bench
