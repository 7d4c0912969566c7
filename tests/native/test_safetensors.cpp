// The safetensors reader against honest, lying and damaged files.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>

#include "base/error.h"
#include "model/formats/atomic_file.h"
#include "model/formats/mapped_file.h"
#include "model/formats/safetensors.h"
#include "model_files.h"

namespace {

using namespace px;
using namespace px::testing;

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

TensorTable parse(const std::string& file) { return parse_safetensors(bytes_of(file), "m.safetensors"); }

// The status and text of what `body` throws; PX_OK when it does not.
std::pair<px_status, std::string> failure(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return {error.status(), error.message()};
  }
  return {PX_OK, ""};
}

void expect_corrupt(const std::string& file, const std::string& what, px_status status = PX_CORRUPT_DATA) {
  const auto [got, message] = failure([&] { parse(file); });
  EXPECT_EQ(got, status) << message << "\n" << what;
  EXPECT_NE(message.find("m.safetensors"), std::string::npos) << message;
  EXPECT_NE(message.find(what), std::string::npos) << message;
}

std::string entry(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

TEST(Safetensors, ReadsNamesShapesAndData) {
  // The table's views point into the file.
  const std::string file = safetensors({{"a", {{2, 2}, {1, 2, 3, 4}}}, {"b", {{1}, {5}}}, {"none", {{0, 3}, {}}}});
  const auto table = parse(file);
  ASSERT_EQ(table.size(), 3u);
  EXPECT_EQ(table.at("a").shape, (std::vector<int64_t>{2, 2}));
  float values[4];
  read_floats(table.at("a"), "f", "a", values);
  EXPECT_EQ(values[3], 4.0f);
  read_floats(table.at("b"), "f", "b", values);
  EXPECT_EQ(values[0], 5.0f);
  EXPECT_TRUE(table.at("none").data.empty());
}

TEST(Safetensors, ReadsUnalignedDataOf16Bits) {
  std::string data;
  for (const uint16_t bits : std::initializer_list<uint16_t>{0x3f80, 0xc000}) append(data, bits);  // bf16 1, -2
  for (const uint16_t bits : std::initializer_list<uint16_t>{0x3c00, 0x0001}) append(data, bits);  // f16 1, 2^-24
  std::string header = "{\"b\":" + entry("BF16", "[2]", "[0,4]") + ",\"h\":" + entry("F16", "[2]", "[4,8]") + "}";
  header.resize(header.size() + (header.size() % 2 == 0 ? 1 : 0), ' ');  // odd: nothing after it is aligned
  const std::string file = safetensors(header, data);
  const auto table = parse(file);
  float values[2];
  read_floats(table.at("b"), "f", "b", values);
  EXPECT_EQ(values[0], 1.0f);
  EXPECT_EQ(values[1], -2.0f);
  read_floats(table.at("h"), "f", "h", values);
  EXPECT_EQ(values[0], 1.0f);
  EXPECT_EQ(values[1], 0x1p-24f);
}

TEST(Safetensors, RefusesHeadersThatLieAboutTheirLength) {
  expect_corrupt("1234567", "7 bytes");
  std::string file = safetensors("{}", "");
  for (const uint64_t length : {uint64_t{3}, uint64_t{1} << 32, ~uint64_t{0}, ~uint64_t{0} - 7}) {
    std::memcpy(file.data(), &length, sizeof length);
    expect_corrupt(file, std::to_string(length));
  }
  expect_corrupt(safetensors("", ""), "byte 1");
}

TEST(Safetensors, RefusesHeadersThatAreNoHeader) {
  expect_corrupt(safetensors("[]", ""), "expected a JSON object, got []");
  expect_corrupt(safetensors("{\"a\":", ""), "byte 6");
  expect_corrupt(safetensors("{} {}", ""), "byte 4");
  expect_corrupt(safetensors("{\"\xff\":1}", ""), "UTF-8");
  expect_corrupt(safetensors("{\"a\":1e999}", ""), "64 bits");
  expect_corrupt(safetensors("{\"a\":" + std::string(100000, '['), ""), "64 levels");
  expect_corrupt(safetensors("{\"__metadata__\":{\"format\":1}}", ""), "__metadata__");
  const std::string a = entry("F32", "[1]", "[0,4]");
  expect_corrupt(safetensors("{\"a\":" + a + ",\"a\":" + a + "}", "1234"), "'a' stands twice");
  expect_corrupt(safetensors("{\"" + std::string(300, 'n') + "\":" + a + "}", "1234"), "name of 300 bytes");
}

TEST(Safetensors, RefusesEntriesThatMakeNoSense) {
  const auto with = [](const std::string& value) { return safetensors("{\"a\":" + value + "}", "12345678"); };
  expect_corrupt(with("7"), "tensor 'a'");
  expect_corrupt(with(R"({"dtype":"F32","shape":[2]})"), "tensor 'a'");
  expect_corrupt(with(R"({"dtype":"F32","shape":[2],"offsets":[0,8]})"), "'data_offsets' is missing");
  expect_corrupt(with(R"({"dtype":4,"shape":[2],"data_offsets":[0,8]})"), "dtype: expected a text, got 4");
  expect_corrupt(with(entry("F4", "[2]", "[0,8]")), "dtype 'F4'", PX_UNSUPPORTED);
  expect_corrupt(with(entry("F32", "2", "[0,8]")), "shape: expected a list");
  expect_corrupt(with(entry("F32", "[1,1,1,1,1,1,1,1,2]", "[0,8]")), "at most 8 sizes");
  for (const char* shape : {"[-2]", "[2.0]", "[\"2\"]", "[null]", "[18446744073709551615]", "[9223372036854775808]"})
    expect_corrupt(with(entry("F32", shape, "[0,8]")), "shape: expected sizes");
  expect_corrupt(with(entry("F32", "[4294967296,4294967296]", "[0,8]")), "beyond what a file can hold");
  // 2^62 * 4 bytes wraps round to 0.
  expect_corrupt(with(entry("F32", "[4611686018427387904]", "[0,0]")), "beyond what a file can hold");
  for (const char* offsets :
       {"[8,0]", "[0,9]", "[0]", "[0,4,8]", "[-4,4]", "[0,8.0]", "{}", "[0,18446744073709551615]"})
    expect_corrupt(with(entry("F32", "[2]", offsets)), "data_offsets: expected");
  expect_corrupt(with(entry("F32", "[3]", "[0,8]")), "takes 12 bytes, data_offsets give 8");
  expect_corrupt(with(entry("BF16", "[2]", "[0,8]")), "takes 4 bytes, data_offsets give 8");
}

TEST(Safetensors, RefusesHolesOverlapsAndBytesLeftOver) {
  const auto two = [](const std::string& first, const std::string& second) {
    return safetensors("{\"a\":" + entry("F32", "[1]", first) + ",\"b\":" + entry("F32", "[1]", second) + "}",
                       std::string(12, '\0'));
  };
  expect_corrupt(two("[0,4]", "[8,12]"), "'b' begins at byte 8 of the data, expected 4 (tensors leave a hole)");
  expect_corrupt(two("[0,4]", "[2,6]"), "'b' begins at byte 2 of the data, expected 4 (tensors overlap)");
  expect_corrupt(two("[0,4]", "[0,4]"), "overlap");
  expect_corrupt(two("[4,8]", "[8,12]"), "'a' begins at byte 4 of the data, expected 0");
  expect_corrupt(two("[0,4]", "[4,8]"), "end at byte 8 of the data, which has 12");
  expect_corrupt(safetensors("{}", "x"), "end at byte 0 of the data, which has 1");
}

TEST(Safetensors, NamesTheTensorAndPlaceOfNanAndInf) {
  for (const float bad : {NAN, INFINITY, -INFINITY}) {
    const std::string file = safetensors({{"w", {{2, 2}, {1, 2, bad, 4}}}});
    float values[4];
    const auto [status, message] = failure([&] { read_floats(parse(file).at("w"), "m.safetensors", "w", values); });
    EXPECT_EQ(status, PX_NOT_FINITE);
    EXPECT_NE(message.find("m.safetensors: tensor 'w': element 2 of [2, 2] is "), std::string::npos) << message;
  }
}

TEST(Safetensors, RefusesNumbersOfOtherTypesByName) {
  const std::string file = safetensors("{\"w\":" + entry("F64", "[1]", "[0,8]") + "}", "12345678");
  float value;
  const auto [status, message] = failure([&] { read_floats(parse(file).at("w"), "m", "w", &value); });
  EXPECT_EQ(status, PX_UNSUPPORTED);
  EXPECT_NE(message.find("F64"), std::string::npos) << message;
}

TEST(Safetensors, WritesWhatItReads) {
  const TemporaryFolder folder;
  const std::vector<float> a{1.0f, -2.5f, 0x1p-149f, 3.4e38f, 0.0f, -0.0f};
  const std::vector<float> b{7.0f};
  const TensorSource sources[] = {{"a", {2, 3}, a}, {"b", {1}, b}};
  AtomicFile file(folder.path("m.safetensors"));
  write_safetensors(file, sources, PX_DTYPE_F32);
  file.finish();
  EXPECT_FALSE(std::filesystem::exists(folder.path("m.safetensors")));
  file.commit();

  const MappedFile mapped(folder.path("m.safetensors"));
  const auto table = parse_safetensors(mapped.bytes(), mapped.path());
  ASSERT_EQ(table.at("a").data.size(), a.size() * sizeof(float));
  EXPECT_EQ(std::memcmp(table.at("a").data.data(), a.data(), a.size() * sizeof(float)), 0);
  EXPECT_EQ(table.at("a").shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(reinterpret_cast<uintptr_t>(table.at("a").data.data()) % 8, 0u);
  // What transformers wants to see before it reads a file.
  EXPECT_NE(read_file(mapped.path()).find(R"("__metadata__":{"format":"pt"})"), std::string::npos);
}

TEST(Safetensors, RefusesToWriteWhatTheTypeCannotHold) {
  const TemporaryFolder folder;
  const auto write = [&](float value, px_dtype dtype) {
    return failure([&] {
      const std::vector<float> values{1.0f, value};
      const TensorSource sources[] = {{"w", {2}, values}};
      AtomicFile file(folder.path("m.safetensors"));
      write_safetensors(file, sources, dtype);
    });
  };
  for (const px_dtype dtype : {PX_DTYPE_F32, PX_DTYPE_BF16, PX_DTYPE_F16})
    EXPECT_EQ(write(NAN, dtype).first, PX_NOT_FINITE);
  EXPECT_EQ(write(65519.0f, PX_DTYPE_F16).first, PX_OK);
  const auto [status, message] = write(65520.0f, PX_DTYPE_F16);
  EXPECT_EQ(status, PX_NOT_FINITE);
  EXPECT_EQ(message, "tensor 'w': element 1 is 65520, expected a finite number of F16; save as bf16 or fp32");
  EXPECT_EQ(write(3.4e38f, PX_DTYPE_BF16).first, PX_NOT_FINITE);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path(""))) << "a failed write left something behind";
}

// Damage never does worse than throw: what is still accepted keeps within the file's memory (the sanitizers watch).
TEST(Safetensors, SurvivesDamage) {
  const std::string file = safetensors({{"a", {{3, 5}, std::vector<float>(15, 1.0f)}},
                                        {"b", {{2}, {1, 2}}},
                                        {"model.norm.weight", {{4}, {1, 2, 3, 4}}}});
  std::mt19937 random(1);
  int refused = 0;
  for (int i = 0; i < 4000; ++i) {
    const std::string damaged = mutated(file, random);
    const auto exact = std::make_unique<std::byte[]>(damaged.size());  // so that a read past the end is seen
    std::memcpy(exact.get(), damaged.data(), damaged.size());
    const auto [status, message] = failure([&] {
      for (const auto& [name, tensor] : parse_safetensors({exact.get(), damaged.size()}, "m")) {
        std::vector<float> values(tensor.data.size());
        read_floats(tensor, "m", name, values.data());
      }
    });
    ASSERT_TRUE(status == PX_OK || status == PX_CORRUPT_DATA || status == PX_UNSUPPORTED || status == PX_NOT_FINITE)
        << message;
    refused += status == PX_OK ? 0 : 1;
  }
  EXPECT_GT(refused, 2000);
}

TEST(MappedFile, SaysWhatIsWrongWithAPath) {
  const TemporaryFolder folder;
  write_file(folder.path("empty"), "");
  EXPECT_EQ(failure([&] { MappedFile(folder.path("none")); }),
            std::pair(PX_IO, folder.path("none") + ": cannot be opened: No such file or directory"));
  EXPECT_EQ(failure([&] { MappedFile(folder.path("")); }).first, PX_IO);
  EXPECT_EQ(failure([&] { MappedFile("/dev/null"); }).first, PX_IO);
  EXPECT_EQ(failure([&] { MappedFile(folder.path("empty")); }).first, PX_CORRUPT_DATA);
}

TEST(AtomicFile, KeepsTheOldFileUntilItIsCommitted) {
  const TemporaryFolder folder;
  const std::string path = folder.path("f");
  write_file(path, "old");
  {
    AtomicFile file(path);
    file.write(bytes_of("new"));
    file.finish();
    EXPECT_EQ(read_file(path), "old");
  }
  EXPECT_EQ(read_file(path), "old");
  AtomicFile file(path);
  const std::string large(3'000'000, 'x');
  file.write(bytes_of(large));
  file.finish();
  file.commit();
  EXPECT_EQ(read_file(path), large);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path("")), {}), 1);
  const auto [status, message] = failure([&] { AtomicFile(folder.path("none/f")); });
  EXPECT_EQ(status, PX_IO);
  EXPECT_EQ(message, folder.path("none/f") + ": cannot be written: No such file or directory");
}

}  // namespace
