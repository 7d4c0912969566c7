#include "ops/cpu_ops.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "kernels/adamw/adamw.h"
#include "kernels/cast/cast.h"
#include "kernels/embedding/embedding.h"
#include "kernels/gelu/gelu.h"
#include "kernels/layernorm/layernorm.h"
#include "kernels/reduce/reduce.h"
#include "kernels/rmsnorm/rmsnorm.h"
#include "kernels/rope/rope.h"
#include "kernels/sample/head_sample.h"
#include "kernels/sample/sample.h"
#include "kernels/swiglu/swiglu.h"
#include "ops/cpu_attention.h"
#include "ops/logit_draws.h"
#include "ops/memory.h"

namespace px {
namespace {

constexpr uint64_t kLine = 64;  // bytes of a cache line
constexpr uint64_t kLargePage = uint64_t{2} << 20;

// Rows whose products make a part of a weight's gradient: what is packed of them stays in the second cache.
constexpr int64_t kGradientRows = 1024;

// A linear's pieces as one matrix: as they lie, or gathered where they do not lie one behind the other.
class Matrix {
 public:
  Matrix(const float* arena, const Linear& linear)
      : data_(arena + linear.pieces.front().offset), linear_(linear), transposed_(linear.transposed) {
    if (!together()) gather(arena);
  }

  kernels::Unpacked by_rows() const { return {data_, PX_DTYPE_F32, row_stride(), column_stride()}; }     // [out, in]
  kernels::Unpacked by_columns() const { return {data_, PX_DTYPE_F32, column_stride(), row_stride()}; }  // [in, out]

 private:
  int64_t row_stride() const { return transposed_ ? 1 : linear_.in; }
  int64_t column_stride() const { return transposed_ ? linear_.out : 1; }

  bool together() const {
    int64_t end = linear_.pieces.front().offset;
    for (const Piece& piece : linear_.pieces) {
      if (piece.offset != end) return false;
      end += piece.out * linear_.in;
    }
    return linear_.pieces.size() == 1 || !linear_.transposed;
  }

  void gather(const float* arena) {
    gathered_.resize(static_cast<size_t>(linear_.out * linear_.in));
    float* to = gathered_.data();
    for (const Piece& piece : linear_.pieces) {
      const float* from = arena + piece.offset;
      for (int64_t o = 0; o < piece.out; ++o)
        for (int64_t i = 0; i < linear_.in; ++i)
          *to++ = transposed_ ? from[i * piece.out + o] : from[o * linear_.in + i];
    }
    data_ = gathered_.data();
    transposed_ = false;
  }

  const float* data_;
  const Linear& linear_;
  bool transposed_;
  std::vector<float> gathered_;
};

kernels::Packed packed_of(const Linear& linear) {
  return {static_cast<const uint32_t*>(linear.packed), linear.out, linear.in, linear.dtype};
}

kernels::Packed packed_by_columns_of(const Linear& linear) {
  return {static_cast<const uint32_t*>(linear.packed_by_columns), linear.in, linear.out, linear.dtype};
}

// What the packed form of a linear lies in.
struct PackedPlaces {
  uint32_t* rows;
  uint32_t* columns;
  float* bias;
};

PackedPlaces plan_packed(Plan& plan, const Linear& linear, bool by_columns) {
  PackedPlaces places{};
  places.rows = plan.take<uint32_t>(kernels::packed_words(linear.out, linear.in, linear.dtype));
  if (by_columns) places.columns = plan.take<uint32_t>(kernels::packed_words(linear.in, linear.out, linear.dtype));
  if (linear.has_bias()) places.bias = plan.take<float>(linear.out);
  return places;
}

kernels::GemmArgs gemm_args(const Linear& linear, Values x, int64_t count, Values out) {
  kernels::GemmArgs args;
  args.x = kernels::rows_of(x.data(), count, linear.in, linear.dtype);
  args.weights = packed_of(linear);
  args.bias = linear.bias;
  args.out = out.f32;
  args.out_bf16 = out.bf16;
  args.out_stride = linear.out;
  return args;
}

// What a linear's gradients need.
struct GradientPlaces {
  uint32_t* pairs;    // a gradient's rows side by side
  uint32_t* packed;   // the linear's input or gradient
  uint32_t* weights;  // the linear as [in, out]
};

int64_t across_of(const Linear& linear) { return linear.transposed ? linear.in : linear.out; }
int64_t along_of(const Linear& linear) { return linear.transposed ? linear.out : linear.in; }

GradientPlaces plan_gradient(Plan& plan, Isa isa, const Linear& linear, int64_t count) {
  const int64_t rows = std::min(count, kGradientRows);
  GradientPlaces places{};
  if (linear.dtype != PX_DTYPE_F32) places.pairs = plan.take<uint32_t>(kernels::pairs_words(isa, rows, across_of(linear)));
  places.packed = plan.take<uint32_t>(kernels::packed_words(along_of(linear), rows, linear.dtype));
  places.weights = plan.take<uint32_t>(kernels::packed_words(linear.in, linear.out, linear.dtype));
  return places;
}

kernels::HeadArgs head_args(const HeadRows& rows, std::byte* workspace) {
  kernels::HeadArgs args;
  args.n = rows.n;
  args.hidden = rows.hidden.data();
  args.hidden_stride = rows.head.in;
  args.head = packed_of(rows.head);
  args.head_transposed = packed_by_columns_of(rows.head);
  args.target = rows.target;
  args.temperature = rows.temperature;
  args.workspace = workspace;
  return args;
}

}  // namespace

std::string CpuOps::describe() const {
  const nlohmann::json description{
      {"samples_what_it_scores", true}, {"isa", name_of(cpu_.isa)}, {"threads", cpu_.pool.threads()}};
  return description.dump();
}

// ---- Memory ----

// Large blocks lie in large pages where the system has them: what is read once a step, as weights are, is found 10 to
// 20 % faster.
std::byte* CpuOps::allocate(uint64_t bytes) {
  const uint64_t alignment = bytes < 2 * kLargePage ? kLine : kLargePage;
  void* memory = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (memory == nullptr) throw std::bad_alloc();
  if (alignment == kLargePage) madvise(memory, bytes, MADV_HUGEPAGE);
  return static_cast<std::byte*>(memory);
}

void CpuOps::release(std::byte* memory, uint64_t) noexcept { std::free(memory); }

void CpuOps::copy(void* to, const void* from, uint64_t bytes) {
  if (bytes > 0) std::memcpy(to, from, bytes);
}

void CpuOps::zero(void* to, uint64_t bytes) {
  constexpr uint64_t kPart = 1 << 20;
  cpu_.pool.for_each(static_cast<int64_t>((bytes + kPart - 1) / kPart), [&](int64_t i) noexcept {
    const uint64_t begin = static_cast<uint64_t>(i) * kPart;
    std::memset(static_cast<std::byte*>(to) + begin, 0, std::min(kPart, bytes - begin));
  });
}

// ---- Layers ----

void CpuOps::embedding(const px_embedding_args& args) { kernels::embedding(cpu_, args); }
void CpuOps::embedding_backward(const px_embedding_backward_args& args) { kernels::embedding_backward(cpu_, args); }
void CpuOps::rmsnorm(const px_rmsnorm_args& args) { kernels::rmsnorm(cpu_, args); }
uint64_t CpuOps::rmsnorm_backward_bytes(int64_t rows, int64_t hidden) const {
  return kernels::rmsnorm_backward_workspace(rows, hidden);
}
void CpuOps::rmsnorm_backward(const px_rmsnorm_backward_args& args) { kernels::rmsnorm_backward(cpu_, args); }
void CpuOps::layernorm(const px_layernorm_args& args) { kernels::layernorm(cpu_, args); }
uint64_t CpuOps::layernorm_backward_bytes(int64_t rows, int64_t hidden) const {
  return kernels::layernorm_backward_workspace(rows, hidden);
}
void CpuOps::layernorm_backward(const px_layernorm_backward_args& args) { kernels::layernorm_backward(cpu_, args); }
void CpuOps::rope(const px_rope_args& args) { kernels::rope(cpu_, args); }
uint64_t CpuOps::rope_backward_bytes(int64_t rows, int64_t heads, int64_t kv_heads, int64_t head_size) const {
  return kernels::rope_backward_workspace(rows, heads, kv_heads, head_size);
}
void CpuOps::rope_backward(const px_rope_backward_args& args) { kernels::rope_backward(cpu_, args); }
void CpuOps::swiglu(const px_swiglu_args& args) { kernels::swiglu(cpu_, args); }
void CpuOps::swiglu_backward(const px_swiglu_backward_args& args) { kernels::swiglu_backward(cpu_, args); }
void CpuOps::gelu(const px_gelu_args& args) { kernels::gelu(cpu_, args); }
void CpuOps::gelu_backward(const px_gelu_backward_args& args) { kernels::gelu_backward(cpu_, args); }
void CpuOps::cast(const float* x, int64_t count, uint16_t* out) { kernels::cast(cpu_, x, count, out); }

// ---- Products ----

uint64_t CpuOps::packed_bytes(const Linear& linear, bool by_columns) const {
  Plan sizes;
  plan_packed(sizes, linear, by_columns);
  return sizes.bytes();
}

void CpuOps::pack(const float* arena, Linear& linear, bool by_columns, std::byte* memory) {
  Plan plan(memory);
  const PackedPlaces places = plan_packed(plan, linear, by_columns);
  const Matrix matrix(arena, linear);
  linear.packed =
      kernels::gemm_pack(cpu_, matrix.by_rows(), {nullptr, linear.out, linear.in, linear.dtype}, places.rows).words;
  linear.packed_by_columns = by_columns
                                 ? kernels::gemm_pack(cpu_, matrix.by_columns(),
                                                      {nullptr, linear.in, linear.out, linear.dtype}, places.columns)
                                       .words
                                 : nullptr;
  linear.bias = places.bias;
  float* bias = places.bias;
  for (const Piece& piece : linear.pieces)
    if (piece.bias >= 0) bias = std::copy_n(arena + piece.bias, piece.out, bias);
}

void CpuOps::project(const Linear& linear, Values x, int64_t count, const float* residual, Values out) {
  kernels::GemmArgs args = gemm_args(linear, x, count, out);
  args.residual = residual;
  kernels::gemm(cpu_, args);
}

void CpuOps::project_gelu(const Linear& linear, Values x, int64_t count, Values out) {
  kernels::GemmArgs args = gemm_args(linear, x, count, out);
  args.activation = PX_ACTIVATION_GELU;
  kernels::gemm(cpu_, args);
}

uint64_t CpuOps::project_backward_bytes(const Linear& linear, int64_t count) const {
  Plan sizes;
  plan_gradient(sizes, cpu_.isa, linear, count);
  return sizes.bytes();
}

// The weights by columns are packed as they are needed: that costs a reading of them and saves as much memory as the
// forward form takes.
void CpuOps::project_backward(const float* arena, const Linear& linear, Values x, Values d_y, int64_t count, float* d_x,
                              float* gradient, std::byte* workspace) {
  weight_gradient(linear, x, d_y, count, gradient, workspace);
  bias_gradient(linear, d_y, count, gradient);
  Plan plan(workspace);
  const GradientPlaces places = plan_gradient(plan, cpu_.isa, linear, count);
  const Matrix matrix(arena, linear);
  kernels::GemmArgs args;
  args.x = kernels::rows_of(d_y.data(), count, linear.out, linear.dtype);
  args.weights =
      kernels::gemm_pack(cpu_, matrix.by_columns(), {nullptr, linear.in, linear.out, linear.dtype}, places.weights);
  args.out = d_x;
  args.out_stride = linear.in;
  kernels::gemm(cpu_, args);
}

// Of a matrix [out, in]: columns of d_y times x. Of one that lies [in, out]: columns of x times d_y.
void CpuOps::weight_gradient(const Linear& linear, Values x, Values d_y, int64_t rows_count, float* gradient,
                             std::byte* workspace) {
  Plan plan(workspace);
  const GradientPlaces places = plan_gradient(plan, cpu_.isa, linear, rows_count);
  const int64_t across = across_of(linear), along = along_of(linear);
  const Values columns = linear.transposed ? x : d_y;
  const Values rows = linear.transposed ? d_y : x;
  for (int64_t first = 0; first < rows_count; first += kGradientRows) {
    const int64_t count = std::min(kGradientRows, rows_count - first);
    const auto at = [first](Values v, int64_t width) {
      return Values{v.f32 != nullptr ? v.f32 + first * width : nullptr,
                    v.bf16 != nullptr ? v.bf16 + first * width : nullptr};
    };
    const void* words = at(columns, across).data();
    int64_t stride = across;
    if (linear.dtype == PX_DTYPE_BF16) {
      stride = kernels::pairs_stride(cpu_.isa, count, across);
      kernels::gemm_interleave(cpu_, words, linear.dtype, count, across, across, {places.pairs, stride});
      words = places.pairs;
    }
    kernels::GemmArgs args;
    args.weights = kernels::gemm_pack(cpu_, {at(rows, along).data(), linear.dtype, 1, along},
                                      {nullptr, along, count, linear.dtype}, places.packed);
    args.out_stride = along;
    int64_t column = 0;
    for (const Piece& piece : linear.pieces) {
      const int64_t height = linear.transposed ? linear.in : piece.out;
      args.x = kernels::columns_of(cpu_.isa, linear.dtype, words, stride, column, height);
      args.out = gradient + piece.offset;
      args.residual = args.out;
      kernels::gemm(cpu_, args);
      column += height;
    }
  }
}

void CpuOps::bias_gradient(const Linear& linear, Values d_y, int64_t count, float* gradient) {
  if (!linear.has_bias()) return;
  int64_t column = 0;
  for (const Piece& piece : linear.pieces) {
    kernels::add_column_sums(cpu_, d_y.f32, d_y.bf16, count, linear.out, column, piece.out, gradient + piece.bias);
    column += piece.out;
  }
}

// ---- Attention ----

std::unique_ptr<PackedAttention> CpuOps::packed_attention(const kernels::AttentionShape& shape,
                                                          const kernels::PackedSequences& sequences) {
  return std::make_unique<CpuPackedAttention>(cpu_, shape, sequences);
}

std::unique_ptr<Attention> CpuOps::cached_attention(const kernels::AttentionShape& shape,
                                                    std::span<const kernels::AttentionSequence> sequences) {
  return std::make_unique<CpuCachedAttention>(cpu_, shape, sequences);
}

uint64_t CpuOps::block_bytes(const kernels::AttentionShape& shape) const {
  return static_cast<uint64_t>(shape.block_words()) * sizeof(uint32_t);
}

// ---- Heads ----

uint64_t CpuOps::head_bytes(const Linear& head, int64_t rows, bool gradients) const {
  return kernels::head_workspace({nullptr, head.out, head.in, head.dtype}, rows, gradients);
}

void CpuOps::head_logprob(const HeadRows& rows, float* logprob, float* entropy, std::byte* workspace) {
  kernels::head_logprob(cpu_, head_args(rows, workspace), {logprob, entropy, nullptr});
}

void CpuOps::head_gradient(const HeadRows& rows, kernels::HeadObjective& objective, float* d_hidden, float* d_head,
                           std::byte* workspace) {
  kernels::head_gradient(cpu_, head_args(rows, workspace), {}, objective,
                         {.hidden = d_hidden, .head = d_head, .add_head = true});
}

void CpuOps::scalar_head(const kernels::ScalarRows& rows, float* values) { kernels::scalar_head(rows, values); }

void CpuOps::scalar_head_backward(const kernels::ScalarRows& rows, const float* slopes, float* d_rows, float* d_head) {
  kernels::scalar_head_backward(rows, slopes, d_rows, d_head);
}

void CpuOps::gather_rows(const void* from, int64_t bytes, const int64_t* rows, int64_t n, void* to) {
  kernels::gather_rows(from, bytes, rows, n, to);
}

void CpuOps::add_rows(const float* from, int64_t width, const int64_t* rows, int64_t n, float* to) {
  kernels::add_rows(from, width, rows, n, to);
}

// ---- Optimizer ----

void CpuOps::adamw(const px_adamw_args& args) { kernels::adamw_of_finite(cpu_, args); }
double CpuOps::squared_norm(const float* x, int64_t count) { return kernels::squared_norm(cpu_, x, count); }

// ---- Sampling ----

// How many draws have to see their logits, as far as they say; any other may, where it comes near another token.
int64_t CpuOps::logit_draws(std::span<const px_sample_args> draws) const {
  const auto count = std::ranges::count_if(
      draws, [&](const px_sample_args& draw) { return !kernels::samples_from_head(cpu_.isa, draw); });
  return std::max<int64_t>(1, count);
}

uint64_t CpuOps::draw_bytes(const Linear& head, std::span<const px_sample_args> draws) const {
  return std::max(kernels::head_sample_workspace(packed_of(head), static_cast<int64_t>(draws.size())),
                  logit_draw_bytes(head, logit_draws(draws)));
}

void CpuOps::draw(const Linear& head, Values hidden, std::span<const px_sample_args> draws, std::span<int32_t> tokens,
                  std::span<TokenScore> scores, std::byte* workspace) {
  std::vector<kernels::LogitScore> found(draws.size());
  kernels::head_sample(cpu_, {hidden.data(), packed_of(head), draws, workspace}, tokens, found);
  std::vector<int64_t> left;
  for (size_t i = 0; i < draws.size(); ++i) {
    scores[i] = {found[i].logprob, found[i].entropy};
    if (tokens[i] == kernels::kUndecided) left.push_back(static_cast<int64_t>(i));
  }
  draw_from_logits(*this, {head, hidden, draws, tokens, scores}, left, logit_draws(draws), workspace);
}

void CpuOps::sample(const float* logits, std::span<const px_sample_args> draws, std::span<int32_t> tokens) {
  for_each_row(draws.size(), [&](size_t i) {
    px_sample_args args = draws[i];
    args.logits = logits + static_cast<int64_t>(i) * args.vocabulary;
    try {
      kernels::sample(cpu_, args, tokens[i], nullptr);
    } catch (const Error& error) {
      if (error.status() != PX_NOT_FINITE) throw;
      tokens[i] = -1;
    }
  });
}

void CpuOps::score(const float* logits, std::span<const px_sample_args> draws, std::span<const int32_t> tokens,
                   std::span<TokenScore> scores) {
  for_each_row(draws.size(), [&](size_t i) {
    scores[i] = {};
    if (tokens[i] < 0) return;
    const auto [vocabulary, temperature] = std::pair(draws[i].vocabulary, draws[i].temperature);
    const float* row = logits + static_cast<int64_t>(i) * vocabulary;
    const auto [logprob, entropy] = kernels::score_logits(cpu_.isa, row, vocabulary, temperature, tokens[i]);
    scores[i] = {logprob, entropy};
  });
}

// Any number of rows on all threads; throws what the first of those that failed threw.
template <class Body>
void CpuOps::for_each_row(size_t count, const Body& body) {
  std::vector<std::exception_ptr> errors(count);
  cpu_.pool.for_each(static_cast<int64_t>(count), [&](int64_t row) noexcept {
    const auto i = static_cast<size_t>(row);
    try {
      body(i);
    } catch (...) {
      errors[i] = std::current_exception();
    }
  });
  for (const std::exception_ptr& error : errors)
    if (error) std::rethrow_exception(error);
}

}  // namespace px
