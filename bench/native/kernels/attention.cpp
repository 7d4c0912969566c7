// attention of the 135M model's heads: 4 x 256 and 1 x 4096 tokens, forward, and forward with backward.
#include "kernels/attention/attention.h"

#include "suite.h"

namespace px::bench {
namespace {

constexpr int64_t kHeads = 9, kKvHeads = 3, kSize = 64;

void measure(Suite& suite, const char* name, int64_t sequences, int64_t tokens, px_dtype dtype) {
  const kernels::AttentionShape shape{kHeads, kKvHeads, kSize, dtype};
  const int64_t n = sequences * tokens;
  const Array<float> qkv(n * shape.row(), -1, 1), out(n * kHeads * kSize), lse(n * kHeads), upstream(n * kHeads * kSize, -1, 1),
      d_qkv(n * shape.row());
  const Array<int64_t> offsets(sequences + 1);
  for (int64_t s = 0; s <= sequences; ++s) offsets[s] = s * tokens;
  const kernels::PackedSequences packed{offsets, sequences};
  const Array<std::byte> workspace(static_cast<int64_t>(kernels::packed_attention_workspace(shape, packed, suite.threads()))),
      backward_workspace(static_cast<int64_t>(kernels::packed_attention_backward_workspace(shape, packed, suite.threads())));
  kernels::AttentionArgs args;
  args.shape = shape;
  args.scale = 0.125f;
  args.qkv = qkv;
  args.qkv_stride = shape.row();
  args.out = out;
  args.out_stride = kHeads * kSize;
  args.lse = lse;
  args.workspace = workspace;
  kernels::AttentionGradientArgs gradient;
  gradient.shape = shape;
  gradient.scale = args.scale;
  gradient.qkv = qkv;
  gradient.qkv_stride = shape.row();
  gradient.out = out;
  gradient.out_stride = gradient.d_out_stride = kHeads * kSize;
  gradient.lse = lse;
  gradient.d_out = upstream;
  gradient.d_qkv = d_qkv;
  gradient.d_qkv_stride = shape.row();
  gradient.workspace = backward_workspace;
  // Two products forward, five backward, over the half that a causal row sees.
  const double product = 2.0 * static_cast<double>(sequences * kHeads * kSize) * static_cast<double>(tokens * (tokens + 1) / 2);
  const std::vector<View> views{qkv.view({sequences, tokens, kHeads + 2 * kKvHeads, kSize}), upstream.view({sequences, tokens, kHeads, kSize})};
  const std::string title = std::string(name) + (dtype == PX_DTYPE_BF16 ? ", bf16" : ", fp32");
  const auto forward = [&] { kernels::packed_attention(suite.cpu(), args, packed); };
  suite.measure(title + ", forward", {.flop = 2 * product, .dtype = dtype},
                {{"Proximal", forward}, suite.torch("attention", views, {kHeads, kKvHeads, 0})});
  suite.measure(title + ", forward and backward", {.flop = 7 * product, .dtype = dtype},
                {{"Proximal", [&] { forward(), kernels::packed_attention_backward(suite.cpu(), gradient, packed); }},
                 suite.torch("attention", views, {kHeads, kKvHeads, 1})});
}

}  // namespace

static const Registration attention("attention", [](Suite& suite) {
  for (const px_dtype dtype : {PX_DTYPE_BF16, PX_DTYPE_F32}) {
    measure(suite, "4 x 256", 4, 256, dtype);
    measure(suite, "1 x 4096", 1, 4096, dtype);
  }
});

}  // namespace px::bench
