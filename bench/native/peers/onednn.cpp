// oneDNN's matmul with weights packed once, on its OpenMP threads.
#include <cstring>
#include <memory>
#include <oneapi/dnnl/dnnl.hpp>

#include "peer.h"

namespace px::bench {
namespace {

using dnnl::memory;

// out [m, n] = x [m, k] w [n, k]^T in floats; `copies` of the weights are read by turns.
struct Product {
  Product(const PeerInput& input, memory::data_type type)
      : engine(dnnl::engine::kind::cpu, 0), stream(engine) {
    const View &x = input.views[0], &w = input.views[1], &out = input.views[2];
    const int64_t m = x.shape[0], k = x.shape[1], n = w.shape[0];
    const memory::desc given({k, n}, type, memory::format_tag::ba);
    const memory::desc results({m, n}, memory::data_type::f32, memory::format_tag::ab);
    const dnnl::matmul::primitive_desc primitive(
        {memory::desc({m, k}, type, memory::format_tag::ab), memory::desc({k, n}, type, memory::format_tag::any), results},
        engine);
    matmul = dnnl::matmul(primitive);
    rows = memory(primitive.src_desc(), engine, x.data);
    product = memory(results, engine, out.data);
    memory first(given, engine, w.data);
    for (int64_t copy = 0; copy < static_cast<int64_t>(input.numbers.at(0)); ++copy) {
      weights.emplace_back(primitive.weights_desc(), engine);
      dnnl::reorder(first, weights.back()).execute(stream, first, weights.back());
    }
    stream.wait();
  }

  void run() {
    matmul.execute(stream, {{DNNL_ARG_SRC, rows}, {DNNL_ARG_WEIGHTS, weights[next]}, {DNNL_ARG_DST, product}});
    stream.wait();
    next = (next + 1) % weights.size();
  }

  dnnl::engine engine;
  dnnl::stream stream;
  dnnl::matmul matmul;
  memory rows, product;
  std::vector<memory> weights;
  size_t next = 0;
};

}  // namespace
}  // namespace px::bench

extern "C" __attribute__((visibility("default"))) void px_bench_peer(const char* kernel, const px::bench::PeerInput& input,
                                                                     px::bench::Run& run) {
  using namespace px::bench;
  if (std::strcmp(kernel, "gemm") != 0) return;
  const auto type = input.views[0].element == Element::kBf16 ? memory::data_type::bf16 : memory::data_type::f32;
  run = [product = std::make_shared<Product>(input, type)] { product->run(); };
}
