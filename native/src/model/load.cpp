#include <filesystem>

#include "base/error.h"
#include "model/formats/gguf_load.h"
#include "model/formats/huggingface.h"
#include "model/formats/llama2c.h"
#include "model/formats/mapped_file.h"
#include "model/formats/pickle.h"

namespace px {

std::shared_ptr<Weights> load_weights(const std::shared_ptr<Engine>& engine, const std::string& path) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status))
    fail_io(path, "expected a model folder (config.json and safetensors), a .gguf file or a llama2.c .bin file",
            error.value());
  if (std::filesystem::is_directory(status)) {
    const std::optional<std::string> gguf = gguf_of_folder(path);
    return gguf ? load_gguf(engine, *gguf) : load_huggingface(engine, path);
  }
  if (path.ends_with(".gguf")) return load_gguf(engine, path);
  const bool llama2c = path.ends_with(".bin");
  if (llama2c || path.ends_with(".pt") || path.ends_with(".pth") || path.ends_with(".ckpt"))
    if (is_pickle(MappedFile(path).bytes())) fail_pickle(path);
  check(llama2c, PX_UNSUPPORTED, path,
        ": this version reads model folders, .gguf files and llama2.c .bin files; give the folder that holds config.json");
  return load_llama2c(engine, path);
}

}  // namespace px
