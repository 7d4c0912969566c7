#include "model/formats/pickle.h"

#include "base/error.h"

namespace px {

bool is_pickle(std::span<const std::byte> bytes) {
  if (bytes.size() < 4) return false;
  const auto byte = [&](size_t i) { return std::to_integer<unsigned>(bytes[i]); };
  const bool zip = byte(0) == 'P' && byte(1) == 'K' && byte(2) == 3 && byte(3) == 4;
  // Protocols 2 to 5 and an opcode. A llama2.c file of width 640 begins alike, but its third byte is 0 or 1.
  return zip || (byte(0) == 0x80 && byte(1) >= 2 && byte(1) <= 5 && byte(2) > 1);
}

void fail_pickle(const std::string& path) {
  fail(PX_UNSUPPORTED, path,
       ": PyTorch's pickle files are not read, because loading one can run code that it contains; save the model as "
       "safetensors where you trust it: AutoModelForCausalLM.from_pretrained(...).save_pretrained(folder, "
       "safe_serialization=True)");
}

}  // namespace px
