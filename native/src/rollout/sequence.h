// A sequence that is generated: what was asked for, and how far it is.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace px {

struct Request {
  uint64_t sample_id = 0;
  std::vector<int32_t> prompt;
  int64_t max_new_tokens = 0;  // within the model's context
  bool greedy = false;
  double temperature = 1.0;
  int64_t top_k = 0;  // 0: off, as the two below
  double top_p = 0.0;
  double min_p = 0.0;
  std::vector<int32_t> stop_tokens;
};

struct Sequence {
  explicit Sequence(Request asked)
      : request(std::move(asked)), tokens(request.prompt), prompt_count(static_cast<int64_t>(tokens.size())) {}

  int64_t generated() const { return static_cast<int64_t>(tokens.size()) - prompt_count; }

  Request request;
  std::vector<int32_t> tokens;  // the prompt and the response so far
  int64_t prompt_count;
  uint64_t arrival = 0;  // the order of submission
  int64_t slot = -1;     // -1: waits
  bool cancelled = false;
  bool ended = false;  // its last event is made, though perhaps not handed out
};

}  // namespace px
