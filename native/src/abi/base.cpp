#include "proximal/base.h"

#include "abi/guard.h"
#include "base/handle.h"
#include "proximal/proximal.h"

extern "C" {

int32_t px_abi_version(void) { return PX_ABI_VERSION; }

uint32_t px_abi_sizeof(int32_t struct_id) {
  switch (struct_id) {
    case PX_STRUCT_ENGINE_OPTIONS: return sizeof(px_engine_options);
    case PX_STRUCT_MEMORY_STATS: return sizeof(px_memory_stats);
    case PX_STRUCT_LOAD_OPTIONS: return sizeof(px_load_options);
    case PX_STRUCT_MODEL_OPTIONS: return sizeof(px_model_options);
    case PX_STRUCT_MODEL_INFO: return sizeof(px_model_info);
    case PX_STRUCT_TENSOR_INFO: return sizeof(px_tensor_info);
    case PX_STRUCT_SAVE_OPTIONS: return sizeof(px_save_options);
    case PX_STRUCT_BATCH: return sizeof(px_batch);
    case PX_STRUCT_SCORE_ARGS: return sizeof(px_score_args);
    case PX_STRUCT_TRAINER_OPTIONS: return sizeof(px_trainer_options);
    case PX_STRUCT_OBJECTIVE: return sizeof(px_objective);
    case PX_STRUCT_OBJECTIVE_METRICS: return sizeof(px_objective_metrics);
    case PX_STRUCT_STEP_ARGS: return sizeof(px_step_args);
    case PX_STRUCT_STEP_RESULT: return sizeof(px_step_result);
    case PX_STRUCT_GENERATOR_OPTIONS: return sizeof(px_generator_options);
    case PX_STRUCT_GENERATE_REQUEST: return sizeof(px_generate_request);
    case PX_STRUCT_GENERATION_EVENT: return sizeof(px_generation_event);
    case PX_STRUCT_KL_ARGS: return sizeof(px_kl_args);
    case PX_STRUCT_REWARD_ARGS: return sizeof(px_reward_args);
    case PX_STRUCT_GAE_ARGS: return sizeof(px_gae_args);
    case PX_STRUCT_MOMENTS: return sizeof(px_moments);
    case PX_STRUCT_POLICY_LOSS_ARGS: return sizeof(px_policy_loss_args);
    case PX_STRUCT_POLICY_METRICS: return sizeof(px_policy_metrics);
    case PX_STRUCT_VALUE_LOSS_ARGS: return sizeof(px_value_loss_args);
    case PX_STRUCT_VALUE_METRICS: return sizeof(px_value_metrics);
    case PX_STRUCT_BRADLEY_TERRY_ARGS: return sizeof(px_bradley_terry_args);
    case PX_STRUCT_BRADLEY_TERRY_METRICS: return sizeof(px_bradley_terry_metrics);
    case PX_STRUCT_ADAMW_ARGS: return sizeof(px_adamw_args);
    case PX_STRUCT_SAMPLE_ARGS: return sizeof(px_sample_args);
    case PX_STRUCT_RMSNORM_ARGS: return sizeof(px_rmsnorm_args);
    case PX_STRUCT_RMSNORM_BACKWARD_ARGS: return sizeof(px_rmsnorm_backward_args);
    case PX_STRUCT_ROPE_ARGS: return sizeof(px_rope_args);
    case PX_STRUCT_ROPE_BACKWARD_ARGS: return sizeof(px_rope_backward_args);
    case PX_STRUCT_SWIGLU_ARGS: return sizeof(px_swiglu_args);
    case PX_STRUCT_SWIGLU_BACKWARD_ARGS: return sizeof(px_swiglu_backward_args);
    case PX_STRUCT_EMBEDDING_ARGS: return sizeof(px_embedding_args);
    case PX_STRUCT_EMBEDDING_BACKWARD_ARGS: return sizeof(px_embedding_backward_args);
    case PX_STRUCT_LAYERNORM_ARGS: return sizeof(px_layernorm_args);
    case PX_STRUCT_LAYERNORM_BACKWARD_ARGS: return sizeof(px_layernorm_backward_args);
    case PX_STRUCT_GELU_ARGS: return sizeof(px_gelu_args);
    case PX_STRUCT_GELU_BACKWARD_ARGS: return sizeof(px_gelu_backward_args);
    case PX_STRUCT_ATTENTION_ARGS: return sizeof(px_attention_args);
    case PX_STRUCT_ATTENTION_BACKWARD_ARGS: return sizeof(px_attention_backward_args);
    case PX_STRUCT_GEMM_PACK_ARGS: return sizeof(px_gemm_pack_args);
    case PX_STRUCT_GEMM_ARGS: return sizeof(px_gemm_args);
    case PX_STRUCT_PREFERENCE_LOSS_ARGS: return sizeof(px_preference_loss_args);
    case PX_STRUCT_PREFERENCE_METRICS: return sizeof(px_preference_metrics);
    case PX_STRUCT_GROUP_ADVANTAGE_ARGS: return sizeof(px_group_advantage_args);
    case PX_STRUCT_GROUP_METRICS: return sizeof(px_group_metrics);
    case PX_STRUCT_GGUF_OPTIONS: return sizeof(px_gguf_options);
    case PX_STRUCT_GENERATOR_COUNTS: return sizeof(px_generator_counts);
    case PX_STRUCT_HEAD_KL_ARGS: return sizeof(px_head_kl_args);
    default: return 0;
  }
}

int64_t px_version(char* buffer, int64_t capacity) { return px::abi::copy_text(PROXIMAL_VERSION, buffer, capacity); }

int64_t px_live_handles(int32_t kind) {
  if (kind < 0 || kind >= px::kHandleKinds) return -1;
  return px::live_handles[kind].load();
}

}  // extern "C"
