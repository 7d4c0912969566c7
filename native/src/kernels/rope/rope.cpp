#include "kernels/rope/rope.h"

#include "kernels/checks.h"
#include "kernels/row_sums.h"

namespace px::kernels {
namespace {

void check_positions(const int32_t* position, int64_t rows, int64_t positions) {
  check_size(positions, "positions");
  for (int64_t n = 0; n < rows; ++n)
    if (position[n] < 0 || position[n] >= positions)
      fail(PX_INVALID_ARGUMENT, "position[", n, "]: expected 0 to ", positions - 1, ", got ", position[n]);
}

// Both or neither, where there are keys; only that of queries where there are none.
void check_pair(const void* query, const void* key, int64_t kv_heads, const char* key_name, const char* query_name) {
  const bool wanted = query != nullptr && kv_heads > 0;
  check((key != nullptr) == wanted, PX_INVALID_ARGUMENT, key_name, ": expected ",
        wanted ? "an array, as there is one for " : "NULL, as there are no keys or there is none for ", query_name,
        ", got ", key != nullptr ? "an array" : "NULL");
}

}  // namespace

int64_t check_rope_sizes(int64_t rows, int64_t heads, int64_t kv_heads, int64_t head_size) {
  constexpr int64_t kMostHeads = int64_t{1} << 20;
  check(heads >= 1 && heads <= kMostHeads, PX_INVALID_ARGUMENT, "heads: expected 1 to ", kMostHeads, ", got ", heads);
  check(kv_heads >= 0 && kv_heads <= kMostHeads, PX_INVALID_ARGUMENT, "kv_heads: expected 0 to ", kMostHeads, ", got ",
        kv_heads);
  constexpr int64_t kMostSize = int64_t{1} << 16;
  check(head_size >= 2 && head_size <= kMostSize && head_size % 2 == 0, PX_INVALID_ARGUMENT,
        "head_size: expected an even number from 2 to ", kMostSize, ", got ", head_size);
  const int64_t columns = (heads + 2 * kv_heads) * head_size;
  check_matrix(rows, "rows", columns, "heads");
  return columns;
}

void rope(const Cpu& cpu, const px_rope_args& args) {
  px_rope_args a = args;
  a.epsilon = or_default(a.epsilon, 1e-6);
  const int64_t columns = check_rope_sizes(a.rows, a.heads, a.kv_heads, a.head_size);
  check_positive(a.epsilon, "epsilon");
  check_pair(a.query_norm, a.key_norm, a.kv_heads, "key_norm", "query_norm");
  check(a.rstd == nullptr || a.query_norm != nullptr, PX_INVALID_ARGUMENT,
        "rstd: expected NULL without query_norm, got an array");
  check_some_output(a.out, a.out_bf16, a.rows * columns, "out");
  check_positions(a.position, a.rows, a.positions);
  cpu.isa == Isa::kScalar ? rope_ref(a) : rope_cpu(cpu, a);
}

void rope_backward(const Cpu& cpu, const px_rope_backward_args& args) {
  const int64_t columns = check_rope_sizes(args.rows, args.heads, args.kv_heads, args.head_size);
  check_pair(args.query_norm, args.key_norm, args.kv_heads, "key_norm", "query_norm");
  check_pair(args.d_query_norm, args.d_key_norm, args.kv_heads, "d_key_norm", "d_query_norm");
  check(args.d_query_norm == nullptr || args.query_norm != nullptr, PX_INVALID_ARGUMENT,
        "d_query_norm: expected NULL without query_norm, got an array");
  if (args.query_norm != nullptr && args.rows > 0) {
    check(args.x != nullptr, PX_INVALID_ARGUMENT, "x: expected an array with query_norm, got NULL");
    check(args.rstd != nullptr, PX_INVALID_ARGUMENT, "rstd: expected an array with query_norm, got NULL");
  }
  if (args.d_query_norm != nullptr)
    check_workspace(args.workspace, args.workspace_bytes,
                    rope_backward_workspace(args.rows, args.heads, args.kv_heads, args.head_size));
  check_some_output(args.d_x, args.d_x_bf16, args.rows * columns, "d_x");
  check_positions(args.position, args.rows, args.positions);
  cpu.isa == Isa::kScalar ? rope_backward_ref(args) : rope_backward_cpu(cpu, args);
}

uint64_t rope_backward_workspace(int64_t rows, int64_t heads, int64_t kv_heads, int64_t head_size) {
  const int64_t columns = (heads + 2 * kv_heads) * head_size;
  return static_cast<uint64_t>(RowBlocks(rows, columns).count() * 2 * head_size) * sizeof(float);
}

}  // namespace px::kernels
