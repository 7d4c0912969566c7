#include "timed_ops.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace px::bench {
namespace {

double size_of(px_dtype dtype) { return dtype == PX_DTYPE_BF16 ? 2 : 4; }
double size_of(const Values& values) { return values.f32 != nullptr ? 4 : 2; }
double numbers(int64_t rows, int64_t columns) { return static_cast<double>(rows) * static_cast<double>(columns); }

// Bytes of an element of each array that is there.
template <class... T>
double bytes_of(const T*... arrays) {
  return (0.0 + ... + (arrays != nullptr ? static_cast<double>(sizeof(T)) : 0.0));
}

OpWork product(const Linear& linear, const Values& x, int64_t count, double residual, const Values& out) {
  const double weights = numbers(linear.in, linear.out);
  return {2 * weights * static_cast<double>(count), weights * size_of(linear.dtype) + numbers(count, linear.in) * size_of(x) +
                                                        numbers(count, linear.out) * (size_of(out) + residual)};
}

// Pairs of rows and positions that they see.
double seen(double first, double rows, int64_t window) {
  const double whole = rows * (first + (rows + 1) / 2);
  return window == 0 ? whole : std::min(whole, rows * static_cast<double>(window));
}

struct Positions {
  double first, rows;
};

class TimedAttention final : public PackedAttention {
 public:
  TimedAttention(std::unique_ptr<Attention> inner, PackedAttention* packed, const kernels::AttentionShape& shape,
                 std::vector<Positions> sequences, Meter& meter)
      : inner_(std::move(inner)), packed_(packed), shape_(shape), sequences_(std::move(sequences)), meter_(meter) {}

  uint64_t forward_bytes() const override { return inner_->forward_bytes(); }
  void forward(const AttentionRows& rows, std::byte* workspace) override {
    meter_.time("attention", work(rows.window, 1), [&] { inner_->forward(rows, workspace); });
  }
  uint64_t backward_bytes() const override { return packed_->backward_bytes(); }
  void backward(const AttentionRows& rows, const float* d_out, float* d_qkv, std::byte* workspace) override {
    meter_.time("attention_backward", work(rows.window, 2.5), [&] { packed_->backward(rows, d_out, d_qkv, workspace); });
  }

 private:
  // Two products forward; backward those of the scores again and four more.
  OpWork work(int64_t window, double products) const {
    double pairs = 0, rows = 0, keys = 0;
    for (const Positions& s : sequences_) {
      pairs += seen(s.first, s.rows, window);
      rows += s.rows;
      keys += s.first + s.rows;
    }
    const double query = numbers(shape_.heads, shape_.head_size), pair = 2 * numbers(shape_.kv_heads, shape_.head_size);
    return {4 * products * query * pairs, keys * pair * size_of(shape_.dtype) + rows * 4 * (2 * query + pair)};
  }

  std::unique_ptr<Attention> inner_;
  PackedAttention* packed_;  // the same, or null
  kernels::AttentionShape shape_;
  std::vector<Positions> sequences_;
  Meter& meter_;
};

class TimedOps final : public Ops {
 public:
  TimedOps(std::unique_ptr<Ops> inner, Meter& meter) : inner_(std::move(inner)), meter_(meter) {}

  std::string describe() const override { return inner_->describe(); }
  bool on_host() const override { return inner_->on_host(); }
  std::byte* allocate(uint64_t bytes) override { return inner_->allocate(bytes); }
  void release(std::byte* memory, uint64_t bytes) noexcept override { inner_->release(memory, bytes); }
  void copy_in(void* to, const void* host, uint64_t bytes) override {
    moved("copy", bytes, [&] { inner_->copy_in(to, host, bytes); });
  }
  void copy_out(void* host, const void* from, uint64_t bytes) override {
    moved("copy", bytes, [&] { inner_->copy_out(host, from, bytes); });
  }
  void copy(void* to, const void* from, uint64_t bytes) override {
    moved("copy", bytes, [&] { inner_->copy(to, from, bytes); });
  }
  void zero(void* to, uint64_t bytes) override {
    meter_.time("zero", {0, static_cast<double>(bytes)}, [&] { inner_->zero(to, bytes); });
  }
  void finish() override { inner_->finish(); }
  void settle() noexcept override { inner_->settle(); }

  void embedding(const px_embedding_args& a) override {
    rows("embedding", a.rows, a.hidden, 4 + bytes_of(a.out), [&] { inner_->embedding(a); });
  }
  void embedding_backward(const px_embedding_backward_args& a) override {
    rows("embedding_backward", a.rows, a.hidden, 12, [&] { inner_->embedding_backward(a); });
  }
  void rmsnorm(const px_rmsnorm_args& a) override {
    rows("rmsnorm", a.rows, a.hidden, bytes_of(a.x, a.delta, a.sum, a.out, a.out_bf16), [&] { inner_->rmsnorm(a); });
  }
  uint64_t rmsnorm_backward_bytes(int64_t n, int64_t hidden) const override {
    return inner_->rmsnorm_backward_bytes(n, hidden);
  }
  void rmsnorm_backward(const px_rmsnorm_backward_args& a) override {
    rows("rmsnorm_backward", a.rows, a.hidden, bytes_of(a.x, a.d_out, a.d_x, a.d_x_bf16),
         [&] { inner_->rmsnorm_backward(a); });
  }
  void layernorm(const px_layernorm_args& a) override {
    rows("layernorm", a.rows, a.hidden, bytes_of(a.x, a.delta, a.sum, a.out, a.out_bf16),
         [&] { inner_->layernorm(a); });
  }
  uint64_t layernorm_backward_bytes(int64_t n, int64_t hidden) const override {
    return inner_->layernorm_backward_bytes(n, hidden);
  }
  void layernorm_backward(const px_layernorm_backward_args& a) override {
    rows("layernorm_backward", a.rows, a.hidden, bytes_of(a.x, a.d_out, a.d_x, a.d_x_bf16),
         [&] { inner_->layernorm_backward(a); });
  }
  void rope(const px_rope_args& a) override {
    rows("rope", a.rows, (a.heads + 2 * a.kv_heads) * a.head_size, bytes_of(a.x, a.out, a.out_bf16),
         [&] { inner_->rope(a); });
  }
  uint64_t rope_backward_bytes(int64_t n, int64_t heads, int64_t kv_heads, int64_t head_size) const override {
    return inner_->rope_backward_bytes(n, heads, kv_heads, head_size);
  }
  void rope_backward(const px_rope_backward_args& a) override {
    rows("rope_backward", a.rows, (a.heads + 2 * a.kv_heads) * a.head_size, bytes_of(a.d_out, a.d_x, a.d_x_bf16),
         [&] { inner_->rope_backward(a); });
  }
  void swiglu(const px_swiglu_args& a) override {
    rows("swiglu", a.rows, a.features, 2 * bytes_of(a.gate_up, a.gate_up_bf16) + bytes_of(a.out, a.out_bf16),
         [&] { inner_->swiglu(a); });
  }
  void swiglu_backward(const px_swiglu_backward_args& a) override {
    rows("swiglu_backward", a.rows, a.features,
         2 * bytes_of(a.gate_up, a.gate_up_bf16, a.d_gate_up, a.d_gate_up_bf16) + bytes_of(a.d_out),
         [&] { inner_->swiglu_backward(a); });
  }
  void gelu(const px_gelu_args& a) override {
    rows("gelu", a.count, 1, bytes_of(a.x, a.x_bf16, a.out, a.out_bf16), [&] { inner_->gelu(a); });
  }
  void gelu_backward(const px_gelu_backward_args& a) override {
    rows("gelu_backward", a.count, 1, bytes_of(a.x, a.x_bf16, a.d_out, a.d_x, a.d_x_bf16),
         [&] { inner_->gelu_backward(a); });
  }
  void cast(const float* x, int64_t count, uint16_t* out) override {
    rows("cast", count, 1, 6, [&] { inner_->cast(x, count, out); });
  }

  uint64_t packed_bytes(const Linear& linear, bool by_columns) const override {
    return inner_->packed_bytes(linear, by_columns);
  }
  void pack(const float* arena, Linear& linear, bool by_columns, std::byte* memory) override {
    rows("pack", linear.in, linear.out, 4 + size_of(linear.dtype),
         [&] { inner_->pack(arena, linear, by_columns, memory); });
  }
  void project(const Linear& linear, Values x, int64_t count, const float* residual, Values out) override {
    meter_.time("project", product(linear, x, count, bytes_of(residual), out),
                [&] { inner_->project(linear, x, count, residual, out); });
  }
  void project_gelu(const Linear& linear, Values x, int64_t count, Values out) override {
    meter_.time("project_gelu", product(linear, x, count, 0, out),
                [&] { inner_->project_gelu(linear, x, count, out); });
  }
  uint64_t project_backward_bytes(const Linear& linear, int64_t count) const override {
    return inner_->project_backward_bytes(linear, count);
  }
  void project_backward(const float* arena, const Linear& linear, Values x, Values d_y, int64_t count, float* d_x,
                        float* gradient, std::byte* workspace) override {
    OpWork work = product(linear, x, count, 4, d_y);
    work.flop *= 2;
    work.bytes += numbers(linear.in, linear.out) * 8;
    meter_.time("project_backward", work,
                [&] { inner_->project_backward(arena, linear, x, d_y, count, d_x, gradient, workspace); });
  }

  std::unique_ptr<PackedAttention> packed_attention(const kernels::AttentionShape& shape,
                                                    const kernels::PackedSequences& sequences) override {
    std::vector<Positions> positions;
    for (int64_t s = 0; s < sequences.count; ++s)
      positions.push_back({static_cast<double>(sequences.shared_of(s)), static_cast<double>(sequences.rows(s))});
    std::unique_ptr<PackedAttention> inner = inner_->packed_attention(shape, sequences);
    PackedAttention* packed = inner.get();
    return std::make_unique<TimedAttention>(std::move(inner), packed, shape, std::move(positions), meter_);
  }
  std::unique_ptr<Attention> cached_attention(const kernels::AttentionShape& shape,
                                              std::span<const kernels::AttentionSequence> sequences) override {
    std::vector<Positions> positions;
    for (const kernels::AttentionSequence& s : sequences)
      positions.push_back({static_cast<double>(s.position), static_cast<double>(s.rows)});
    return std::make_unique<TimedAttention>(inner_->cached_attention(shape, sequences), nullptr, shape,
                                            std::move(positions), meter_);
  }
  uint64_t block_bytes(const kernels::AttentionShape& shape) const override { return inner_->block_bytes(shape); }

  uint64_t head_bytes(const Linear& head, int64_t n, bool gradients) const override {
    return inner_->head_bytes(head, n, gradients);
  }
  void head_logprob(const HeadRows& a, float* logprob, float* entropy, std::byte* workspace) override {
    meter_.time("head_logprob", head(a, 1), [&] { inner_->head_logprob(a, logprob, entropy, workspace); });
  }
  void head_gradient(const HeadRows& a, kernels::HeadObjective& objective, float* d_hidden, float* d_head,
                     std::byte* workspace) override {
    meter_.time("head_gradient", head(a, 3),
                [&] { inner_->head_gradient(a, objective, d_hidden, d_head, workspace); });
  }
  void scalar_head(const kernels::ScalarRows& a, float* values) override {
    rows("scalar_head", a.n, a.width, 4, [&] { inner_->scalar_head(a, values); });
  }
  void scalar_head_backward(const kernels::ScalarRows& a, const float* slopes, float* d_rows, float* d_head) override {
    rows("scalar_head_backward", a.n, a.width, 8, [&] { inner_->scalar_head_backward(a, slopes, d_rows, d_head); });
  }
  void gather_rows(const void* from, int64_t bytes, const int64_t* at, int64_t n, void* to) override {
    rows("gather_rows", n, bytes, 2, [&] { inner_->gather_rows(from, bytes, at, n, to); });
  }
  void add_rows(const float* from, int64_t width, const int64_t* at, int64_t n, float* to) override {
    rows("add_rows", n, width, 12, [&] { inner_->add_rows(from, width, at, n, to); });
  }

  void adamw(const px_adamw_args& a) override {
    rows("adamw", a.count, 1, 28 + bytes_of(a.shadow), [&] { inner_->adamw(a); });
  }
  double squared_norm(const float* x, int64_t count) override {
    return meter_.time("squared_norm", {0, numbers(count, 4)}, [&] { return inner_->squared_norm(x, count); });
  }

  uint64_t draw_bytes(const Linear& head, std::span<const px_sample_args> draws) const override {
    return inner_->draw_bytes(head, draws);
  }
  void draw(const Linear& head, Values hidden, std::span<const px_sample_args> draws, std::span<int32_t> tokens,
            std::span<TokenScore> scores, std::byte* workspace) override {
    meter_.time("draw", product(head, hidden, static_cast<int64_t>(draws.size()), 0, hidden),
                [&] { inner_->draw(head, hidden, draws, tokens, scores, workspace); });
  }
  void sample(const float* logits, std::span<const px_sample_args> draws, std::span<int32_t> tokens) override {
    const int64_t width = draws.empty() ? 0 : draws.front().vocabulary;
    rows("sample", static_cast<int64_t>(draws.size()), width, 4, [&] { inner_->sample(logits, draws, tokens); });
  }
  void score(const float* logits, std::span<const px_sample_args> draws, std::span<const int32_t> tokens,
             std::span<TokenScore> scores) override {
    const int64_t width = draws.empty() ? 0 : draws.front().vocabulary;
    rows("score", static_cast<int64_t>(draws.size()), width, 4, [&] { inner_->score(logits, draws, tokens, scores); });
  }

 private:
  static OpWork head(const HeadRows& a, double products) {
    OpWork work = product(a.head, a.hidden, a.n, 0, a.hidden);
    work.flop *= products;
    work.bytes *= products;
    return work;
  }
  template <class Body>
  void rows(const char* op, int64_t n, int64_t width, double bytes, const Body& body) {
    meter_.time(op, {0, numbers(n, width) * bytes}, body);
  }
  template <class Body>
  void moved(const char* op, uint64_t bytes, const Body& body) {
    meter_.time(op, {0, 2 * static_cast<double>(bytes)}, body);
  }

  std::unique_ptr<Ops> inner_;
  Meter& meter_;
};

}  // namespace

void Meter::start() {
  totals_.clear();
  counting_ = true;
}

void Meter::add(const char* op, double seconds, const OpWork& work) {
  Totals& totals = totals_[op];
  ++totals.calls;
  totals.seconds += seconds;
  totals.work.flop += work.flop;
  totals.work.bytes += work.bytes;
}

nlohmann::json Meter::totals(double seconds) const {
  std::vector<std::pair<std::string, Totals>> ops(totals_.begin(), totals_.end());
  Totals outside{0, seconds, {}};
  for (const auto& [name, totals] : ops) outside.seconds -= totals.seconds;
  ops.emplace_back("outside", outside);
  std::ranges::sort(ops, std::greater<>(), [](const auto& op) { return op.second.seconds; });
  nlohmann::json all = nlohmann::json::array();
  for (const auto& [name, totals] : ops)
    all.push_back({{"op", name}, {"calls", totals.calls}, {"seconds", totals.seconds}, {"flop", totals.work.flop}, {"bytes", totals.work.bytes}});
  return all;
}

std::unique_ptr<Ops> timed(std::unique_ptr<Ops> ops, Meter& meter) {
  return std::make_unique<TimedOps>(std::move(ops), meter);
}

}  // namespace px::bench
