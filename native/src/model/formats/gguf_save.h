// Writes a model as a GGUF file, version 3, that llama.cpp loads.
#pragma once

#include <span>
#include <string>

#include "model/descriptor.h"
#include "model/formats/safetensors.h"

namespace px {

// Writes the file beside its place and renames it. Matrices have the type of the options; what has one dimension and
// learned positions are F32; matrices whose rows are no whole blocks are F16. PX_UNSUPPORTED names what GGUF cannot
// express, PX_CORRUPT_DATA and PX_INVALID_ARGUMENT what is wrong with the metadata, PX_NOT_FINITE the tensor.
void save_gguf(const std::string& path, const Descriptor& descriptor, px_head head,
               std::span<const TensorSource> tensors, const px_gguf_options& options);

}  // namespace px
