#include "cuda/ops.h"

#include <algorithm>
#include <numeric>
#include <sstream>
#include <utility>

#include "cuda/attention_ops.h"
#include "cuda/heads.h"
#include "cuda/kernels.h"
#include "cuda/layers.h"
#include "kernels/token_logprob/head-cuda.h"
#include "ops/logit_draws.h"
#include "ops/memory.h"

namespace px::cuda {
namespace {

int32_t use(int32_t index) {
  check_cuda(cudaSetDevice(index), "cudaSetDevice");
  return index;
}

kernels::HeadCuda head_of(const Linear& head, int64_t n) {
  kernels::HeadCuda cuda;
  cuda.dtype = head.dtype;
  cuda.n = n;
  cuda.hidden = head.in;
  cuda.vocabulary = head.out;
  cuda.head = head.packed;
  return cuda;
}

kernels::HeadCuda head_of(const HeadRows& rows) {
  kernels::HeadCuda cuda = head_of(rows.head, rows.n);
  cuda.states = rows.hidden.data();
  cuda.target = rows.target;
  cuda.temperature = rows.temperature;
  return cuda;
}

// A linear's rows x [count, in] times its matrix, which lies [out, in], or [in, out] where it is transposed.
Product forward_product(const Linear& linear, const Values& x, int64_t count) {
  Product product;
  product.dtype = linear.dtype;
  product.m = count;
  product.n = product.out_stride = linear.out;
  product.k = product.a_stride = linear.in;
  product.a = x.data();
  product.b = linear.packed;
  product.b_stride = linear.transposed ? linear.out : linear.in;
  product.b_by_k = linear.transposed;
  return product;
}

// Pieces that lie one behind the other are one matrix.
bool together(const Linear& linear) {
  int64_t end = linear.pieces.front().offset;
  for (const Piece& piece : linear.pieces) {
    if (piece.offset != end) return false;
    end += piece.out * linear.in;
  }
  return true;
}

// What pack() copies.
struct PackedPlaces {
  float* f32 = nullptr;
  uint16_t* bf16 = nullptr;
  float* bias = nullptr;
};

PackedPlaces plan_packed(Plan& plan, const Linear& linear) {
  PackedPlaces places;
  if (linear.dtype == PX_DTYPE_BF16)
    places.bf16 = plan.take<uint16_t>(linear.out * linear.in);
  else if (!together(linear))
    places.f32 = plan.take<float>(linear.out * linear.in);
  if (linear.has_bias() && linear.pieces.size() > 1) places.bias = plan.take<float>(linear.out);
  return places;
}

bool alike(const px_sample_args& a, const px_sample_args& b) {
  return a.flags == b.flags && a.temperature == b.temperature && a.top_k == b.top_k && a.top_p == b.top_p &&
         a.min_p == b.min_p && a.seed == b.seed;
}

// The end of the run of elements from `first` on that are like it.
template <class T, class Alike>
size_t run_end(std::span<const T> all, size_t first, const Alike& alike) {
  size_t end = first + 1;
  while (end < all.size() && alike(all[first], all[end])) ++end;
  return end;
}

}  // namespace

CudaOps::CudaOps(int32_t index) : index_(use(index)), memory_(stream_.get()), products_(stream_.get()) {}

CudaOps::~CudaOps() {
  if (cudaSetDevice(index_) != cudaSuccess) cudaGetLastError();
}

cudaStream_t CudaOps::stream() {
  use(index_);
  check_cuda(std::exchange(left_, cudaSuccess), "an operation before");
  return stream_.get();
}

float* CudaOps::scratch(int64_t count) {
  if (count > scratch_.count()) {
    scratch_ = {};
    scratch_ = {memory_, count};
  }
  return scratch_.data();
}

std::string CudaOps::describe() const {
  const DeviceCounters& counters = memory_.counters();
  std::ostringstream json;
  json << "{\"samples_what_it_scores\":" << (Products::kKeepsRows ? "true" : "false") << ",\"cuda_device\":" << index_
       << ",\"copies_in\":" << counters.copies_in << ",\"bytes_in\":" << counters.bytes_in
       << ",\"copies_out\":" << counters.copies_out << ",\"bytes_out\":" << counters.bytes_out
       << ",\"live_bytes\":" << counters.live_bytes << ",\"peak_bytes\":" << counters.peak_bytes << "}";
  return json.str();
}

// ---- Memory ----

std::byte* CudaOps::allocate(uint64_t bytes) {
  stream();
  return static_cast<std::byte*>(memory_.allocate(std::max<uint64_t>(bytes, 1)));
}

void CudaOps::release(std::byte* memory, uint64_t bytes) noexcept {
  if (cudaSetDevice(index_) != cudaSuccess) cudaGetLastError();
  memory_.release(memory, std::max<uint64_t>(bytes, 1));
}

void CudaOps::copy_in(void* to, const void* host, uint64_t bytes) {
  stream();
  if (bytes > 0) memory_.copy_in(to, host, bytes);
}

void CudaOps::copy_out(void* host, const void* from, uint64_t bytes) {
  stream();
  if (bytes > 0) memory_.copy_out(host, from, bytes);
}

void CudaOps::copy(void* to, const void* from, uint64_t bytes) {
  const cudaStream_t in = stream();
  if (bytes > 0) check_cuda(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, in), "copy on the device");
}

void CudaOps::zero(void* to, uint64_t bytes) {
  const cudaStream_t in = stream();
  if (bytes > 0) check_cuda(cudaMemsetAsync(to, 0, bytes, in), "cudaMemsetAsync");
}

void CudaOps::finish() {
  stream();
  memory_.synchronize();
}

void CudaOps::settle() noexcept {
  if (cudaSetDevice(index_) != cudaSuccess) cudaGetLastError();
  const cudaError_t error = cudaStreamSynchronize(stream_.get());
  if (error == cudaSuccess) return;
  cudaGetLastError();
  left_ = error;
}

// ---- Layers ----

void CudaOps::embedding(const px_embedding_args& args) { kernels::embedding_cuda(stream(), args); }
void CudaOps::embedding_backward(const px_embedding_backward_args& args) {
  kernels::embedding_backward_cuda(stream(), args);
}
void CudaOps::rmsnorm(const px_rmsnorm_args& args) { kernels::rmsnorm_cuda(stream(), args); }
uint64_t CudaOps::rmsnorm_backward_bytes(int64_t rows, int64_t hidden) const {
  return kernels::rmsnorm_backward_cuda_workspace(rows, hidden);
}
void CudaOps::rmsnorm_backward(const px_rmsnorm_backward_args& args) { kernels::rmsnorm_backward_cuda(stream(), args); }
void CudaOps::layernorm(const px_layernorm_args& args) { kernels::layernorm_cuda(stream(), args); }
uint64_t CudaOps::layernorm_backward_bytes(int64_t rows, int64_t hidden) const {
  return kernels::layernorm_backward_cuda_workspace(rows, hidden);
}
void CudaOps::layernorm_backward(const px_layernorm_backward_args& args) {
  kernels::layernorm_backward_cuda(stream(), args);
}
void CudaOps::rope(const px_rope_args& args) { kernels::rope_cuda(stream(), args); }
uint64_t CudaOps::rope_backward_bytes(int64_t rows, int64_t, int64_t, int64_t head_size) const {
  return kernels::rope_backward_cuda_workspace(rows, head_size);
}
void CudaOps::rope_backward(const px_rope_backward_args& args) { kernels::rope_backward_cuda(stream(), args); }
void CudaOps::swiglu(const px_swiglu_args& args) { kernels::swiglu_cuda(stream(), args); }
void CudaOps::swiglu_backward(const px_swiglu_backward_args& args) { kernels::swiglu_backward_cuda(stream(), args); }
void CudaOps::gelu(const px_gelu_args& args) { kernels::gelu_cuda(stream(), args); }
void CudaOps::gelu_backward(const px_gelu_backward_args& args) { kernels::gelu_backward_cuda(stream(), args); }
void CudaOps::cast(const float* x, int64_t count, uint16_t* out) {
  kernels::cast_to_bf16_cuda(stream(), x, count, out);
}

// ---- Products ----

uint64_t CudaOps::packed_bytes(const Linear& linear, bool) const {
  Plan sizes;
  plan_packed(sizes, linear);
  return sizes.bytes();
}

void CudaOps::pack(const float* arena, Linear& linear, bool by_columns, std::byte* memory) {
  check(!linear.transposed || linear.pieces.size() == 1, PX_UNSUPPORTED,
        "a matrix [in, out] in pieces has no form on a CUDA device; take device 0, the CPU, for this model");
  Plan plan(memory);
  const PackedPlaces places = plan_packed(plan, linear);
  const cudaStream_t in = stream();
  int64_t row = 0;
  for (const Piece& piece : linear.pieces) {
    const float* from = arena + piece.offset;
    const int64_t elements = piece.out * linear.in, at = row * linear.in;
    if (places.bf16 != nullptr) kernels::cast_to_bf16_cuda(in, from, elements, places.bf16 + at);
    if (places.f32 != nullptr) copy(places.f32 + at, from, static_cast<uint64_t>(elements) * sizeof(float));
    if (places.bias != nullptr && piece.bias >= 0)
      copy(places.bias + row, arena + piece.bias, static_cast<uint64_t>(piece.out) * sizeof(float));
    row += piece.out;
  }
  const float* own = places.f32 != nullptr ? places.f32 : arena + linear.pieces.front().offset;
  linear.packed = places.bf16 != nullptr ? static_cast<const void*>(places.bf16) : own;
  // Products read it from either side.
  linear.packed_by_columns = by_columns ? linear.packed : nullptr;
  linear.bias = places.bias;
  if (linear.has_bias() && places.bias == nullptr) linear.bias = arena + linear.pieces.front().bias;
}

void CudaOps::project(const Linear& linear, Values x, int64_t count, const float* residual, Values out) {
  stream();
  Product product = forward_product(linear, x, count);
  product.residual = residual;
  product.out = out.f32 != nullptr ? out.f32 : scratch(count * linear.out);
  kernels::gemm_cuda(products_, product, linear.bias, out.bf16);
}

void CudaOps::project_gelu(const Linear& linear, Values x, int64_t count, Values out) {
  project(linear, x, count, nullptr, out);
  px_gelu_args args{};
  args.struct_size = sizeof args;
  args.count = count * linear.out;
  args.x = args.out = out.f32;
  args.x_bf16 = args.out_bf16 = out.bf16;
  kernels::gelu_cuda(stream(), args);
}

uint64_t CudaOps::project_backward_bytes(const Linear&, int64_t) const { return 0; }

void CudaOps::project_backward(const float*, const Linear& linear, Values x, Values d_y, int64_t count, float* d_x,
                               float* gradient, std::byte*) {
  stream();
  weight_gradient(linear, x, d_y, count, gradient);
  bias_gradient(linear, d_y, count, gradient);
  Product product;
  product.dtype = linear.dtype;
  product.m = count;
  product.n = product.out_stride = linear.in;
  product.k = product.a_stride = linear.out;
  product.a = d_y.data();
  product.b = linear.packed;
  product.b_stride = linear.transposed ? linear.out : linear.in;
  product.b_by_k = !linear.transposed;
  product.out = d_x;
  products_.multiply(product);
}

// Of a matrix [out, in]: columns of d_y times x. Of one that lies [in, out]: columns of x times d_y.
void CudaOps::weight_gradient(const Linear& linear, Values x, Values d_y, int64_t count, float* gradient) {
  const int64_t across = linear.transposed ? linear.in : linear.out;
  const int64_t along = linear.transposed ? linear.out : linear.in;
  const auto* columns = static_cast<const std::byte*>((linear.transposed ? x : d_y).data());
  int64_t first = 0;
  for (const Piece& piece : linear.pieces) {
    Product product;
    product.dtype = linear.dtype;
    product.m = linear.transposed ? linear.in : piece.out;
    product.n = product.b_stride = product.out_stride = along;
    product.k = count;
    product.a = columns + first * (linear.dtype == PX_DTYPE_F32 ? 4 : 2);
    product.a_stride = across;
    product.a_by_k = product.b_by_k = true;
    product.b = (linear.transposed ? d_y : x).data();
    product.residual = product.out = gradient + piece.offset;
    products_.multiply(product);
    first += product.m;
  }
}

void CudaOps::bias_gradient(const Linear& linear, Values d_y, int64_t count, float* gradient) {
  if (!linear.has_bias()) return;
  int64_t column = 0;
  for (const Piece& piece : linear.pieces) {
    kernels::add_column_sums_cuda(stream(), d_y.f32, d_y.bf16, count, linear.out, column, piece.out,
                                  gradient + piece.bias);
    column += piece.out;
  }
}

// ---- Attention ----

std::unique_ptr<PackedAttention> CudaOps::packed_attention(const kernels::AttentionShape& shape,
                                                           const kernels::PackedSequences& sequences) {
  stream();
  return std::make_unique<CudaPackedAttention>(memory_, shape, sequences);
}

std::unique_ptr<Attention> CudaOps::cached_attention(const kernels::AttentionShape& shape,
                                                     std::span<const kernels::AttentionSequence> sequences) {
  stream();
  return std::make_unique<CudaCachedAttention>(memory_, shape, sequences);
}

uint64_t CudaOps::block_bytes(const kernels::AttentionShape& shape) const {
  return static_cast<uint64_t>(2 * kernels::kPagePositions * shape.head_size) * (shape.dtype == PX_DTYPE_F32 ? 4 : 2);
}

// ---- Heads ----

uint64_t CudaOps::head_bytes(const Linear& head, int64_t rows, bool) const {
  return kernels::head_cuda_workspace(head_of(head, rows));
}

void CudaOps::head_logprob(const HeadRows& rows, float* logprob, float* entropy, std::byte* workspace) {
  stream();
  DeviceArray<float> outputs(memory_, 2 * rows.n);
  DeviceArray<int32_t> not_finite(memory_, 1);  // rows say that by themselves
  kernels::head_logprob_cuda(products_, head_of(rows), outputs.data(), outputs.data() + rows.n, not_finite.data(),
                             workspace);
  copy_out(logprob, outputs.data(), static_cast<uint64_t>(rows.n) * sizeof(float));
  copy_out(entropy, outputs.data() + rows.n, static_cast<uint64_t>(rows.n) * sizeof(float));
  finish();
}

void CudaOps::head_gradient(const HeadRows& rows, kernels::HeadObjective& objective, float* d_hidden, float* d_head,
                            std::byte* workspace) {
  stream();
  const kernels::HeadCuda head = head_of(rows);
  const int64_t most = kernels::head_rows(head);
  DeviceArray<float> device(memory_, 2 * most);
  DeviceArray<int32_t> not_finite(memory_, 1);
  std::vector<float> outputs(static_cast<size_t>(2 * most)), slopes(outputs.size());
  const Arrivals arrivals(*this);
  for (int64_t first = 0; first < rows.n; first += most) {
    kernels::HeadChunk chunk(products_, head, first, workspace);
    const int64_t count = chunk.rows();
    const uint64_t both = static_cast<uint64_t>(2 * count) * sizeof(float);
    kernels::token_logprob_cuda(stream(), chunk.logits(), device.data(), device.data() + count, not_finite.data());
    copy_out(outputs.data(), device.data(), both);
    finish();
    std::ranges::fill(slopes, 0.0f);
    objective(first, count, outputs.data(), outputs.data() + count, slopes.data(), slopes.data() + count);
    copy_in(device.data(), slopes.data(), both);
    chunk.backward(device.data(), device.data() + count, {d_hidden, d_head}, not_finite.data());
  }
}

void CudaOps::scalar_head(const kernels::ScalarRows& rows, float* values) {
  stream();
  DeviceArray<float> device(memory_, rows.n);
  kernels::scalar_head_cuda(stream(), rows, device.data());
  device.copy_to(values);
  finish();
}

void CudaOps::scalar_head_backward(const kernels::ScalarRows& rows, const float* slopes, float* d_rows, float* d_head) {
  stream();
  const DeviceArray<float> device(memory_, slopes, rows.n);
  kernels::scalar_head_backward_cuda(stream(), rows, device.data(), d_rows, d_head);
}

void CudaOps::gather_rows(const void* from, int64_t bytes, const int64_t* rows, int64_t n, void* to) {
  kernels::gather_rows_cuda(stream(), from, bytes, rows, n, to);
}

void CudaOps::add_rows(const float* from, int64_t width, const int64_t* rows, int64_t n, float* to) {
  kernels::add_rows_cuda(stream(), from, width, rows, n, to);
}

// ---- Optimizer ----

void CudaOps::adamw(const px_adamw_args& args) { kernels::adamw_cuda(stream(), args); }

double CudaOps::squared_norm(const float* x, int64_t count) {
  stream();
  DeviceArray<double> sum(memory_, 1);
  DeviceArray<std::byte> workspace(memory_, static_cast<int64_t>(kernels::squared_norm_cuda_workspace(count)));
  kernels::squared_norm_cuda(stream(), x, count, sum.data(), workspace.data());
  double host = 0;
  sum.copy_to(&host);
  finish();
  return host;
}

// ---- Sampling ----

uint64_t CudaOps::draw_bytes(const Linear& head, std::span<const px_sample_args> draws) const {
  return logit_draw_bytes(head, static_cast<int64_t>(draws.size()));
}

void CudaOps::draw(const Linear& head, Values hidden, std::span<const px_sample_args> draws, std::span<int32_t> tokens,
                   std::span<TokenScore> scores, std::byte* workspace) {
  std::vector<int64_t> rows(draws.size());
  std::iota(rows.begin(), rows.end(), 0);
  draw_from_logits(*this, {head, hidden, draws, tokens, scores}, rows, static_cast<int64_t>(rows.size()), workspace);
}

void CudaOps::sample(const float* logits, std::span<const px_sample_args> draws, std::span<int32_t> tokens) {
  for (size_t first = 0; first < draws.size();) {
    const size_t end = run_end(draws, first, alike);
    const int64_t row = static_cast<int64_t>(first) * draws[first].vocabulary;
    sample_alike(logits + row, draws.subspan(first, end - first), tokens.subspan(first, end - first));
    first = end;
  }
}

// Rows that differ in their streams of random numbers alone.
void CudaOps::sample_alike(const float* logits, std::span<const px_sample_args> draws, std::span<int32_t> tokens) {
  stream();
  const auto n = static_cast<int64_t>(draws.size());
  std::vector<uint64_t> ids;  // of the samples, then of the tokens
  for (const px_sample_args& draw : draws) ids.push_back(draw.sample_id);
  for (const px_sample_args& draw : draws) ids.push_back(draw.index);
  const Arrivals arrivals(*this);
  const DeviceArray<uint64_t> device_ids(memory_, ids.data(), 2 * n);
  const DeviceArray<int32_t> drawn(memory_, n + 1);  // and whether a row was not finite
  const DeviceArray<std::byte> workspace(
      memory_, static_cast<int64_t>(kernels::sample_cuda_workspace(n, draws.front().vocabulary)));
  zero(drawn.data() + n, sizeof(int32_t));
  const kernels::SampleRows rows{draws.front(), logits, device_ids.data(), device_ids.data() + n, n};
  kernels::sample_cuda(stream(), rows, drawn.data(), nullptr, drawn.data() + n, workspace.data());
  std::vector<int32_t> host(draws.size() + 1);
  drawn.copy_to(host.data());
  finish();
  std::copy_n(host.begin(), draws.size(), tokens.begin());
  if (host.back() == 0) return;
  if (n == 1) {
    tokens[0] = -1;
    return;
  }
  // One by one they tell which it was.
  for (size_t i = 0; i < draws.size(); ++i)
    sample_alike(logits + static_cast<int64_t>(i) * draws[i].vocabulary, draws.subspan(i, 1), tokens.subspan(i, 1));
}

void CudaOps::score(const float* logits, std::span<const px_sample_args> draws, std::span<const int32_t> tokens,
                    std::span<TokenScore> scores) {
  stream();
  const auto n = static_cast<int64_t>(draws.size());
  std::vector<int32_t> targets;
  for (const int32_t token : tokens) targets.push_back(std::max(token, 0));
  std::vector<float> outputs(2 * draws.size());
  const Arrivals arrivals(*this);
  const DeviceArray<int32_t> device_targets(memory_, targets.data(), n);
  const DeviceArray<float> device(memory_, 2 * n);
  const DeviceArray<int32_t> not_finite(memory_, 1);
  for (size_t first = 0; first < draws.size();) {
    const size_t end = run_end(
        draws, first, [](const px_sample_args& a, const px_sample_args& b) { return a.temperature == b.temperature; });
    const auto row = static_cast<int64_t>(first), vocabulary = draws[first].vocabulary;
    kernels::token_logprob_cuda(stream(),
                                {logits + row * vocabulary, device_targets.data() + row,
                                 static_cast<int64_t>(end - first), vocabulary, draws[first].temperature},
                                device.data() + row, device.data() + n + row, not_finite.data());
    first = end;
  }
  device.copy_to(outputs.data());
  finish();
  for (size_t i = 0; i < draws.size(); ++i)
    scores[i] = tokens[i] < 0 ? TokenScore{} : TokenScore{outputs[i], outputs[draws.size() + i]};
}

}  // namespace px::cuda
