#include "kernels/embedding/embedding.h"

#include "kernels/checks.h"

namespace px::kernels {
namespace {

void check_rows_of_table(const int32_t* index, int64_t rows, int64_t table_rows, const char* name) {
  for (int64_t n = 0; n < rows; ++n)
    if (index[n] < 0 || index[n] >= table_rows)
      fail(PX_INVALID_ARGUMENT, name, "[", n, "]: expected 0 to ", table_rows - 1, ", got ", index[n]);
}

}  // namespace

void embedding(const Cpu& cpu, const px_embedding_args& args) {
  check_matrix(args.rows, "rows", args.hidden, "hidden");
  check_matrix(args.vocabulary, "vocabulary", args.hidden, "hidden");
  check_size(args.vocabulary, "vocabulary");
  check((args.table != nullptr) != (args.table_bf16 != nullptr) || args.rows == 0, PX_INVALID_ARGUMENT,
        "table: expected it or table_bf16, got ", args.table != nullptr ? "both" : "neither");
  check_rows_of_table(args.token, args.rows, args.vocabulary, "token");
  if (args.position != nullptr) {
    check_size(args.positions, "positions");
    check(args.position_table != nullptr || args.rows == 0, PX_INVALID_ARGUMENT,
          "position_table: expected an array with position, got NULL");
    check_rows_of_table(args.position, args.rows, args.positions, "position");
  }
  cpu.isa == Isa::kScalar ? embedding_ref(args) : embedding_cpu(cpu, args);
}

void embedding_backward(const Cpu& cpu, const px_embedding_backward_args& args) {
  check_matrix(args.rows, "rows", args.hidden, "hidden");
  check_matrix(args.vocabulary, "vocabulary", args.hidden, "hidden");
  check_size(args.vocabulary, "vocabulary");
  check_rows_of_table(args.token, args.rows, args.vocabulary, "token");
  cpu.isa == Isa::kScalar ? embedding_backward_ref(args) : embedding_backward_cpu(cpu, args);
}

}  // namespace px::kernels
