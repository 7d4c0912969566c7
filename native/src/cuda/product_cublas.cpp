// Products by cublasLt.
#include <cublasLt.h>

#include <array>
#include <map>
#include <tuple>

#include "cuda/product.h"

namespace px::cuda {
namespace {

constexpr size_t kWorkspace = size_t{32} << 20;
constexpr int kAsked = 16;  // algorithms that the heuristic names

void check_cublas(cublasStatus_t status, const char* what) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  fail(status == CUBLAS_STATUS_ALLOC_FAILED ? PX_DEVICE_OUT_OF_MEMORY : PX_DEVICE_ERROR, "cuBLAS: ", what, ": ",
       cublasLtGetStatusString(status));
}

// A handle of cublasLt's own, destroyed with its owner.
template <class T, cublasStatus_t (*Destroy)(T)>
struct Owned {
  T handle = nullptr;
  Owned() = default;
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  ~Owned() {
    if (handle != nullptr) Destroy(handle);
  }
};
using Handle = Owned<cublasLtHandle_t, cublasLtDestroy>;
using Operation = Owned<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy>;
using Layout = Owned<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy>;
using Preference = Owned<cublasLtMatmulPreference_t, cublasLtMatmulPreferenceDestroy>;

uint32_t element_bytes(const Product& p) { return p.dtype == PX_DTYPE_F32 ? 4 : 2; }

// cublasLt has columns first, so it is asked for the transposed product: out^T [n, m] = b a^T.
struct Problem {
  Operation operation;
  Layout b, a, out;

  Problem(const Product& p, int64_t m) {
    const cudaDataType_t type = p.dtype == PX_DTYPE_F32 ? CUDA_R_32F : CUDA_R_16BF;
    const auto rows = [](int64_t count) { return static_cast<uint64_t>(count); };
    check_cublas(cublasLtMatmulDescCreate(&operation.handle, CUBLAS_COMPUTE_32F, CUDA_R_32F), "cublasLtMatmulDescCreate");
    set_transposed(CUBLASLT_MATMUL_DESC_TRANSA, !p.b_by_k);
    set_transposed(CUBLASLT_MATMUL_DESC_TRANSB, p.a_by_k);
    create(b, type, rows(p.b_by_k ? p.n : p.k), rows(p.b_by_k ? p.k : p.n), p.b_stride);
    create(a, type, rows(p.a_by_k ? m : p.k), rows(p.a_by_k ? p.k : m), p.a_stride);
    create(out, CUDA_R_32F, rows(p.n), rows(m), p.out_stride);
  }

 private:
  void set_transposed(cublasLtMatmulDescAttributes_t which, bool transposed) {
    const cublasOperation_t value = transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
    check_cublas(cublasLtMatmulDescSetAttribute(operation.handle, which, &value, sizeof value),
                 "cublasLtMatmulDescSetAttribute");
  }

  static void create(Layout& layout, cudaDataType_t type, uint64_t rows, uint64_t columns, int64_t stride) {
    check_cublas(cublasLtMatrixLayoutCreate(&layout.handle, type, rows, columns, stride), "cublasLtMatrixLayoutCreate");
  }
};

void set_preference(Preference& preference, cublasLtMatmulPreferenceAttributes_t which, const void* value, size_t bytes) {
  check_cublas(cublasLtMatmulPreferenceSetAttribute(preference.handle, which, value, bytes),
               "cublasLtMatmulPreferenceSetAttribute");
}

// The alignment that every row of the operands has.
uint32_t alignment_of(const Product& p) {
  const int64_t bytes = element_bytes(p);
  const bool wide = p.a_stride * bytes % 16 == 0 && p.b_stride * bytes % 16 == 0 && p.out_stride % 4 == 0;
  return wide ? 16 : static_cast<uint32_t>(bytes);
}

bool splits_along_k(const cublasLtMatmulAlgo_t& algorithm) {
  uint32_t splits = 0, reduction = 0;
  size_t written = 0;
  check_cublas(cublasLtMatmulAlgoConfigGetAttribute(&algorithm, CUBLASLT_ALGO_CONFIG_SPLITK_NUM, &splits, sizeof splits,
                                                    &written), "cublasLtMatmulAlgoConfigGetAttribute");
  check_cublas(cublasLtMatmulAlgoConfigGetAttribute(&algorithm, CUBLASLT_ALGO_CONFIG_REDUCTION_SCHEME, &reduction,
                                                    sizeof reduction, &written), "cublasLtMatmulAlgoConfigGetAttribute");
  return splits > 1 || reduction != CUBLASLT_REDUCTION_SCHEME_NONE;
}

}  // namespace

class Products::Library {
 public:
  explicit Library(cudaStream_t stream) : stream_(stream) {
    check_cublas(cublasLtCreate(&handle_.handle), "cublasLtCreate");
    check_cuda(cudaMallocAsync(&workspace_, kWorkspace, stream_), "cudaMallocAsync");
  }
  ~Library() { cudaFreeAsync(workspace_, stream_); }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  cudaStream_t stream() const { return stream_; }

  void multiply(const Product& p) {
    if (p.m == 0 || p.n == 0) return;
    const cublasLtMatmulAlgo_t& algorithm = algorithm_for(p);
    const Problem problem(p, p.m);
    const float one = 1, beta = p.residual != nullptr ? 1 : 0;
    const float* residual = p.residual != nullptr ? p.residual : p.out;
    check_cublas(cublasLtMatmul(handle_.handle, problem.operation.handle, &one, p.b, problem.b.handle, p.a,
                                problem.a.handle, &beta, residual, problem.out.handle, p.out, problem.out.handle,
                                &algorithm, workspace_, kWorkspace, stream_), "cublasLtMatmul");
  }

 private:
  using Key = std::tuple<int64_t, int64_t, px_dtype, bool, bool, uint32_t>;

  // What varies from call to call, rows or, where a lies by k, terms, is none of the key.
  const cublasLtMatmulAlgo_t& algorithm_for(const Product& p) {
    const Key key{p.n, p.a_by_k ? p.m : p.k, p.dtype, p.a_by_k, p.b_by_k, alignment_of(p)};
    const auto found = algorithms_.find(key);
    return found != algorithms_.end() ? found->second : algorithms_[key] = choose(p);
  }

  cublasLtMatmulAlgo_t choose(const Product& p) {
    Product asked = p;
    (p.a_by_k ? asked.k : asked.m) = kRows;
    const Problem problem(asked, asked.m);
    Preference preference;
    check_cublas(cublasLtMatmulPreferenceCreate(&preference.handle), "cublasLtMatmulPreferenceCreate");
    const uint32_t none = CUBLASLT_REDUCTION_SCHEME_NONE, alignment = alignment_of(p);
    set_preference(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &kWorkspace, sizeof kWorkspace);
    set_preference(preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, &none, sizeof none);
    for (const auto which : {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
                             CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES})
      set_preference(preference, which, &alignment, sizeof alignment);
    std::array<cublasLtMatmulHeuristicResult_t, kAsked> results{};
    int count = 0;
    check_cublas(cublasLtMatmulAlgoGetHeuristic(handle_.handle, problem.operation.handle, problem.b.handle,
                                                problem.a.handle, problem.out.handle, problem.out.handle,
                                                preference.handle, kAsked, results.data(), &count),
                 "cublasLtMatmulAlgoGetHeuristic");
    for (int i = 0; i < count; ++i) {
      const cublasLtMatmulHeuristicResult_t& result = results[static_cast<size_t>(i)];
      if (result.state == CUBLAS_STATUS_SUCCESS && !splits_along_k(result.algo)) return result.algo;
    }
    fail(PX_UNSUPPORTED, "cuBLAS: no algorithm without splits along k for n ", p.n, ", k ", p.k,
         "; take device 0, the CPU, for this model");
  }

  cudaStream_t stream_;
  Handle handle_;
  void* workspace_ = nullptr;
  std::map<Key, cublasLtMatmulAlgo_t> algorithms_;
};

// To be shown on hardware.
const bool Products::kKeepsRows = false;

Products::Products(cudaStream_t stream) : library_(std::make_unique<Library>(stream)) {}
Products::~Products() = default;
cudaStream_t Products::stream() const { return library_->stream(); }
void Products::multiply(const Product& product) { library_->multiply(product); }

}  // namespace px::cuda
