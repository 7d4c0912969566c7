#include "model/formats/llama2c.h"

#include "engine.h"
#include "fuzz_target.h"

namespace px::fuzz {
namespace {

// A whole .bin file; only one whose header fits its length is opened.
void llama2c(std::span<const std::byte> input, const std::string& folder) {
  read_llama2c_header(input, "fuzz.bin");
  write_input(folder + "/fuzz.bin", input);
  load_weights(engine(), folder + "/fuzz.bin");
}

const Registration registration({"llama2c", llama2c, {}});

}  // namespace
}  // namespace px::fuzz
