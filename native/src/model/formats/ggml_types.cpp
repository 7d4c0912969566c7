#include "model/formats/ggml_types.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "base/float16.h"

namespace px {
namespace {

constexpr int64_t kSmallBlock = 32;
constexpr int64_t kSuperBlock = 256;

// The levels of IQ4_NL and IQ4_XS.
constexpr std::array<float, 16> kNonLinear = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

const uint8_t* bytes_at(const std::byte* block, int64_t offset) {
  return reinterpret_cast<const uint8_t*>(block) + offset;
}

template <class Number>
Number read_at(const std::byte* block, int64_t offset) {
  Number number;
  std::memcpy(&number, block + offset, sizeof number);
  return number;
}

template <class Number>
void write_at(std::byte* block, int64_t offset, Number number) {
  std::memcpy(block + offset, &number, sizeof number);
}

float half_at(const std::byte* block, int64_t offset) { return from_f16(read_at<uint16_t>(block, offset)); }

float as_float(int value) { return static_cast<float>(value); }

// --- one number a block ---

void decode_f32(const std::byte* block, float* y) { y[0] = read_at<float>(block, 0); }
void decode_f16(const std::byte* block, float* y) { y[0] = half_at(block, 0); }
void decode_bf16(const std::byte* block, float* y) { y[0] = from_bf16(read_at<uint16_t>(block, 0)); }

void encode_f32(const float* x, std::byte* block) { write_at(block, 0, x[0]); }
void encode_f16(const float* x, std::byte* block) { write_at(block, 0, to_f16(x[0])); }
void encode_bf16(const float* x, std::byte* block) { write_at(block, 0, to_bf16(x[0])); }

// --- 32 numbers a block: low nibbles are the first half, high ones the second ---

void decode_q4_0(const std::byte* block, float* y) {
  const float d = half_at(block, 0);
  const uint8_t* q = bytes_at(block, 2);
  for (int j = 0; j < 16; ++j) {
    y[j] = as_float((q[j] & 0xf) - 8) * d;
    y[j + 16] = as_float((q[j] >> 4) - 8) * d;
  }
}

void decode_q4_1(const std::byte* block, float* y) {
  const float d = half_at(block, 0);
  const float m = half_at(block, 2);
  const uint8_t* q = bytes_at(block, 4);
  for (int j = 0; j < 16; ++j) {
    y[j] = as_float(q[j] & 0xf) * d + m;
    y[j + 16] = as_float(q[j] >> 4) * d + m;
  }
}

int fifth_bit(uint32_t high, int index) { return static_cast<int>((high >> index) & 1u) << 4; }

void decode_q5_0(const std::byte* block, float* y) {
  const float d = half_at(block, 0);
  const auto high = read_at<uint32_t>(block, 2);
  const uint8_t* q = bytes_at(block, 6);
  for (int j = 0; j < 16; ++j) {
    y[j] = as_float(((q[j] & 0xf) | fifth_bit(high, j)) - 16) * d;
    y[j + 16] = as_float(((q[j] >> 4) | fifth_bit(high, j + 16)) - 16) * d;
  }
}

void decode_q5_1(const std::byte* block, float* y) {
  const float d = half_at(block, 0);
  const float m = half_at(block, 2);
  const auto high = read_at<uint32_t>(block, 4);
  const uint8_t* q = bytes_at(block, 8);
  for (int j = 0; j < 16; ++j) {
    y[j] = as_float((q[j] & 0xf) | fifth_bit(high, j)) * d + m;
    y[j + 16] = as_float((q[j] >> 4) | fifth_bit(high, j + 16)) * d + m;
  }
}

void decode_q8_0(const std::byte* block, float* y) {
  const float d = half_at(block, 0);
  for (int j = 0; j < 32; ++j) y[j] = as_float(read_at<int8_t>(block, 2 + j)) * d;
}

// NUMERICS: as ggml's reference has it: numbers are divided by the scale before that is rounded to half precision, and
// rounded to the nearest integer, halves away from zero.
void encode_q8_0(const float* x, std::byte* block) {
  float largest = 0.0f;
  for (int j = 0; j < 32; ++j) largest = std::max(largest, std::fabs(x[j]));
  const float d = largest / 127.0f;
  const float inverse = d > 0.0f ? 1.0f / d : 0.0f;
  write_at(block, 0, to_f16(d));
  for (int j = 0; j < 32; ++j)
    write_at(block, 2 + j, static_cast<int8_t>(std::clamp(std::round(x[j] * inverse), -127.0f, 127.0f)));
}

void decode_iq4_nl(const std::byte* block, float* y) {
  const float d = half_at(block, 0);
  const uint8_t* q = bytes_at(block, 2);
  for (int j = 0; j < 16; ++j) {
    y[j] = d * kNonLinear[q[j] & 0xf];
    y[j + 16] = d * kNonLinear[q[j] >> 4];
  }
}

// --- 256 numbers a block, in groups with scales of their own ---

void decode_q2_k(const std::byte* block, float* y) {
  const uint8_t* scales = bytes_at(block, 0);
  const uint8_t* q = bytes_at(block, 16);
  const float d = half_at(block, 80);
  const float dmin = half_at(block, 82);
  for (int group = 0; group < 16; ++group) {  // 16 numbers: 8 groups of each 32 bytes
    const uint8_t* from = q + group / 8 * 32 + group % 2 * 16;
    const int shift = group % 8 / 2 * 2;
    const float scale = d * as_float(scales[group] & 0xf);
    const float offset = dmin * as_float(scales[group] >> 4);
    for (int l = 0; l < 16; ++l) *y++ = scale * as_float((from[l] >> shift) & 3) - offset;
  }
}

// 16 scales of 6 bits: the low four in nibbles of 8 bytes, the high two in 4 bytes more.
int q3_k_scale(const uint8_t* scales, int group) {
  const int low = group < 8 ? scales[group] & 0xf : scales[group - 8] >> 4;
  const int high = (scales[8 + group % 4] >> (2 * (group / 4))) & 3;
  return (low | high << 4) - 32;
}

void decode_q3_k(const std::byte* block, float* y) {
  const uint8_t* mask = bytes_at(block, 0);
  const uint8_t* q = bytes_at(block, 32);
  const uint8_t* scales = bytes_at(block, 96);
  const float d = half_at(block, 108);
  for (int group = 0; group < 16; ++group) {
    const int start = group % 2 * 16;
    const uint8_t* from = q + group / 8 * 32 + start;
    const int shift = group % 8 / 2 * 2;
    const float scale = d * as_float(q3_k_scale(scales, group));
    for (int l = 0; l < 16; ++l) {
      const bool high = ((mask[start + l] >> (group / 2)) & 1) != 0;
      *y++ = scale * as_float(((from[l] >> shift) & 3) - (high ? 0 : 4));
    }
  }
}

// Scales and offsets of Q4_K and Q5_K: 8 pairs of 6 bits in 12 bytes.
struct ScaleAndOffset {
  float scale;
  float offset;
};

ScaleAndOffset k_scale(const uint8_t* s, int group, float d, float dmin) {
  const int scale = group < 4 ? s[group] & 63 : (s[group + 4] & 0xf) | (s[group - 4] >> 6 << 4);
  const int offset = group < 4 ? s[group + 4] & 63 : (s[group + 4] >> 4) | (s[group] >> 6 << 4);
  return {d * as_float(scale), dmin * as_float(offset)};
}

void decode_q4_k(const std::byte* block, float* y) {
  const float d = half_at(block, 0);
  const float dmin = half_at(block, 2);
  const uint8_t* q = bytes_at(block, 16);
  for (int group = 0; group < 8; ++group) {
    const ScaleAndOffset k = k_scale(bytes_at(block, 4), group, d, dmin);
    const uint8_t* from = q + group / 2 * 32;
    const int shift = group % 2 * 4;
    for (int l = 0; l < 32; ++l) *y++ = k.scale * as_float((from[l] >> shift) & 0xf) - k.offset;
  }
}

void decode_q5_k(const std::byte* block, float* y) {
  const float d = half_at(block, 0);
  const float dmin = half_at(block, 2);
  const uint8_t* high = bytes_at(block, 16);
  const uint8_t* q = bytes_at(block, 48);
  for (int group = 0; group < 8; ++group) {
    const ScaleAndOffset k = k_scale(bytes_at(block, 4), group, d, dmin);
    const uint8_t* from = q + group / 2 * 32;
    const int shift = group % 2 * 4;
    for (int l = 0; l < 32; ++l) {
      const int number = ((from[l] >> shift) & 0xf) | (((high[l] >> group) & 1) << 4);
      *y++ = k.scale * as_float(number) - k.offset;
    }
  }
}

void decode_q6_k(const std::byte* block, float* y) {
  const float d = half_at(block, 208);
  for (int group = 0; group < 16; ++group) {  // 16 numbers each
    const int half = group / 8;
    const int quarter = group % 8 / 2;  // 32 numbers: two low nibbles, then two high ones
    const int start = group % 2 * 16;
    const uint8_t* low = bytes_at(block, half * 64 + quarter % 2 * 32 + start);
    const uint8_t* high = bytes_at(block, 128 + half * 32 + start);
    const float scale = d * as_float(read_at<int8_t>(block, 192 + group));
    for (int l = 0; l < 16; ++l) {
      const int nibble = (low[l] >> (quarter / 2 * 4)) & 0xf;
      const int number = (nibble | ((high[l] >> (quarter * 2)) & 3) << 4) - 32;
      *y++ = scale * as_float(number);
    }
  }
}

void decode_iq4_xs(const std::byte* block, float* y) {
  const float d = half_at(block, 0);
  const auto high = read_at<uint16_t>(block, 2);
  const uint8_t* low = bytes_at(block, 4);
  for (int group = 0; group < 8; ++group) {
    const int scale = ((low[group / 2] >> (group % 2 * 4)) & 0xf) | ((high >> (2 * group)) & 3) << 4;
    const float dl = d * as_float(scale - 32);
    const uint8_t* q = bytes_at(block, 8 + group * 16);
    for (int j = 0; j < 16; ++j) {
      y[group * 32 + j] = dl * kNonLinear[q[j] & 0xf];
      y[group * 32 + j + 16] = dl * kNonLinear[q[j] >> 4];
    }
  }
}

void decode_tq2_0(const std::byte* block, float* y) {
  const float d = half_at(block, 64);
  for (int half = 0; half < 2; ++half)
    for (int shift = 0; shift < 8; shift += 2)
      for (int m = 0; m < 32; ++m) *y++ = as_float(((bytes_at(block, half * 32)[m] >> shift) & 3) - 1) * d;
}

constexpr std::array kTypes = {
    GgmlType{0, "F32", 1, 4, decode_f32, encode_f32},
    GgmlType{1, "F16", 1, 2, decode_f16, encode_f16},
    GgmlType{2, "Q4_0", kSmallBlock, 18, decode_q4_0},
    GgmlType{3, "Q4_1", kSmallBlock, 20, decode_q4_1},
    GgmlType{6, "Q5_0", kSmallBlock, 22, decode_q5_0},
    GgmlType{7, "Q5_1", kSmallBlock, 24, decode_q5_1},
    GgmlType{8, "Q8_0", kSmallBlock, 34, decode_q8_0, encode_q8_0},
    GgmlType{9, "Q8_1", kSmallBlock, 36, nullptr},
    GgmlType{10, "Q2_K", kSuperBlock, 84, decode_q2_k},
    GgmlType{11, "Q3_K", kSuperBlock, 110, decode_q3_k},
    GgmlType{12, "Q4_K", kSuperBlock, 144, decode_q4_k},
    GgmlType{13, "Q5_K", kSuperBlock, 176, decode_q5_k},
    GgmlType{14, "Q6_K", kSuperBlock, 210, decode_q6_k},
    GgmlType{15, "Q8_K", kSuperBlock, 292, nullptr},
    GgmlType{16, "IQ2_XXS", kSuperBlock, 66, nullptr},
    GgmlType{17, "IQ2_XS", kSuperBlock, 74, nullptr},
    GgmlType{18, "IQ3_XXS", kSuperBlock, 98, nullptr},
    GgmlType{19, "IQ1_S", kSuperBlock, 50, nullptr},
    GgmlType{20, "IQ4_NL", kSmallBlock, 18, decode_iq4_nl},
    GgmlType{21, "IQ3_S", kSuperBlock, 110, nullptr},
    GgmlType{22, "IQ2_S", kSuperBlock, 82, nullptr},
    GgmlType{23, "IQ4_XS", kSuperBlock, 136, decode_iq4_xs},
    GgmlType{24, "I8", 1, 1, nullptr},
    GgmlType{25, "I16", 1, 2, nullptr},
    GgmlType{26, "I32", 1, 4, nullptr},
    GgmlType{27, "I64", 1, 8, nullptr},
    GgmlType{28, "F64", 1, 8, nullptr},
    GgmlType{29, "IQ1_M", kSuperBlock, 56, nullptr},
    GgmlType{30, "BF16", 1, 2, decode_bf16, encode_bf16},
    GgmlType{34, "TQ1_0", kSuperBlock, 54, nullptr},
    GgmlType{35, "TQ2_0", kSuperBlock, 66, decode_tq2_0},
    GgmlType{39, "MXFP4", kSmallBlock, 17, nullptr},
};

}  // namespace

const GgmlType* find_ggml_type(uint32_t id) {
  for (const GgmlType& type : kTypes)
    if (type.id == id) return &type;
  return nullptr;
}

void decode_ggml(const GgmlType& type, std::span<const std::byte> data, std::span<float> values) {
  const int64_t blocks = static_cast<int64_t>(values.size()) / type.block;
  check(type.decode != nullptr && blocks * type.block == static_cast<int64_t>(values.size()) &&
            blocks * type.block_bytes == static_cast<int64_t>(data.size()),
        PX_INTERNAL, "decode_ggml: ", values.size(), " numbers of ", type.name, " in ", data.size(), " bytes");
  for (int64_t i = 0; i < blocks; ++i) type.decode(data.data() + i * type.block_bytes, values.data() + i * type.block);
}


void encode_ggml(const GgmlType& type, std::span<const float> values, std::span<std::byte> data) {
  const int64_t blocks = static_cast<int64_t>(values.size()) / type.block;
  check(type.encode != nullptr && blocks * type.block == static_cast<int64_t>(values.size()) &&
            blocks * type.block_bytes == static_cast<int64_t>(data.size()),
        PX_INTERNAL, "encode_ggml: ", values.size(), " numbers of ", type.name, " in ", data.size(), " bytes");
  for (int64_t i = 0; i < blocks; ++i) type.encode(values.data() + i * type.block, data.data() + i * type.block_bytes);
}

}  // namespace px
