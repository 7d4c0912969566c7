// A px_batch as the backends read it.
#pragma once

#include <vector>

#include "abi/guard.h"
#include "base/backend.h"
#include "model/descriptor.h"

namespace px::abi {

// Checks a caller's batch against a model and fills in its defaults. Borrows the caller's arrays.
class CheckedBatch {
 public:
  CheckedBatch(const px_batch* batch, const Descriptor& descriptor);
  CheckedBatch(const CheckedBatch&) = delete;
  CheckedBatch& operator=(const CheckedBatch&) = delete;

  const Batch& batch() const { return batch_; }

 private:
  Batch batch_;
  std::vector<int32_t> positions_;  // when the caller gives none
};

}  // namespace px::abi
