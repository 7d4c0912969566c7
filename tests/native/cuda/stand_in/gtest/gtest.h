// The part of GoogleTest's interface that the tests of this folder use, with output of its form, for machines that have
// a CUDA toolkit and nothing else (PROXIMAL_CUDA_ONLY). Everywhere else the tests use GoogleTest itself.
#pragma once

#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <sstream>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace testing {

class Test {
 public:
  virtual ~Test() = default;
  virtual void SetUp() {}
  virtual void TearDown() {}
  virtual void TestBody() = 0;
};

struct Case {
  std::string name;
  std::unique_ptr<Test> (*make)();
};

inline std::vector<Case>& cases() {
  static std::vector<Case> all;
  return all;
}

inline bool failed = false, skipped = false;

template <class T>
bool add_case(const char* name) {
  cases().push_back({name, [] { return std::unique_ptr<Test>(new T); }});
  return true;
}

// What is written to it becomes the text of a failure or a skip, shown when it is assigned.
class Message {
 public:
  template <class T>
  Message& operator<<(const T& value) {
    text_ << value;
    return *this;
  }
  std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
};

struct Failure {
  const char* file;
  int line;
  std::string what;
  void operator=(const Message& message) const {
    failed = true;
    std::printf("%s:%d: Failure\n%s\n%s\n", file, line, what.c_str(), message.text().c_str());
  }
};

struct Skip {
  const char* file;
  int line;
  void operator=(const Message& message) const {
    skipped = true;
    std::printf("%s:%d: Skipped\n%s\n", file, line, message.text().c_str());
  }
};

// A comparison is true or the text of what is wrong with it.
struct Compared {
  bool holds;
  std::string what;
};

template <class T>
std::string shown(const T& value) {
  std::ostringstream text;
  if constexpr (requires { text << value; }) {
    text << value;
  } else {
    text << "a value of " << sizeof value << " bytes";
  }
  return text.str();
}

template <class A, class B, class Op>
Compared compare(const A& a, const B& b, Op op, const char* text) {
  if (op(a, b)) return {true, {}};
  return {false, std::string("Expected: ") + text + ", actual: " + shown(a) + " vs " + shown(b)};
}

inline int run_all(int argc, char** argv) {
  std::string filter;
  for (int i = 1; i < argc; ++i)
    if (std::strncmp(argv[i], "--gtest_filter=", 15) == 0) filter = argv[i] + 15;
  int failures = 0;
  for (const Case& one : cases()) {
    if (one.name.find(filter) == std::string::npos) continue;
    std::printf("[ RUN      ] %s\n", one.name.c_str());
    std::fflush(stdout);
    failed = skipped = false;
    const auto start = std::chrono::steady_clock::now();
    try {
      const auto test = one.make();
      test->SetUp();
      if (!failed && !skipped) test->TestBody();
      test->TearDown();
    } catch (const std::exception& exception) {
      Failure{__FILE__, __LINE__, std::string("threw: ") + exception.what()} = Message();
    }
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start);
    std::printf("%s %s (%lld ms)\n", failed ? "[  FAILED  ]" : skipped ? "[  SKIPPED ]" : "[       OK ]", one.name.c_str(),
                static_cast<long long>(took.count()));
    failures += failed;
  }
  std::printf("%zu tests, %d failed\n", cases().size(), failures);
  return failures != 0;
}

}  // namespace testing

#define PX_TEST_CLASS(suite, name) suite##_##name##_Test
#define PX_TEST(suite, name, parent)                                                                \
  class PX_TEST_CLASS(suite, name) : public parent {                                                \
    void TestBody() override;                                                                       \
  };                                                                                                \
  [[maybe_unused]] static const bool suite##_##name##_added =                                       \
      ::testing::add_case<PX_TEST_CLASS(suite, name)>(#suite "." #name);                            \
  void PX_TEST_CLASS(suite, name)::TestBody()
#define TEST(suite, name) PX_TEST(suite, name, ::testing::Test)
#define TEST_F(suite, name) PX_TEST(suite, name, suite)

#define PX_COMPARE(a, b, op, start)                                                                                  \
  if (const ::testing::Compared px_compared =                                                                        \
          ::testing::compare((a), (b), [](const auto& x, const auto& y) { return x op y; }, #a " " #op " " #b);      \
      px_compared.holds)                                                                                             \
    ;                                                                                                                \
  else                                                                                                               \
    start ::testing::Failure{__FILE__, __LINE__, px_compared.what} = ::testing::Message()
#define EXPECT_EQ(a, b) PX_COMPARE(a, b, ==, )
#define EXPECT_NE(a, b) PX_COMPARE(a, b, !=, )
#define EXPECT_LE(a, b) PX_COMPARE(a, b, <=, )
#define EXPECT_LT(a, b) PX_COMPARE(a, b, <, )
#define EXPECT_GE(a, b) PX_COMPARE(a, b, >=, )
#define EXPECT_GT(a, b) PX_COMPARE(a, b, >, )
#define EXPECT_TRUE(a) EXPECT_EQ(static_cast<bool>(a), true)
#define EXPECT_FALSE(a) EXPECT_EQ(static_cast<bool>(a), false)
#define ASSERT_EQ(a, b) PX_COMPARE(a, b, ==, return)
#define ASSERT_NE(a, b) PX_COMPARE(a, b, !=, return)
#define ASSERT_LE(a, b) PX_COMPARE(a, b, <=, return)
#define ASSERT_TRUE(a) ASSERT_EQ(static_cast<bool>(a), true)
#define GTEST_SKIP() return ::testing::Skip{__FILE__, __LINE__} = ::testing::Message()
