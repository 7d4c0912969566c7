/* Prints what the C compiler makes of the ABI: the size of every struct, offset and size of every field, every enum
 * value. A managed test compares it with the bindings in both directions; no generator is trusted, so the lists here
 * are kept by hand.
 */
#include <stddef.h>
#include <stdio.h>

#include "proximal/proximal.h"

#define STRUCT(type) printf("struct " #type " %zu\n", sizeof(type))
#define FIELD(type, field) \
  printf("field " #type "." #field " %zu %zu\n", offsetof(type, field), sizeof(((type*)0)->field))
#define ENUM(type) printf("enum " #type " %zu\n", sizeof(type))
#define VALUE(type, name) printf("value " #type "." #name " %lld\n", (long long)name)
#define CONSTANT(name) printf("constant " #name " %lld\n", (long long)name)

static void px_status_layout(void) {
  ENUM(px_status);
  VALUE(px_status, PX_OK);
  VALUE(px_status, PX_INVALID_ARGUMENT);
  VALUE(px_status, PX_SHAPE_MISMATCH);
  VALUE(px_status, PX_UNSUPPORTED);
  VALUE(px_status, PX_OUT_OF_MEMORY);
  VALUE(px_status, PX_DEVICE_OUT_OF_MEMORY);
  VALUE(px_status, PX_DEVICE_ERROR);
  VALUE(px_status, PX_CANCELLED);
  VALUE(px_status, PX_INVALID_STATE);
  VALUE(px_status, PX_NOT_FINITE);
  VALUE(px_status, PX_IO);
  VALUE(px_status, PX_CORRUPT_DATA);
  VALUE(px_status, PX_INTERNAL);
  VALUE(px_status, PX_ABI_MISMATCH);
}

static void px_handle_kind_layout(void) {
  ENUM(px_handle_kind);
  VALUE(px_handle_kind, PX_HANDLE_ENGINE);
  VALUE(px_handle_kind, PX_HANDLE_WEIGHTS);
  VALUE(px_handle_kind, PX_HANDLE_MODEL);
  VALUE(px_handle_kind, PX_HANDLE_TRAINER);
  VALUE(px_handle_kind, PX_HANDLE_GENERATOR);
}

static void px_struct_id_layout(void) {
  ENUM(px_struct_id);
  VALUE(px_struct_id, PX_STRUCT_ENGINE_OPTIONS);
  VALUE(px_struct_id, PX_STRUCT_MEMORY_STATS);
  VALUE(px_struct_id, PX_STRUCT_LOAD_OPTIONS);
  VALUE(px_struct_id, PX_STRUCT_MODEL_OPTIONS);
  VALUE(px_struct_id, PX_STRUCT_MODEL_INFO);
  VALUE(px_struct_id, PX_STRUCT_TENSOR_INFO);
  VALUE(px_struct_id, PX_STRUCT_SAVE_OPTIONS);
  VALUE(px_struct_id, PX_STRUCT_BATCH);
  VALUE(px_struct_id, PX_STRUCT_SCORE_ARGS);
  VALUE(px_struct_id, PX_STRUCT_TRAINER_OPTIONS);
  VALUE(px_struct_id, PX_STRUCT_OBJECTIVE);
  VALUE(px_struct_id, PX_STRUCT_OBJECTIVE_METRICS);
  VALUE(px_struct_id, PX_STRUCT_STEP_ARGS);
  VALUE(px_struct_id, PX_STRUCT_STEP_RESULT);
  VALUE(px_struct_id, PX_STRUCT_GENERATOR_OPTIONS);
  VALUE(px_struct_id, PX_STRUCT_GENERATE_REQUEST);
  VALUE(px_struct_id, PX_STRUCT_GENERATION_EVENT);
  VALUE(px_struct_id, PX_STRUCT_KL_ARGS);
  VALUE(px_struct_id, PX_STRUCT_REWARD_ARGS);
  VALUE(px_struct_id, PX_STRUCT_GAE_ARGS);
  VALUE(px_struct_id, PX_STRUCT_MOMENTS);
  VALUE(px_struct_id, PX_STRUCT_POLICY_LOSS_ARGS);
  VALUE(px_struct_id, PX_STRUCT_POLICY_METRICS);
  VALUE(px_struct_id, PX_STRUCT_VALUE_LOSS_ARGS);
  VALUE(px_struct_id, PX_STRUCT_VALUE_METRICS);
  VALUE(px_struct_id, PX_STRUCT_BRADLEY_TERRY_ARGS);
  VALUE(px_struct_id, PX_STRUCT_BRADLEY_TERRY_METRICS);
  VALUE(px_struct_id, PX_STRUCT_ADAMW_ARGS);
  VALUE(px_struct_id, PX_STRUCT_SAMPLE_ARGS);
  VALUE(px_struct_id, PX_STRUCT_RMSNORM_ARGS);
  VALUE(px_struct_id, PX_STRUCT_RMSNORM_BACKWARD_ARGS);
  VALUE(px_struct_id, PX_STRUCT_ROPE_ARGS);
  VALUE(px_struct_id, PX_STRUCT_ROPE_BACKWARD_ARGS);
  VALUE(px_struct_id, PX_STRUCT_SWIGLU_ARGS);
  VALUE(px_struct_id, PX_STRUCT_SWIGLU_BACKWARD_ARGS);
  VALUE(px_struct_id, PX_STRUCT_EMBEDDING_ARGS);
  VALUE(px_struct_id, PX_STRUCT_EMBEDDING_BACKWARD_ARGS);
  VALUE(px_struct_id, PX_STRUCT_LAYERNORM_ARGS);
  VALUE(px_struct_id, PX_STRUCT_LAYERNORM_BACKWARD_ARGS);
  VALUE(px_struct_id, PX_STRUCT_GELU_ARGS);
  VALUE(px_struct_id, PX_STRUCT_GELU_BACKWARD_ARGS);
  VALUE(px_struct_id, PX_STRUCT_ATTENTION_ARGS);
  VALUE(px_struct_id, PX_STRUCT_ATTENTION_BACKWARD_ARGS);
  VALUE(px_struct_id, PX_STRUCT_GEMM_PACK_ARGS);
  VALUE(px_struct_id, PX_STRUCT_GEMM_ARGS);
  VALUE(px_struct_id, PX_STRUCT_PREFERENCE_LOSS_ARGS);
  VALUE(px_struct_id, PX_STRUCT_PREFERENCE_METRICS);
  VALUE(px_struct_id, PX_STRUCT_GROUP_ADVANTAGE_ARGS);
  VALUE(px_struct_id, PX_STRUCT_GROUP_METRICS);
  VALUE(px_struct_id, PX_STRUCT_GGUF_OPTIONS);
  VALUE(px_struct_id, PX_STRUCT_GENERATOR_COUNTS);
  VALUE(px_struct_id, PX_STRUCT_HEAD_KL_ARGS);
}

static void px_products_layout(void) {
  ENUM(px_products);
  VALUE(px_products, PX_PRODUCTS_DEFAULT);
  VALUE(px_products, PX_PRODUCTS_F32);
  VALUE(px_products, PX_PRODUCTS_BF16);
}

static void px_backend_layout(void) {
  ENUM(px_backend);
  VALUE(px_backend, PX_BACKEND_DEFAULT);
  VALUE(px_backend, PX_BACKEND_CORE);
  VALUE(px_backend, PX_BACKEND_TORCH);
}

static void px_log_level_layout(void) {
  ENUM(px_log_level);
  VALUE(px_log_level, PX_LOG_DEBUG);
  VALUE(px_log_level, PX_LOG_INFO);
  VALUE(px_log_level, PX_LOG_WARNING);
  VALUE(px_log_level, PX_LOG_ERROR);
}

static void px_engine_options_layout(void) {
  STRUCT(px_engine_options);
  FIELD(px_engine_options, struct_size);
  FIELD(px_engine_options, flags);
  FIELD(px_engine_options, backend);
  FIELD(px_engine_options, device);
  FIELD(px_engine_options, threads);
  FIELD(px_engine_options, products);
  FIELD(px_engine_options, log);
  FIELD(px_engine_options, log_context);
}

static void px_memory_stats_layout(void) {
  STRUCT(px_memory_stats);
  FIELD(px_memory_stats, struct_size);
  FIELD(px_memory_stats, flags);
  FIELD(px_memory_stats, weight_bytes);
  FIELD(px_memory_stats, gradient_bytes);
  FIELD(px_memory_stats, optimizer_bytes);
  FIELD(px_memory_stats, cache_bytes);
  FIELD(px_memory_stats, peak_resident_bytes);
}

static void px_dtype_layout(void) {
  ENUM(px_dtype);
  VALUE(px_dtype, PX_DTYPE_F32);
  VALUE(px_dtype, PX_DTYPE_BF16);
  VALUE(px_dtype, PX_DTYPE_F16);
}

static void px_head_layout(void) {
  ENUM(px_head);
  VALUE(px_head, PX_HEAD_FROM_FILE);
  VALUE(px_head, PX_HEAD_LM);
  VALUE(px_head, PX_HEAD_SCALAR);
}

static void px_head_init_layout(void) {
  ENUM(px_head_init);
  VALUE(px_head_init, PX_HEAD_INIT_FROM_FILE);
  VALUE(px_head_init, PX_HEAD_INIT_ZERO);
  VALUE(px_head_init, PX_HEAD_INIT_NORMAL);
}

static void px_load_options_layout(void) {
  STRUCT(px_load_options);
  FIELD(px_load_options, struct_size);
  FIELD(px_load_options, flags);
  FIELD(px_load_options, base);
}

static void px_model_options_layout(void) {
  STRUCT(px_model_options);
  FIELD(px_model_options, struct_size);
  FIELD(px_model_options, flags);
  FIELD(px_model_options, head);
  FIELD(px_model_options, head_init);
  FIELD(px_model_options, head_seed);
  FIELD(px_model_options, adapter);
  FIELD(px_model_options, reserved);
}

static void px_model_info_layout(void) {
  STRUCT(px_model_info);
  FIELD(px_model_info, struct_size);
  FIELD(px_model_info, flags);
  FIELD(px_model_info, vocabulary);
  FIELD(px_model_info, hidden);
  FIELD(px_model_info, layers);
  FIELD(px_model_info, heads);
  FIELD(px_model_info, kv_heads);
  FIELD(px_model_info, head_size);
  FIELD(px_model_info, intermediate);
  FIELD(px_model_info, context);
  FIELD(px_model_info, parameters);
  FIELD(px_model_info, head);
  FIELD(px_model_info, tied);
  FIELD(px_model_info, storage_dtype);
  FIELD(px_model_info, tensors);
}

static void px_tensor_info_layout(void) {
  STRUCT(px_tensor_info);
  FIELD(px_tensor_info, struct_size);
  FIELD(px_tensor_info, flags);
  FIELD(px_tensor_info, shape);
  FIELD(px_tensor_info, elements);
  FIELD(px_tensor_info, dimensions);
  FIELD(px_tensor_info, name_bytes);
  FIELD(px_tensor_info, name);
}

static void px_save_options_layout(void) {
  STRUCT(px_save_options);
  FIELD(px_save_options, struct_size);
  FIELD(px_save_options, flags);
  FIELD(px_save_options, dtype);
  FIELD(px_save_options, reserved);
  FIELD(px_save_options, shard_bytes);
}

static void px_gguf_type_layout(void) {
  ENUM(px_gguf_type);
  VALUE(px_gguf_type, PX_GGUF_F32);
  VALUE(px_gguf_type, PX_GGUF_F16);
  VALUE(px_gguf_type, PX_GGUF_Q8_0);
  VALUE(px_gguf_type, PX_GGUF_BF16);
}

static void px_gguf_options_layout(void) {
  STRUCT(px_gguf_options);
  FIELD(px_gguf_options, struct_size);
  FIELD(px_gguf_options, flags);
  FIELD(px_gguf_options, type);
  FIELD(px_gguf_options, reserved);
  FIELD(px_gguf_options, metadata);
  FIELD(px_gguf_options, metadata_bytes);
  FIELD(px_gguf_options, metadata_count);
}

static void px_batch_layout(void) {
  STRUCT(px_batch);
  FIELD(px_batch, struct_size);
  FIELD(px_batch, flags);
  FIELD(px_batch, sequences);
  FIELD(px_batch, offsets);
  FIELD(px_batch, tokens);
  FIELD(px_batch, positions);
  FIELD(px_batch, adapter);
  FIELD(px_batch, weight);
}

static void px_score_args_layout(void) {
  STRUCT(px_score_args);
  FIELD(px_score_args, struct_size);
  FIELD(px_score_args, flags);
  FIELD(px_score_args, temperature);
  FIELD(px_score_args, logprob);
  FIELD(px_score_args, entropy);
  FIELD(px_score_args, value);
  FIELD(px_score_args, score);
  FIELD(px_score_args, hidden);
}

static void px_finish_reason_layout(void) {
  ENUM(px_finish_reason);
  VALUE(px_finish_reason, PX_FINISH_NONE);
  VALUE(px_finish_reason, PX_FINISH_STOP);
  VALUE(px_finish_reason, PX_FINISH_LENGTH);
  VALUE(px_finish_reason, PX_FINISH_CANCELLED);
  VALUE(px_finish_reason, PX_FINISH_ERROR);
}

static void px_generate_flags_layout(void) {
  ENUM(px_generate_flags);
  VALUE(px_generate_flags, PX_GENERATE_GREEDY);
}

static void px_generator_options_layout(void) {
  STRUCT(px_generator_options);
  FIELD(px_generator_options, struct_size);
  FIELD(px_generator_options, flags);
  FIELD(px_generator_options, max_batch);
  FIELD(px_generator_options, seed);
  FIELD(px_generator_options, cache_bytes);
}

static void px_generate_request_layout(void) {
  STRUCT(px_generate_request);
  FIELD(px_generate_request, struct_size);
  FIELD(px_generate_request, flags);
  FIELD(px_generate_request, sample_id);
  FIELD(px_generate_request, prompt);
  FIELD(px_generate_request, prompt_count);
  FIELD(px_generate_request, max_new_tokens);
  FIELD(px_generate_request, temperature);
  FIELD(px_generate_request, top_k);
  FIELD(px_generate_request, top_p);
  FIELD(px_generate_request, min_p);
  FIELD(px_generate_request, stop_tokens);
  FIELD(px_generate_request, stop_count);
}

static void px_generator_counts_layout(void) {
  STRUCT(px_generator_counts);
  FIELD(px_generator_counts, steps);
  FIELD(px_generator_counts, drawn_tokens);
  FIELD(px_generator_counts, computed_tokens);
  FIELD(px_generator_counts, shared_tokens);
  FIELD(px_generator_counts, pauses);
  FIELD(px_generator_counts, cache_bytes);
}

static void px_generation_event_layout(void) {
  STRUCT(px_generation_event);
  FIELD(px_generation_event, sample_id);
  FIELD(px_generation_event, token);
  FIELD(px_generation_event, finish_reason);
  FIELD(px_generation_event, logprob);
  FIELD(px_generation_event, entropy);
  FIELD(px_generation_event, index);
  FIELD(px_generation_event, reserved);
}

static void px_adamw_args_layout(void) {
  STRUCT(px_adamw_args);
  FIELD(px_adamw_args, struct_size);
  FIELD(px_adamw_args, flags);
  FIELD(px_adamw_args, count);
  FIELD(px_adamw_args, parameter);
  FIELD(px_adamw_args, gradient);
  FIELD(px_adamw_args, exp_avg);
  FIELD(px_adamw_args, exp_avg_sq);
  FIELD(px_adamw_args, shadow);
  FIELD(px_adamw_args, step);
  FIELD(px_adamw_args, learning_rate);
  FIELD(px_adamw_args, beta1);
  FIELD(px_adamw_args, beta2);
  FIELD(px_adamw_args, epsilon);
  FIELD(px_adamw_args, weight_decay);
  FIELD(px_adamw_args, gradient_scale);
}

static void px_bradley_terry_args_layout(void) {
  STRUCT(px_bradley_terry_args);
  FIELD(px_bradley_terry_args, struct_size);
  FIELD(px_bradley_terry_args, flags);
  FIELD(px_bradley_terry_args, count);
  FIELD(px_bradley_terry_args, chosen);
  FIELD(px_bradley_terry_args, rejected);
  FIELD(px_bradley_terry_args, margin);
  FIELD(px_bradley_terry_args, center_coefficient);
  FIELD(px_bradley_terry_args, normalizer);
  FIELD(px_bradley_terry_args, loss);
  FIELD(px_bradley_terry_args, gradient_chosen);
  FIELD(px_bradley_terry_args, gradient_rejected);
}

static void px_bradley_terry_metrics_layout(void) {
  STRUCT(px_bradley_terry_metrics);
  FIELD(px_bradley_terry_metrics, loss);
  FIELD(px_bradley_terry_metrics, pairs);
  FIELD(px_bradley_terry_metrics, correct);
  FIELD(px_bradley_terry_metrics, margin);
  FIELD(px_bradley_terry_metrics, score);
}

static void px_gae_flags_layout(void) {
  ENUM(px_gae_flags);
  VALUE(px_gae_flags, PX_GAE_ONE_STEP_RETURNS);
}

static void px_gae_args_layout(void) {
  STRUCT(px_gae_args);
  FIELD(px_gae_args, struct_size);
  FIELD(px_gae_args, flags);
  FIELD(px_gae_args, sequences);
  FIELD(px_gae_args, offsets);
  FIELD(px_gae_args, reward);
  FIELD(px_gae_args, value);
  FIELD(px_gae_args, mask);
  FIELD(px_gae_args, gamma);
  FIELD(px_gae_args, lambda);
  FIELD(px_gae_args, advantage);
  FIELD(px_gae_args, returns);
}

static void px_group_baseline_layout(void) {
  ENUM(px_group_baseline);
  VALUE(px_group_baseline, PX_GROUP_MEAN);
  VALUE(px_group_baseline, PX_GROUP_LEAVE_ONE_OUT);
}

static void px_group_scale_layout(void) {
  ENUM(px_group_scale);
  VALUE(px_group_scale, PX_GROUP_DEVIATION);
  VALUE(px_group_scale, PX_GROUP_UNSCALED);
  VALUE(px_group_scale, PX_GROUP_GIVEN_DEVIATION);
}

static void px_group_advantage_args_layout(void) {
  STRUCT(px_group_advantage_args);
  FIELD(px_group_advantage_args, struct_size);
  FIELD(px_group_advantage_args, flags);
  FIELD(px_group_advantage_args, groups);
  FIELD(px_group_advantage_args, offsets);
  FIELD(px_group_advantage_args, score);
  FIELD(px_group_advantage_args, mask);
  FIELD(px_group_advantage_args, weight);
  FIELD(px_group_advantage_args, baseline);
  FIELD(px_group_advantage_args, scale);
  FIELD(px_group_advantage_args, epsilon);
  FIELD(px_group_advantage_args, deviation);
  FIELD(px_group_advantage_args, advantage);
}

static void px_group_metrics_layout(void) {
  STRUCT(px_group_metrics);
  FIELD(px_group_metrics, rows);
  FIELD(px_group_metrics, groups);
  FIELD(px_group_metrics, flat);
  FIELD(px_group_metrics, lone);
  FIELD(px_group_metrics, score);
  FIELD(px_group_metrics, deviation);
}

static void px_kl_estimator_layout(void) {
  ENUM(px_kl_estimator);
  VALUE(px_kl_estimator, PX_KL_K1);
  VALUE(px_kl_estimator, PX_KL_K2);
  VALUE(px_kl_estimator, PX_KL_K3);
}

static void px_kl_args_layout(void) {
  STRUCT(px_kl_args);
  FIELD(px_kl_args, struct_size);
  FIELD(px_kl_args, flags);
  FIELD(px_kl_args, count);
  FIELD(px_kl_args, logprob);
  FIELD(px_kl_args, ref_logprob);
  FIELD(px_kl_args, estimator);
  FIELD(px_kl_args, reserved);
  FIELD(px_kl_args, log_ratio_clamp);
  FIELD(px_kl_args, value_clamp);
  FIELD(px_kl_args, value);
  FIELD(px_kl_args, gradient);
}

static void px_reward_args_layout(void) {
  STRUCT(px_reward_args);
  FIELD(px_reward_args, struct_size);
  FIELD(px_reward_args, flags);
  FIELD(px_reward_args, sequences);
  FIELD(px_reward_args, offsets);
  FIELD(px_reward_args, mask);
  FIELD(px_reward_args, logprob);
  FIELD(px_reward_args, ref_logprob);
  FIELD(px_reward_args, score);
  FIELD(px_reward_args, token_reward);
  FIELD(px_reward_args, kl_estimator);
  FIELD(px_reward_args, reserved);
  FIELD(px_reward_args, beta);
  FIELD(px_reward_args, reward_clip);
  FIELD(px_reward_args, kl);
  FIELD(px_reward_args, reward);
}

static void px_policy_loss_args_layout(void) {
  STRUCT(px_policy_loss_args);
  FIELD(px_policy_loss_args, struct_size);
  FIELD(px_policy_loss_args, flags);
  FIELD(px_policy_loss_args, count);
  FIELD(px_policy_loss_args, logprob);
  FIELD(px_policy_loss_args, old_logprob);
  FIELD(px_policy_loss_args, ref_logprob);
  FIELD(px_policy_loss_args, advantage);
  FIELD(px_policy_loss_args, weight);
  FIELD(px_policy_loss_args, normalizer);
  FIELD(px_policy_loss_args, clip_low);
  FIELD(px_policy_loss_args, clip_high);
  FIELD(px_policy_loss_args, dual_clip);
  FIELD(px_policy_loss_args, kl_coefficient);
  FIELD(px_policy_loss_args, kl_estimator);
  FIELD(px_policy_loss_args, reserved);
  FIELD(px_policy_loss_args, loss);
  FIELD(px_policy_loss_args, gradient);
}

static void px_policy_metrics_layout(void) {
  STRUCT(px_policy_metrics);
  FIELD(px_policy_metrics, loss);
  FIELD(px_policy_metrics, kl_loss);
  FIELD(px_policy_metrics, tokens);
  FIELD(px_policy_metrics, clipped);
  FIELD(px_policy_metrics, clipped_low);
  FIELD(px_policy_metrics, clipped_high);
  FIELD(px_policy_metrics, dual_clipped);
  FIELD(px_policy_metrics, approx_kl);
  FIELD(px_policy_metrics, approx_kl_k1);
  FIELD(px_policy_metrics, approx_kl_k3);
  FIELD(px_policy_metrics, ratio);
  FIELD(px_policy_metrics, ratio_squared);
  FIELD(px_policy_metrics, ratio_min);
  FIELD(px_policy_metrics, ratio_max);
}

static void px_rmsnorm_args_layout(void) {
  STRUCT(px_rmsnorm_args);
  FIELD(px_rmsnorm_args, struct_size);
  FIELD(px_rmsnorm_args, flags);
  FIELD(px_rmsnorm_args, rows);
  FIELD(px_rmsnorm_args, hidden);
  FIELD(px_rmsnorm_args, x);
  FIELD(px_rmsnorm_args, delta);
  FIELD(px_rmsnorm_args, weight);
  FIELD(px_rmsnorm_args, epsilon);
  FIELD(px_rmsnorm_args, sum);
  FIELD(px_rmsnorm_args, out);
  FIELD(px_rmsnorm_args, out_bf16);
  FIELD(px_rmsnorm_args, rstd);
}

static void px_rmsnorm_flags_layout(void) {
  ENUM(px_rmsnorm_flags);
  VALUE(px_rmsnorm_flags, PX_RMSNORM_ADD);
}

static void px_rmsnorm_backward_args_layout(void) {
  STRUCT(px_rmsnorm_backward_args);
  FIELD(px_rmsnorm_backward_args, struct_size);
  FIELD(px_rmsnorm_backward_args, flags);
  FIELD(px_rmsnorm_backward_args, rows);
  FIELD(px_rmsnorm_backward_args, hidden);
  FIELD(px_rmsnorm_backward_args, x);
  FIELD(px_rmsnorm_backward_args, weight);
  FIELD(px_rmsnorm_backward_args, rstd);
  FIELD(px_rmsnorm_backward_args, d_out);
  FIELD(px_rmsnorm_backward_args, d_x);
  FIELD(px_rmsnorm_backward_args, d_x_bf16);
  FIELD(px_rmsnorm_backward_args, d_weight);
  FIELD(px_rmsnorm_backward_args, workspace);
  FIELD(px_rmsnorm_backward_args, workspace_bytes);
}

static void px_rope_args_layout(void) {
  STRUCT(px_rope_args);
  FIELD(px_rope_args, struct_size);
  FIELD(px_rope_args, flags);
  FIELD(px_rope_args, rows);
  FIELD(px_rope_args, heads);
  FIELD(px_rope_args, kv_heads);
  FIELD(px_rope_args, head_size);
  FIELD(px_rope_args, positions);
  FIELD(px_rope_args, x);
  FIELD(px_rope_args, position);
  FIELD(px_rope_args, cos);
  FIELD(px_rope_args, sin);
  FIELD(px_rope_args, query_norm);
  FIELD(px_rope_args, key_norm);
  FIELD(px_rope_args, epsilon);
  FIELD(px_rope_args, out);
  FIELD(px_rope_args, out_bf16);
  FIELD(px_rope_args, rstd);
}

static void px_rope_backward_args_layout(void) {
  STRUCT(px_rope_backward_args);
  FIELD(px_rope_backward_args, struct_size);
  FIELD(px_rope_backward_args, flags);
  FIELD(px_rope_backward_args, rows);
  FIELD(px_rope_backward_args, heads);
  FIELD(px_rope_backward_args, kv_heads);
  FIELD(px_rope_backward_args, head_size);
  FIELD(px_rope_backward_args, positions);
  FIELD(px_rope_backward_args, d_out);
  FIELD(px_rope_backward_args, position);
  FIELD(px_rope_backward_args, cos);
  FIELD(px_rope_backward_args, sin);
  FIELD(px_rope_backward_args, query_norm);
  FIELD(px_rope_backward_args, key_norm);
  FIELD(px_rope_backward_args, x);
  FIELD(px_rope_backward_args, rstd);
  FIELD(px_rope_backward_args, d_x);
  FIELD(px_rope_backward_args, d_x_bf16);
  FIELD(px_rope_backward_args, d_query_norm);
  FIELD(px_rope_backward_args, d_key_norm);
  FIELD(px_rope_backward_args, workspace);
  FIELD(px_rope_backward_args, workspace_bytes);
}

static void px_swiglu_args_layout(void) {
  STRUCT(px_swiglu_args);
  FIELD(px_swiglu_args, struct_size);
  FIELD(px_swiglu_args, flags);
  FIELD(px_swiglu_args, rows);
  FIELD(px_swiglu_args, features);
  FIELD(px_swiglu_args, gate_up);
  FIELD(px_swiglu_args, out);
  FIELD(px_swiglu_args, out_bf16);
  FIELD(px_swiglu_args, gate_up_bf16);
}

static void px_swiglu_backward_args_layout(void) {
  STRUCT(px_swiglu_backward_args);
  FIELD(px_swiglu_backward_args, struct_size);
  FIELD(px_swiglu_backward_args, flags);
  FIELD(px_swiglu_backward_args, rows);
  FIELD(px_swiglu_backward_args, features);
  FIELD(px_swiglu_backward_args, gate_up);
  FIELD(px_swiglu_backward_args, d_out);
  FIELD(px_swiglu_backward_args, d_gate_up);
  FIELD(px_swiglu_backward_args, d_gate_up_bf16);
  FIELD(px_swiglu_backward_args, gate_up_bf16);
}

static void px_embedding_args_layout(void) {
  STRUCT(px_embedding_args);
  FIELD(px_embedding_args, struct_size);
  FIELD(px_embedding_args, flags);
  FIELD(px_embedding_args, rows);
  FIELD(px_embedding_args, hidden);
  FIELD(px_embedding_args, vocabulary);
  FIELD(px_embedding_args, positions);
  FIELD(px_embedding_args, token);
  FIELD(px_embedding_args, position);
  FIELD(px_embedding_args, table);
  FIELD(px_embedding_args, table_bf16);
  FIELD(px_embedding_args, position_table);
  FIELD(px_embedding_args, out);
}

static void px_embedding_backward_args_layout(void) {
  STRUCT(px_embedding_backward_args);
  FIELD(px_embedding_backward_args, struct_size);
  FIELD(px_embedding_backward_args, flags);
  FIELD(px_embedding_backward_args, rows);
  FIELD(px_embedding_backward_args, hidden);
  FIELD(px_embedding_backward_args, vocabulary);
  FIELD(px_embedding_backward_args, token);
  FIELD(px_embedding_backward_args, d_out);
  FIELD(px_embedding_backward_args, d_table);
}

static void px_layernorm_args_layout(void) {
  STRUCT(px_layernorm_args);
  FIELD(px_layernorm_args, struct_size);
  FIELD(px_layernorm_args, flags);
  FIELD(px_layernorm_args, rows);
  FIELD(px_layernorm_args, hidden);
  FIELD(px_layernorm_args, x);
  FIELD(px_layernorm_args, delta);
  FIELD(px_layernorm_args, weight);
  FIELD(px_layernorm_args, bias);
  FIELD(px_layernorm_args, epsilon);
  FIELD(px_layernorm_args, sum);
  FIELD(px_layernorm_args, out);
  FIELD(px_layernorm_args, out_bf16);
  FIELD(px_layernorm_args, mean);
  FIELD(px_layernorm_args, rstd);
}

static void px_layernorm_flags_layout(void) {
  ENUM(px_layernorm_flags);
  VALUE(px_layernorm_flags, PX_LAYERNORM_ADD);
}

static void px_layernorm_backward_args_layout(void) {
  STRUCT(px_layernorm_backward_args);
  FIELD(px_layernorm_backward_args, struct_size);
  FIELD(px_layernorm_backward_args, flags);
  FIELD(px_layernorm_backward_args, rows);
  FIELD(px_layernorm_backward_args, hidden);
  FIELD(px_layernorm_backward_args, x);
  FIELD(px_layernorm_backward_args, weight);
  FIELD(px_layernorm_backward_args, mean);
  FIELD(px_layernorm_backward_args, rstd);
  FIELD(px_layernorm_backward_args, d_out);
  FIELD(px_layernorm_backward_args, d_x);
  FIELD(px_layernorm_backward_args, d_x_bf16);
  FIELD(px_layernorm_backward_args, d_weight);
  FIELD(px_layernorm_backward_args, d_bias);
  FIELD(px_layernorm_backward_args, workspace);
  FIELD(px_layernorm_backward_args, workspace_bytes);
}

static void px_gelu_flags_layout(void) {
  ENUM(px_gelu_flags);
  VALUE(px_gelu_flags, PX_GELU_ERF);
}

static void px_gelu_args_layout(void) {
  STRUCT(px_gelu_args);
  FIELD(px_gelu_args, struct_size);
  FIELD(px_gelu_args, flags);
  FIELD(px_gelu_args, count);
  FIELD(px_gelu_args, x);
  FIELD(px_gelu_args, out);
  FIELD(px_gelu_args, out_bf16);
  FIELD(px_gelu_args, x_bf16);
}

static void px_gelu_backward_args_layout(void) {
  STRUCT(px_gelu_backward_args);
  FIELD(px_gelu_backward_args, struct_size);
  FIELD(px_gelu_backward_args, flags);
  FIELD(px_gelu_backward_args, count);
  FIELD(px_gelu_backward_args, x);
  FIELD(px_gelu_backward_args, d_out);
  FIELD(px_gelu_backward_args, d_x);
  FIELD(px_gelu_backward_args, d_x_bf16);
  FIELD(px_gelu_backward_args, x_bf16);
}

static void px_attention_args_layout(void) {
  STRUCT(px_attention_args);
  FIELD(px_attention_args, struct_size);
  FIELD(px_attention_args, flags);
  FIELD(px_attention_args, sequences);
  FIELD(px_attention_args, offsets);
  FIELD(px_attention_args, heads);
  FIELD(px_attention_args, kv_heads);
  FIELD(px_attention_args, head_size);
  FIELD(px_attention_args, window);
  FIELD(px_attention_args, scale);
  FIELD(px_attention_args, dtype);
  FIELD(px_attention_args, reserved);
  FIELD(px_attention_args, qkv);
  FIELD(px_attention_args, out);
  FIELD(px_attention_args, out_bf16);
  FIELD(px_attention_args, lse);
  FIELD(px_attention_args, workspace);
  FIELD(px_attention_args, workspace_bytes);
}

static void px_attention_backward_args_layout(void) {
  STRUCT(px_attention_backward_args);
  FIELD(px_attention_backward_args, struct_size);
  FIELD(px_attention_backward_args, flags);
  FIELD(px_attention_backward_args, sequences);
  FIELD(px_attention_backward_args, offsets);
  FIELD(px_attention_backward_args, heads);
  FIELD(px_attention_backward_args, kv_heads);
  FIELD(px_attention_backward_args, head_size);
  FIELD(px_attention_backward_args, window);
  FIELD(px_attention_backward_args, scale);
  FIELD(px_attention_backward_args, dtype);
  FIELD(px_attention_backward_args, reserved);
  FIELD(px_attention_backward_args, qkv);
  FIELD(px_attention_backward_args, out);
  FIELD(px_attention_backward_args, out_bf16);
  FIELD(px_attention_backward_args, lse);
  FIELD(px_attention_backward_args, d_out);
  FIELD(px_attention_backward_args, d_qkv);
  FIELD(px_attention_backward_args, workspace);
  FIELD(px_attention_backward_args, workspace_bytes);
}

static void px_head_kl_args_layout(void) {
  STRUCT(px_head_kl_args);
  FIELD(px_head_kl_args, struct_size);
  FIELD(px_head_kl_args, flags);
  FIELD(px_head_kl_args, dtype);
  FIELD(px_head_kl_args, reserved);
  FIELD(px_head_kl_args, rows);
  FIELD(px_head_kl_args, vocabulary);
  FIELD(px_head_kl_args, hidden_size);
  FIELD(px_head_kl_args, ref_hidden_size);
  FIELD(px_head_kl_args, temperature);
  FIELD(px_head_kl_args, hidden);
  FIELD(px_head_kl_args, ref_hidden);
  FIELD(px_head_kl_args, head);
  FIELD(px_head_kl_args, head_bytes);
  FIELD(px_head_kl_args, ref_head);
  FIELD(px_head_kl_args, ref_head_bytes);
  FIELD(px_head_kl_args, kl);
  FIELD(px_head_kl_args, upstream);
  FIELD(px_head_kl_args, head_transposed);
  FIELD(px_head_kl_args, head_transposed_bytes);
  FIELD(px_head_kl_args, d_hidden);
  FIELD(px_head_kl_args, d_head);
  FIELD(px_head_kl_args, workspace);
  FIELD(px_head_kl_args, workspace_bytes);
}

static void px_gemm_flags_layout(void) {
  ENUM(px_gemm_flags);
  VALUE(px_gemm_flags, PX_GEMM_TRANSPOSED);
}

static void px_activation_layout(void) {
  ENUM(px_activation);
  VALUE(px_activation, PX_ACTIVATION_NONE);
  VALUE(px_activation, PX_ACTIVATION_GELU);
  VALUE(px_activation, PX_ACTIVATION_GELU_ERF);
  VALUE(px_activation, PX_ACTIVATION_SILU);
}

static void px_gemm_pack_args_layout(void) {
  STRUCT(px_gemm_pack_args);
  FIELD(px_gemm_pack_args, struct_size);
  FIELD(px_gemm_pack_args, flags);
  FIELD(px_gemm_pack_args, from);
  FIELD(px_gemm_pack_args, dtype);
  FIELD(px_gemm_pack_args, outputs);
  FIELD(px_gemm_pack_args, inputs);
  FIELD(px_gemm_pack_args, w);
  FIELD(px_gemm_pack_args, packed);
  FIELD(px_gemm_pack_args, packed_bytes);
}

static void px_gemm_args_layout(void) {
  STRUCT(px_gemm_args);
  FIELD(px_gemm_args, struct_size);
  FIELD(px_gemm_args, flags);
  FIELD(px_gemm_args, dtype);
  FIELD(px_gemm_args, activation);
  FIELD(px_gemm_args, rows);
  FIELD(px_gemm_args, outputs);
  FIELD(px_gemm_args, inputs);
  FIELD(px_gemm_args, x);
  FIELD(px_gemm_args, packed);
  FIELD(px_gemm_args, packed_bytes);
  FIELD(px_gemm_args, bias);
  FIELD(px_gemm_args, residual);
  FIELD(px_gemm_args, out);
  FIELD(px_gemm_args, out_bf16);
}

static void px_preference_form_layout(void) {
  ENUM(px_preference_form);
  VALUE(px_preference_form, PX_PREFERENCE_SIGMOID);
  VALUE(px_preference_form, PX_PREFERENCE_HINGE);
  VALUE(px_preference_form, PX_PREFERENCE_IPO);
  VALUE(px_preference_form, PX_PREFERENCE_ROBUST);
  VALUE(px_preference_form, PX_PREFERENCE_EXO);
  VALUE(px_preference_form, PX_PREFERENCE_NCA);
  VALUE(px_preference_form, PX_PREFERENCE_SPPO);
  VALUE(px_preference_form, PX_PREFERENCE_APO_ZERO);
  VALUE(px_preference_form, PX_PREFERENCE_APO_DOWN);
  VALUE(px_preference_form, PX_PREFERENCE_DISCOPOP);
  VALUE(px_preference_form, PX_PREFERENCE_ORPO);
  VALUE(px_preference_form, PX_PREFERENCE_KTO);
  VALUE(px_preference_form, PX_PREFERENCE_BCO);
}

static void px_preference_divergence_layout(void) {
  ENUM(px_preference_divergence);
  VALUE(px_preference_divergence, PX_PREFERENCE_REVERSE_KL);
  VALUE(px_preference_divergence, PX_PREFERENCE_FORWARD_KL);
  VALUE(px_preference_divergence, PX_PREFERENCE_JENSEN_SHANNON);
  VALUE(px_preference_divergence, PX_PREFERENCE_ALPHA);
}

static void px_preference_flags_layout(void) {
  ENUM(px_preference_flags);
  VALUE(px_preference_flags, PX_PREFERENCE_MEAN);
}

static void px_preference_loss_args_layout(void) {
  STRUCT(px_preference_loss_args);
  FIELD(px_preference_loss_args, struct_size);
  FIELD(px_preference_loss_args, flags);
  FIELD(px_preference_loss_args, sequences);
  FIELD(px_preference_loss_args, offsets);
  FIELD(px_preference_loss_args, logprob);
  FIELD(px_preference_loss_args, ref_logprob);
  FIELD(px_preference_loss_args, weight);
  FIELD(px_preference_loss_args, desirable);
  FIELD(px_preference_loss_args, form);
  FIELD(px_preference_loss_args, divergence);
  FIELD(px_preference_loss_args, beta);
  FIELD(px_preference_loss_args, label_smoothing);
  FIELD(px_preference_loss_args, margin);
  FIELD(px_preference_loss_args, reference_point);
  FIELD(px_preference_loss_args, alpha);
  FIELD(px_preference_loss_args, tau);
  FIELD(px_preference_loss_args, desirable_weight);
  FIELD(px_preference_loss_args, undesirable_weight);
  FIELD(px_preference_loss_args, normalizer);
  FIELD(px_preference_loss_args, loss);
  FIELD(px_preference_loss_args, reward);
  FIELD(px_preference_loss_args, gradient);
}

static void px_preference_metrics_layout(void) {
  STRUCT(px_preference_metrics);
  FIELD(px_preference_metrics, loss);
  FIELD(px_preference_metrics, losses);
  FIELD(px_preference_metrics, correct);
  FIELD(px_preference_metrics, chosen);
  FIELD(px_preference_metrics, rejected);
  FIELD(px_preference_metrics, reward_chosen);
  FIELD(px_preference_metrics, reward_rejected);
  FIELD(px_preference_metrics, logprob_chosen);
  FIELD(px_preference_metrics, logprob_rejected);
}

static void px_sample_flags_layout(void) {
  ENUM(px_sample_flags);
  VALUE(px_sample_flags, PX_SAMPLE_GREEDY);
}

static void px_sample_args_layout(void) {
  STRUCT(px_sample_args);
  FIELD(px_sample_args, struct_size);
  FIELD(px_sample_args, flags);
  FIELD(px_sample_args, vocabulary);
  FIELD(px_sample_args, logits);
  FIELD(px_sample_args, temperature);
  FIELD(px_sample_args, top_k);
  FIELD(px_sample_args, top_p);
  FIELD(px_sample_args, min_p);
  FIELD(px_sample_args, seed);
  FIELD(px_sample_args, sample_id);
  FIELD(px_sample_args, index);
}

static void px_value_loss_args_layout(void) {
  STRUCT(px_value_loss_args);
  FIELD(px_value_loss_args, struct_size);
  FIELD(px_value_loss_args, flags);
  FIELD(px_value_loss_args, count);
  FIELD(px_value_loss_args, value);
  FIELD(px_value_loss_args, old_value);
  FIELD(px_value_loss_args, returns);
  FIELD(px_value_loss_args, weight);
  FIELD(px_value_loss_args, normalizer);
  FIELD(px_value_loss_args, clip);
  FIELD(px_value_loss_args, loss);
  FIELD(px_value_loss_args, gradient);
}

static void px_value_metrics_layout(void) {
  STRUCT(px_value_metrics);
  FIELD(px_value_metrics, loss);
  FIELD(px_value_metrics, tokens);
  FIELD(px_value_metrics, clipped);
  FIELD(px_value_metrics, value);
  FIELD(px_value_metrics, returns);
  FIELD(px_value_metrics, returns_squared);
  FIELD(px_value_metrics, error);
  FIELD(px_value_metrics, error_squared);
}

static void px_moments_layout(void) {
  STRUCT(px_moments);
  FIELD(px_moments, count);
  FIELD(px_moments, mean);
  FIELD(px_moments, m2);
}

static void px_whiten_flags_layout(void) {
  ENUM(px_whiten_flags);
  VALUE(px_whiten_flags, PX_WHITEN_KEEP_MEAN);
  VALUE(px_whiten_flags, PX_WHITEN_BIASED);
}

static void px_objective_kind_layout(void) {
  ENUM(px_objective_kind);
  VALUE(px_objective_kind, PX_OBJECTIVE_CROSS_ENTROPY);
  VALUE(px_objective_kind, PX_OBJECTIVE_POLICY);
  VALUE(px_objective_kind, PX_OBJECTIVE_VALUE);
  VALUE(px_objective_kind, PX_OBJECTIVE_BRADLEY_TERRY);
  VALUE(px_objective_kind, PX_OBJECTIVE_UPSTREAM);
}

static void px_recompute_layout(void) {
  ENUM(px_recompute);
  VALUE(px_recompute, PX_RECOMPUTE_NONE);
  VALUE(px_recompute, PX_RECOMPUTE_ATTENTION_MLP);
  VALUE(px_recompute, PX_RECOMPUTE_BLOCK);
}

static void px_trainer_options_layout(void) {
  STRUCT(px_trainer_options);
  FIELD(px_trainer_options, struct_size);
  FIELD(px_trainer_options, flags);
  FIELD(px_trainer_options, beta1);
  FIELD(px_trainer_options, beta2);
  FIELD(px_trainer_options, epsilon);
  FIELD(px_trainer_options, weight_decay);
  FIELD(px_trainer_options, max_gradient_norm);
  FIELD(px_trainer_options, recompute);
  FIELD(px_trainer_options, reserved);
}

static void px_objective_layout(void) {
  STRUCT(px_objective);
  FIELD(px_objective, struct_size);
  FIELD(px_objective, flags);
  FIELD(px_objective, kind);
  FIELD(px_objective, kl_estimator);
  FIELD(px_objective, normalizer);
  FIELD(px_objective, temperature);
  FIELD(px_objective, old_logprob);
  FIELD(px_objective, ref_logprob);
  FIELD(px_objective, advantage);
  FIELD(px_objective, old_value);
  FIELD(px_objective, returns);
  FIELD(px_objective, margin);
  FIELD(px_objective, upstream_logprob);
  FIELD(px_objective, upstream_entropy);
  FIELD(px_objective, upstream_value);
  FIELD(px_objective, upstream_score);
  FIELD(px_objective, clip_low);
  FIELD(px_objective, clip_high);
  FIELD(px_objective, dual_clip);
  FIELD(px_objective, kl_coefficient);
  FIELD(px_objective, entropy_coefficient);
  FIELD(px_objective, value_clip);
  FIELD(px_objective, center_coefficient);
  FIELD(px_objective, logprob);
  FIELD(px_objective, entropy);
  FIELD(px_objective, value);
  FIELD(px_objective, score);
}

static void px_objective_metrics_layout(void) {
  STRUCT(px_objective_metrics);
  FIELD(px_objective_metrics, struct_size);
  FIELD(px_objective_metrics, flags);
  FIELD(px_objective_metrics, loss);
  FIELD(px_objective_metrics, entropy);
  FIELD(px_objective_metrics, weight);
  FIELD(px_objective_metrics, tokens);
  FIELD(px_objective_metrics, policy);
  FIELD(px_objective_metrics, value);
  FIELD(px_objective_metrics, bradley_terry);
}

static void px_step_args_layout(void) {
  STRUCT(px_step_args);
  FIELD(px_step_args, struct_size);
  FIELD(px_step_args, flags);
  FIELD(px_step_args, learning_rate);
}

static void px_step_result_layout(void) {
  STRUCT(px_step_result);
  FIELD(px_step_result, struct_size);
  FIELD(px_step_result, flags);
  FIELD(px_step_result, gradient_norm);
  FIELD(px_step_result, clip_coefficient);
  FIELD(px_step_result, step);
  FIELD(px_step_result, version);
}

int main(void) {
  CONSTANT(PX_ABI_VERSION);
  px_status_layout();
  px_handle_kind_layout();
  px_struct_id_layout();
  px_backend_layout();
  px_products_layout();
  px_log_level_layout();
  px_engine_options_layout();
  px_memory_stats_layout();
  px_dtype_layout();
  px_head_layout();
  px_head_init_layout();
  px_load_options_layout();
  px_model_options_layout();
  px_model_info_layout();
  px_tensor_info_layout();
  px_save_options_layout();
  px_gguf_type_layout();
  px_gguf_options_layout();
  px_batch_layout();
  px_score_args_layout();
  px_finish_reason_layout();
  px_generate_flags_layout();
  px_generator_options_layout();
  px_generate_request_layout();
  px_generator_counts_layout();
  px_generation_event_layout();
  px_adamw_args_layout();
  px_bradley_terry_args_layout();
  px_bradley_terry_metrics_layout();
  px_gae_flags_layout();
  px_gae_args_layout();
  px_group_baseline_layout();
  px_group_scale_layout();
  px_group_advantage_args_layout();
  px_group_metrics_layout();
  px_kl_estimator_layout();
  px_kl_args_layout();
  px_reward_args_layout();
  px_policy_loss_args_layout();
  px_policy_metrics_layout();
  px_rmsnorm_args_layout();
  px_rmsnorm_flags_layout();
  px_rmsnorm_backward_args_layout();
  px_rope_args_layout();
  px_rope_backward_args_layout();
  px_swiglu_args_layout();
  px_swiglu_backward_args_layout();
  px_embedding_args_layout();
  px_embedding_backward_args_layout();
  px_layernorm_args_layout();
  px_layernorm_flags_layout();
  px_layernorm_backward_args_layout();
  px_gelu_flags_layout();
  px_gelu_args_layout();
  px_gelu_backward_args_layout();
  px_attention_args_layout();
  px_attention_backward_args_layout();
  px_head_kl_args_layout();
  px_gemm_flags_layout();
  px_activation_layout();
  px_gemm_pack_args_layout();
  px_gemm_args_layout();
  px_preference_form_layout();
  px_preference_divergence_layout();
  px_preference_flags_layout();
  px_preference_loss_args_layout();
  px_preference_metrics_layout();
  px_sample_flags_layout();
  px_sample_args_layout();
  px_value_loss_args_layout();
  px_value_metrics_layout();
  px_moments_layout();
  px_whiten_flags_layout();
  px_objective_kind_layout();
  px_recompute_layout();
  px_trainer_options_layout();
  px_objective_layout();
  px_objective_metrics_layout();
  px_step_args_layout();
  px_step_result_layout();
  return 0;
}
