#include <cmath>

#include "base/float16.h"
#include "kernels/rope/rope.h"

namespace px::kernels {
namespace {

void store(double value, float* out, uint16_t* out_bf16, int64_t i) {
  const auto stored = static_cast<float>(value);
  if (out != nullptr) out[i] = stored;
  if (out_bf16 != nullptr) out_bf16[i] = to_bf16(stored);
}

// 1 / rms of a head.
double rstd_of(const float* head, int64_t size, double epsilon) {
  double sum = 0;
  for (int64_t i = 0; i < size; ++i) sum += double{head[i]} * head[i];
  return 1 / std::sqrt(sum / static_cast<double>(size) + epsilon);
}

}  // namespace

void rope_ref(const px_rope_args& args) {
  const int64_t half = args.head_size / 2;
  const int64_t turned = args.heads + args.kv_heads;
  for (int64_t n = 0; n < args.rows; ++n) {
    const float* cos = args.cos + args.position[n] * half;
    const float* sin = args.sin + args.position[n] * half;
    for (int64_t h = 0; h < turned + args.kv_heads; ++h) {
      const int64_t head = (n * (turned + args.kv_heads) + h) * args.head_size;
      const float* x = args.x + head;
      if (h >= turned) {
        for (int64_t i = 0; i < args.head_size; ++i) store(x[i], args.out, args.out_bf16, head + i);
        continue;
      }
      const float* weight = h < args.heads ? args.query_norm : args.key_norm;
      const double rstd = weight != nullptr ? rstd_of(x, args.head_size, args.epsilon) : 1;
      if (args.rstd != nullptr) args.rstd[n * turned + h] = static_cast<float>(rstd);
      for (int64_t i = 0; i < half; ++i) {
        const double a = x[i] * rstd * (weight != nullptr ? weight[i] : 1);
        const double b = x[i + half] * rstd * (weight != nullptr ? weight[i + half] : 1);
        store(a * cos[i] - b * sin[i], args.out, args.out_bf16, head + i);
        store(b * cos[i] + a * sin[i], args.out, args.out_bf16, head + i + half);
      }
    }
  }
}

void rope_backward_ref(const px_rope_backward_args& args) {
  const int64_t half = args.head_size / 2;
  const int64_t turned = args.heads + args.kv_heads;
  // The gradient of h[i], before it is turned; d_out is read in pairs, so that d_x may lie there.
  const auto turn_back = [&](const float* d, int64_t n, int64_t i, double& a, double& b) {
    const double c = args.cos[args.position[n] * half + i], s = args.sin[args.position[n] * half + i];
    a = d[i] * c + d[i + half] * s;
    b = d[i + half] * c - d[i] * s;
  };
  const auto head_of = [&](int64_t n, int64_t h) { return (n * (turned + args.kv_heads) + h) * args.head_size; };
  // Gradients of weights first, for the same reason.
  for (int64_t i = 0; args.d_query_norm != nullptr && i < half; ++i) {
    double sums[2][2] = {{args.d_query_norm[i], args.d_query_norm[i + half]}, {0, 0}};
    if (args.d_key_norm != nullptr) sums[1][0] = args.d_key_norm[i], sums[1][1] = args.d_key_norm[i + half];
    for (int64_t n = 0; n < args.rows; ++n)
      for (int64_t h = 0; h < turned; ++h) {
        const float* x = args.x + head_of(n, h);
        const double rstd = args.rstd[n * turned + h];
        double a, b;
        turn_back(args.d_out + head_of(n, h), n, i, a, b);
        sums[h < args.heads ? 0 : 1][0] += a * x[i] * rstd;
        sums[h < args.heads ? 0 : 1][1] += b * x[i + half] * rstd;
      }
    args.d_query_norm[i] = static_cast<float>(sums[0][0]);
    args.d_query_norm[i + half] = static_cast<float>(sums[0][1]);
    if (args.d_key_norm == nullptr) continue;
    args.d_key_norm[i] = static_cast<float>(sums[1][0]);
    args.d_key_norm[i + half] = static_cast<float>(sums[1][1]);
  }
  for (int64_t n = 0; n < args.rows; ++n)
    for (int64_t h = 0; h < turned + args.kv_heads; ++h) {
      const int64_t head = head_of(n, h);
      const float* d_out = args.d_out + head;
      if (h >= turned) {
        for (int64_t i = 0; i < args.head_size; ++i) store(d_out[i], args.d_x, args.d_x_bf16, head + i);
        continue;
      }
      const float* weight = h < args.heads ? args.query_norm : args.key_norm;
      const float* x = args.x + head;
      const double rstd = weight != nullptr ? args.rstd[n * turned + h] : 1;
      double along = 0;  // rstd^2 mean(g x) with g = w dh
      double a, b;
      for (int64_t i = 0; weight != nullptr && i < half; ++i) {
        turn_back(d_out, n, i, a, b);
        along += (a * weight[i] * x[i] + b * weight[i + half] * x[i + half]) * rstd * rstd /
                 static_cast<double>(args.head_size);
      }
      for (int64_t i = 0; i < half; ++i) {
        turn_back(d_out, n, i, a, b);
        if (weight != nullptr) {
          a = rstd * (a * weight[i] - x[i] * along);
          b = rstd * (b * weight[i + half] - x[i + half] * along);
        }
        store(a, args.d_x, args.d_x_bf16, head + i);
        store(b, args.d_x, args.d_x_bf16, head + i + half);
      }
    }
}

}  // namespace px::kernels
