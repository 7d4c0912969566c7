// The CUDA forms of the layers against their references, over memory of the device.
#include "base/float16.h"
#include "cuda/layers.h"
#include "device_arrays.h"
#include "kernels/embedding/embedding.h"
#include "kernels/gelu/gelu.h"
#include "kernels/layernorm/layernorm.h"
#include "kernels/rmsnorm/rmsnorm.h"
#include "kernels/rope/rope.h"
#include "kernels/swiglu/swiglu.h"

using namespace px;
using namespace px::cuda;
using namespace px::test;

namespace {

using Layers = StreamedTest;

// Float against a reference in double; sums over `terms` elements lose a little more.
constexpr double kTolerance = 2e-5;

struct Shape {
  int64_t rows, width;
};
const std::vector<Shape> kShapes{{1, 1}, {2, 31}, {3, 257}, {130, 64}, {5, 576}};

TEST_F(Layers, RmsNormAgreesWithItsReference) {
  for (const Shape& shape : kShapes) {
    const int64_t n = shape.rows * shape.width;
    const Floats x = random_floats(n, 1, -2, 2), delta = random_floats(n, 2, -1, 1), d_out = random_floats(n, 3, -1, 1);
    const Floats weight = random_floats(shape.width, 4, 0.5, 1.5);
    Floats sum(x), out(x.size()), rstd(static_cast<size_t>(shape.rows));
    std::vector<uint16_t> bf16(x.size());
    auto args = make_args<px_rmsnorm_args>();
    args.rows = shape.rows;
    args.hidden = shape.width;
    args.epsilon = 1e-5;
    args.x = x.data();
    args.delta = delta.data();
    args.weight = weight.data();
    args.sum = sum.data();
    args.out = out.data();
    args.out_bf16 = bf16.data();
    args.rstd = rstd.data();
    kernels::rmsnorm_ref(args);

    const auto d_x_in = in(x), d_delta = in(delta), d_weight = in(weight), d_sum = in(x), d_rstd = in(rstd);
    const auto d_out_array = in(out);
    const DeviceArray<uint16_t> d_bf16(memory(), static_cast<int64_t>(bf16.size()));
    px_rmsnorm_args device = args;
    device.x = d_x_in.data();
    device.delta = d_delta.data();
    device.weight = d_weight.data();
    device.sum = d_sum.data();
    device.out = d_out_array.data();
    device.out_bf16 = d_bf16.data();
    device.rstd = d_rstd.data();
    kernels::rmsnorm_cuda(stream(), device);
    expect_near(d_sum, sum, 1e-6, "sum");
    expect_near(d_out_array, out, kTolerance, "out");
    expect_near(d_rstd, rstd, kTolerance, "rstd");
    expect_bf16_of(d_bf16, d_out_array);

    for (const uint32_t flags : {0u, static_cast<uint32_t>(PX_RMSNORM_ADD)}) {
      Floats d_x(x), d_w(weight);
      auto back = make_args<px_rmsnorm_backward_args>();
      back.flags = flags;
      back.rows = shape.rows;
      back.hidden = shape.width;
      back.x = sum.data();
      back.weight = weight.data();
      back.rstd = rstd.data();
      back.d_out = d_out.data();
      back.d_x = d_x.data();
      back.d_weight = d_w.data();
      const auto g_x = in(d_x), g_w = in(d_w), g_sum = in(sum), g_rstd = in(rstd), g_out = in(d_out);
      const DeviceArray<char> workspace(
          memory(), static_cast<int64_t>(kernels::rmsnorm_backward_cuda_workspace(shape.rows, shape.width)));
      px_rmsnorm_backward_args device_back = back;
      device_back.x = g_sum.data();
      device_back.weight = d_weight.data();
      device_back.rstd = g_rstd.data();
      device_back.d_out = g_out.data();
      device_back.d_x = g_x.data();
      device_back.d_x_bf16 = d_bf16.data();
      device_back.d_weight = g_w.data();
      device_back.workspace = workspace.data();
      kernels::rmsnorm_backward_cuda(stream(), device_back);
      kernels::rmsnorm_backward_ref(back);
      expect_near(g_x, d_x, kTolerance, "d_x");
      expect_near(g_w, d_w, kTolerance, "d_weight");
      expect_bf16_of(d_bf16, g_x);
    }
  }
}

TEST_F(Layers, LayerNormAgreesWithItsReference) {
  for (const Shape& shape : kShapes) {
    const int64_t n = shape.rows * shape.width;
    const Floats x = random_floats(n, 1, 3, 7), delta = random_floats(n, 2, -1, 1), d_out = random_floats(n, 3, -1, 1);
    const Floats weight = random_floats(shape.width, 4, 0.5, 1.5), bias = random_floats(shape.width, 5, -1, 1);
    Floats sum(x), out(x.size()), mean(static_cast<size_t>(shape.rows)), rstd(mean);
    auto args = make_args<px_layernorm_args>();
    args.rows = shape.rows;
    args.hidden = shape.width;
    args.epsilon = 1e-2;  // one column has no deviation: 1 / deviation stays small
    args.x = x.data();
    args.delta = delta.data();
    args.weight = weight.data();
    args.bias = bias.data();
    args.sum = sum.data();
    args.out = out.data();
    args.mean = mean.data();
    args.rstd = rstd.data();
    kernels::layernorm_ref(args);

    const auto g_x = in(x), g_delta = in(delta), g_weight = in(weight), g_bias = in(bias), g_sum = in(x), g_out = in(out);
    const auto g_mean = in(mean), g_rstd = in(rstd);
    const DeviceArray<uint16_t> g_bf16(memory(), n);
    px_layernorm_args device = args;
    device.x = g_x.data();
    device.delta = g_delta.data();
    device.weight = g_weight.data();
    device.bias = g_bias.data();
    device.sum = g_sum.data();
    device.out = g_out.data();
    device.out_bf16 = g_bf16.data();
    device.mean = g_mean.data();
    device.rstd = g_rstd.data();
    kernels::layernorm_cuda(stream(), device);
    expect_near(g_sum, sum, 1e-6, "sum");
    expect_near(g_out, out, kTolerance, "out");
    expect_near(g_mean, mean, kTolerance, "mean");
    expect_near(g_rstd, rstd, kTolerance, "rstd");
    expect_bf16_of(g_bf16, g_out);

    for (const uint32_t flags : {0u, static_cast<uint32_t>(PX_LAYERNORM_ADD)}) {
      Floats d_x(x), d_weight(weight), d_bias(bias);
      auto back = make_args<px_layernorm_backward_args>();
      back.flags = flags;
      back.rows = shape.rows;
      back.hidden = shape.width;
      back.x = sum.data();
      back.weight = weight.data();
      back.mean = mean.data();
      back.rstd = rstd.data();
      back.d_out = d_out.data();
      back.d_x = d_x.data();
      back.d_weight = d_weight.data();
      back.d_bias = d_bias.data();
      const auto g_d = in(d_out), g_d_x = in(d_x), g_d_weight = in(d_weight), g_d_bias = in(d_bias), g_s = in(sum);
      const auto g_m = in(mean), g_r = in(rstd);
      const DeviceArray<char> workspace(
          memory(), static_cast<int64_t>(kernels::layernorm_backward_cuda_workspace(shape.rows, shape.width)));
      px_layernorm_backward_args device_back = back;
      device_back.x = g_s.data();
      device_back.weight = g_weight.data();
      device_back.mean = g_m.data();
      device_back.rstd = g_r.data();
      device_back.d_out = g_d.data();
      device_back.d_x = g_d_x.data();
      device_back.d_x_bf16 = g_bf16.data();
      device_back.d_weight = g_d_weight.data();
      device_back.d_bias = g_d_bias.data();
      device_back.workspace = workspace.data();
      kernels::layernorm_backward_cuda(stream(), device_back);
      kernels::layernorm_backward_ref(back);
      expect_near(g_d_x, d_x, kTolerance, "d_x");
      expect_near(g_d_weight, d_weight, kTolerance, "d_weight");
      expect_near(g_d_bias, d_bias, kTolerance, "d_bias");
      expect_bf16_of(g_bf16, g_d_x);
    }
  }
}

TEST_F(Layers, GeluAgreesWithItsReference) {
  Floats x = random_floats(700, 1, -6, 6);
  x[0] = -90;
  x[1] = 90;
  const Floats d_out = random_floats(700, 2, -1, 1);
  for (const uint32_t flags : {0u, static_cast<uint32_t>(PX_GELU_ERF)}) {
    Floats out(x.size()), d_x(x.size());
    auto args = make_args<px_gelu_args>();
    args.flags = flags;
    args.count = 700;
    args.x = x.data();
    args.out = out.data();
    kernels::gelu_ref(args);
    auto back = make_args<px_gelu_backward_args>();
    back.flags = flags;
    back.count = 700;
    back.x = x.data();
    back.d_out = d_out.data();
    back.d_x = d_x.data();
    kernels::gelu_backward_ref(back);
    const auto g_x = in(x), g_out = in(x), g_d = in(d_out);
    const DeviceArray<uint16_t> bf16(memory(), 700);
    args.x = g_x.data();
    args.out = g_out.data();
    args.out_bf16 = bf16.data();
    kernels::gelu_cuda(stream(), args);
    expect_near(g_out, out, kTolerance, "out");
    expect_bf16_of(bf16, g_out);
    back.x = g_x.data();
    back.d_out = g_d.data();
    back.d_x = g_d.data();  // in its own place
    kernels::gelu_backward_cuda(stream(), back);
    expect_near(g_d, d_x, kTolerance, "d_x");

    kernels::cast_to_bf16_cuda(stream(), g_x.data(), 700, bf16.data());
    const Floats rounded = widened(bf16);
    const auto g_d_out = in(d_out);
    args.x = rounded.data();
    args.out = out.data();
    args.out_bf16 = nullptr;
    kernels::gelu_ref(args);
    back.x = rounded.data();
    back.d_out = d_out.data();
    back.d_x = d_x.data();
    kernels::gelu_backward_ref(back);
    args.x = back.x = nullptr;
    args.x_bf16 = back.x_bf16 = bf16.data();
    args.out = g_out.data();
    back.d_out = back.d_x = g_d_out.data();
    kernels::gelu_cuda(stream(), args);
    kernels::gelu_backward_cuda(stream(), back);
    expect_near(g_out, out, kTolerance, "out of bf16");
    expect_near(g_d_out, d_x, kTolerance, "d_x of bf16");
  }
}

struct RopeCase {
  int64_t rows, heads, kv_heads, head_size;
  bool norm;
};

TEST_F(Layers, RopeAgreesWithItsReference) {
  for (const RopeCase& c : {RopeCase{1, 1, 0, 2, false}, {3, 9, 3, 64, false}, {70, 4, 2, 16, true}, {2, 3, 1, 70, true}}) {
    const int64_t turned = c.heads + c.kv_heads, width = (turned + c.kv_heads) * c.head_size;
    constexpr int64_t kPositions = 11;
    const Floats x = random_floats(c.rows * width, 1, -2, 2), d_out = random_floats(c.rows * width, 2, -1, 1);
    const Floats cos = random_floats(kPositions * c.head_size / 2, 3, -1, 1), sin = random_floats(kPositions * c.head_size / 2, 4, -1, 1);
    const Floats query = random_floats(c.head_size, 5, 0.5, 1.5), key = random_floats(c.head_size, 6, 0.5, 1.5);
    std::vector<int32_t> position;
    for (int64_t n = 0; n < c.rows; ++n) position.push_back(static_cast<int32_t>(n * 7 % kPositions));
    Floats out(x.size()), rstd(static_cast<size_t>(c.rows * turned), 1);
    auto args = make_args<px_rope_args>();
    args.rows = c.rows;
    args.heads = c.heads;
    args.kv_heads = c.kv_heads;
    args.head_size = c.head_size;
    args.positions = kPositions;
    args.epsilon = 1e-6;
    args.x = x.data();
    args.position = position.data();
    args.cos = cos.data();
    args.sin = sin.data();
    args.query_norm = c.norm ? query.data() : nullptr;
    args.key_norm = c.norm ? key.data() : nullptr;
    args.out = out.data();
    args.rstd = c.norm ? rstd.data() : nullptr;
    kernels::rope_ref(args);

    const auto g_x = in(x), g_cos = in(cos), g_sin = in(sin), g_query = in(query), g_key = in(key), g_rstd = in(rstd);
    const auto turned_x = in(x);  // in its own place
    const DeviceArray<int32_t> g_position(memory(), position.data(), c.rows);
    const DeviceArray<uint16_t> g_bf16(memory(), static_cast<int64_t>(x.size()));
    px_rope_args device = args;
    device.x = turned_x.data();
    device.position = g_position.data();
    device.cos = g_cos.data();
    device.sin = g_sin.data();
    device.query_norm = c.norm ? g_query.data() : nullptr;
    device.key_norm = c.norm ? g_key.data() : nullptr;
    device.out = turned_x.data();
    device.out_bf16 = g_bf16.data();
    device.rstd = c.norm ? g_rstd.data() : nullptr;
    kernels::rope_cuda(stream(), device);
    expect_near(turned_x, out, kTolerance, "out");
    expect_near(g_rstd, rstd, kTolerance, "rstd");
    expect_bf16_of(g_bf16, turned_x);

    Floats d_x(x.size()), d_query(query), d_key(key);
    auto back = make_args<px_rope_backward_args>();
    back.rows = c.rows;
    back.heads = c.heads;
    back.kv_heads = c.kv_heads;
    back.head_size = c.head_size;
    back.positions = kPositions;
    back.d_out = d_out.data();
    back.position = position.data();
    back.cos = cos.data();
    back.sin = sin.data();
    back.query_norm = args.query_norm;
    back.key_norm = args.key_norm;
    back.x = x.data();
    back.rstd = rstd.data();
    back.d_x = d_x.data();
    back.d_query_norm = c.norm ? d_query.data() : nullptr;
    back.d_key_norm = c.norm ? d_key.data() : nullptr;
    const auto g_d = in(d_out), g_d_query = in(d_query), g_d_key = in(d_key);
    const DeviceArray<char> workspace(memory(),
                                      static_cast<int64_t>(kernels::rope_backward_cuda_workspace(c.rows, c.head_size)));
    px_rope_backward_args device_back = back;
    device_back.d_out = g_d.data();
    device_back.position = g_position.data();
    device_back.cos = g_cos.data();
    device_back.sin = g_sin.data();
    device_back.query_norm = device.query_norm;
    device_back.key_norm = device.key_norm;
    device_back.x = g_x.data();
    device_back.rstd = g_rstd.data();
    device_back.d_x = g_d.data();  // where d_out lies
    device_back.d_query_norm = c.norm ? g_d_query.data() : nullptr;
    device_back.d_key_norm = c.norm ? g_d_key.data() : nullptr;
    device_back.workspace = workspace.data();
    kernels::rope_backward_cuda(stream(), device_back);
    kernels::rope_backward_ref(back);
    expect_near(g_d, d_x, kTolerance, "d_x");
    expect_near(g_d_query, d_query, 5 * kTolerance, "d_query_norm");
    expect_near(g_d_key, d_key, 5 * kTolerance, "d_key_norm");
  }
}

TEST_F(Layers, SwigluAgreesWithItsReference) {
  for (const Shape& shape : kShapes) {
    const int64_t n = shape.rows * shape.width;
    Floats gate_up = random_floats(2 * n, 1, -6, 6);
    gate_up[0] = -200;  // e^200 overflows
    const Floats d_out = random_floats(n, 2, -1, 1);
    Floats out(d_out.size()), d_gate_up(gate_up.size());
    auto args = make_args<px_swiglu_args>();
    args.rows = shape.rows;
    args.features = shape.width;
    args.gate_up = gate_up.data();
    args.out = out.data();
    kernels::swiglu_ref(args);
    auto back = make_args<px_swiglu_backward_args>();
    back.rows = shape.rows;
    back.features = shape.width;
    back.gate_up = gate_up.data();
    back.d_out = d_out.data();
    back.d_gate_up = d_gate_up.data();
    kernels::swiglu_backward_ref(back);

    const auto g_gate_up = in(gate_up), g_out = in(out), g_d = in(d_out);
    const DeviceArray<uint16_t> bf16(memory(), n);
    args.gate_up = g_gate_up.data();
    args.out = g_out.data();
    args.out_bf16 = bf16.data();
    kernels::swiglu_cuda(stream(), args);
    expect_near(g_out, out, kTolerance, "out");
    expect_bf16_of(bf16, g_out);
    back.gate_up = g_gate_up.data();
    back.d_out = g_d.data();
    back.d_gate_up = g_gate_up.data();  // in its own place
    kernels::swiglu_backward_cuda(stream(), back);
    expect_near(g_gate_up, d_gate_up, kTolerance, "d_gate_up");

    const auto g_floats = in(gate_up);
    const DeviceArray<uint16_t> bits(memory(), 2 * n);
    kernels::cast_to_bf16_cuda(stream(), g_floats.data(), 2 * n, bits.data());
    const Floats rounded = widened(bits);
    args.gate_up = back.gate_up = rounded.data();
    args.out = out.data();
    args.out_bf16 = nullptr;
    kernels::swiglu_ref(args);
    back.d_out = d_out.data();
    back.d_gate_up = d_gate_up.data();
    kernels::swiglu_backward_ref(back);
    args.gate_up = back.gate_up = nullptr;
    args.gate_up_bf16 = back.gate_up_bf16 = bits.data();
    args.out = g_out.data();
    back.d_out = g_d.data();
    back.d_gate_up = g_gate_up.data();
    kernels::swiglu_cuda(stream(), args);
    kernels::swiglu_backward_cuda(stream(), back);
    expect_near(g_out, out, kTolerance, "out of bf16");
    expect_near(g_gate_up, d_gate_up, kTolerance, "d_gate_up of bf16");
  }
}

TEST_F(Layers, EmbeddingAgreesWithItsReferenceToTheBit) {
  constexpr int64_t kVocabulary = 13, kPositions = 9;
  for (const Shape& shape : kShapes) {
    const Floats table = random_floats(kVocabulary * shape.width, 1, -1, 1);
    const Floats positions = random_floats(kPositions * shape.width, 2, -1, 1);
    const Floats d_out = random_floats(shape.rows * shape.width, 3, -1, 1);
    std::vector<int32_t> token, position;
    for (int64_t n = 0; n < shape.rows; ++n) {
      token.push_back(static_cast<int32_t>(n * n % kVocabulary));
      position.push_back(static_cast<int32_t>(n * 5 % kPositions));
    }
    Floats out(d_out.size()), d_table(table);
    auto args = make_args<px_embedding_args>();
    args.rows = shape.rows;
    args.hidden = shape.width;
    args.vocabulary = kVocabulary;
    args.positions = kPositions;
    args.token = token.data();
    args.position = position.data();
    args.table = table.data();
    args.position_table = positions.data();
    args.out = out.data();
    kernels::embedding_ref(args);
    auto back = make_args<px_embedding_backward_args>();
    back.rows = shape.rows;
    back.hidden = shape.width;
    back.vocabulary = kVocabulary;
    back.token = token.data();
    back.d_out = d_out.data();
    back.d_table = d_table.data();
    kernels::embedding_backward_ref(back);

    const DeviceArray<int32_t> g_token(memory(), token.data(), shape.rows), g_position(memory(), position.data(), shape.rows);
    const auto g_table = in(table), g_positions = in(positions), g_out = in(out), g_d = in(d_out);
    args.token = g_token.data();
    args.position = g_position.data();
    args.table = g_table.data();
    args.position_table = g_positions.data();
    args.out = g_out.data();
    kernels::embedding_cuda(stream(), args);
    expect_near(g_out, out, 0, "out");
    back.token = g_token.data();
    back.d_out = g_d.data();
    back.d_table = g_table.data();
    kernels::embedding_backward_cuda(stream(), back);
    expect_near(g_table, d_table, 0, "d_table");
  }
}

TEST_F(Layers, CastsAreThoseOfTheHost) {
  Floats x = random_floats(1000, 1, -3, 3);
  x[0] = kNan;
  x[1] = kInf;
  x[2] = -3.4e38f;
  x[3] = 1e-41f;
  x[4] = 1.00390625f;  // between two bf16: to the even one
  const auto g_x = in(x), back = in(x);
  const DeviceArray<uint16_t> bf16(memory(), 1000);
  kernels::cast_to_bf16_cuda(stream(), g_x.data(), 1000, bf16.data());
  kernels::cast_from_bf16_cuda(stream(), bf16.data(), 1000, back.data());
  expect_bf16_of(bf16, g_x);
  const Floats rounded = out(back);
  for (size_t i = 0; i < x.size(); ++i) EXPECT_TRUE(same(rounded[i], from_bf16(to_bf16(x[i])))) << i;
}

// A row's bits among other rows.
TEST_F(Layers, RowsKeepTheirBits) {
  constexpr int64_t kWidth = 576;
  const Floats x = random_floats(9 * kWidth, 1, -2, 2), weight = random_floats(kWidth, 2, 0.5, 1.5);
  const auto g_weight = in(weight);
  const auto norm = [&](int64_t first, int64_t rows) {
    const Floats part(x.begin() + first * kWidth, x.begin() + (first + rows) * kWidth);
    const auto g_x = in(part), g_out = in(part);
    auto args = make_args<px_rmsnorm_args>();
    args.rows = rows;
    args.hidden = kWidth;
    args.epsilon = 1e-5;
    args.x = g_x.data();
    args.weight = g_weight.data();
    args.out = g_out.data();
    kernels::rmsnorm_cuda(stream(), args);
    return out(g_out);
  };
  const Floats all = norm(0, 9);
  for_orders([&](unsigned) {
    const Floats some = norm(3, 2);
    for (size_t i = 0; i < some.size(); ++i) ASSERT_TRUE(same(some[i], all[3 * kWidth + i])) << i;
  });
}

}  // namespace
