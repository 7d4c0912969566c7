// The engine of the targets that load whole models. It needs no backend.
#pragma once

#include "model/weights.h"

namespace px::fuzz {

const std::shared_ptr<Engine>& engine();

}  // namespace px::fuzz
