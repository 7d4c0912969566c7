// The operations of a model, with the time of each: a table in front of another one.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "ops/ops.h"

namespace px::bench {

// What has to be done at least: arithmetic of products, and bytes of the arrays as they come and go.
struct OpWork {
  double flop = 0;
  double bytes = 0;
};

class Meter {
 public:
  // Forgets what was counted; counts from now on, or no more.
  void start();
  void stop() { counting_ = false; }

  template <class Body>
  auto time(const char* op, const OpWork& work, const Body& body) {
    const Timer timer(*this, op, work);
    return body();
  }

  // An array of {op, calls, seconds, flop, bytes}, the longest first; "outside" is the rest of `seconds`.
  nlohmann::json totals(double seconds) const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Totals {
    int64_t calls = 0;
    double seconds = 0;
    OpWork work;
  };
  class Timer {
   public:
    Timer(Meter& meter, const char* op, const OpWork& work)
        : meter_(meter), op_(op), work_(work), start_(meter.counting_ ? Clock::now() : Clock::time_point()) {}
    ~Timer() {
      if (meter_.counting_) meter_.add(op_, std::chrono::duration<double>(Clock::now() - start_).count(), work_);
    }
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

   private:
    Meter& meter_;
    const char* op_;
    OpWork work_;
    Clock::time_point start_;
  };

  void add(const char* op, double seconds, const OpWork& work);

  bool counting_ = false;
  std::map<std::string, Totals> totals_;
};

// `meter` outlives the table.
std::unique_ptr<Ops> timed(std::unique_ptr<Ops> ops, Meter& meter);

}  // namespace px::bench
