#include "kernels/embedding/embedding.h"

#include "abi/arrays.h"
#include "abi/engine.h"

using namespace px;
using namespace px::abi;

extern "C" {

px_status px_embedding_f32(px_engine* engine, const px_embedding_args* args) {
  return guarded("px_embedding_f32", [&] {
    Engine& e = engine_of(engine);
    const px_embedding_args a = read_args(args, "args");
    check_flags(a.flags, 0, "args");
    const int64_t elements = kernels::check_matrix(a.rows, "args.rows", a.hidden, "args.hidden");
    check_array(a.token, a.rows, "args.token");
    check_array(a.out, elements, "args.out");
    kernels::embedding(e.cpu(), a);
  });
}

px_status px_embedding_backward_f32(px_engine* engine, const px_embedding_backward_args* args) {
  return guarded("px_embedding_backward_f32", [&] {
    Engine& e = engine_of(engine);
    const px_embedding_backward_args a = read_args(args, "args");
    check_flags(a.flags, 0, "args");
    const int64_t elements = kernels::check_matrix(a.rows, "args.rows", a.hidden, "args.hidden");
    check_array(a.token, a.rows, "args.token");
    check_array(a.d_out, elements, "args.d_out");
    check_array(a.d_table, elements, "args.d_table");
    kernels::embedding_backward(e.cpu(), a);
  });
}

}  // extern "C"
