using System.Runtime.InteropServices;

namespace Proximal.Interop;

internal static unsafe partial class NativeMethods
{
    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    [return: NativeTypeName("int32_t")]
    public static extern int px_abi_version();

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    [return: NativeTypeName("uint32_t")]
    public static extern uint px_abi_sizeof([NativeTypeName("int32_t")] int struct_id);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    [return: NativeTypeName("int64_t")]
    public static extern long px_version([NativeTypeName("char *")] sbyte* buffer, [NativeTypeName("int64_t")] long capacity);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    [return: NativeTypeName("int64_t")]
    public static extern long px_last_error([NativeTypeName("char *")] sbyte* buffer, [NativeTypeName("int64_t")] long capacity);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    [return: NativeTypeName("int64_t")]
    public static extern long px_live_handles([NativeTypeName("int32_t")] int kind);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_engine_create([NativeTypeName("const px_engine_options *")] px_engine_options* options, px_engine** engine);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern void px_engine_release(px_engine* engine);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_engine_memory(px_engine* engine, px_memory_stats* stats);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_engine_describe(px_engine* engine, [NativeTypeName("int32_t")] int load_backend, [NativeTypeName("char *")] sbyte* buffer, [NativeTypeName("int64_t")] long capacity, [NativeTypeName("int64_t *")] long* needed);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_engine_measure_gemm(px_engine* engine, [NativeTypeName("int64_t")] long n, [NativeTypeName("int32_t")] int repeats, double* gflops);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_weights_load(px_engine* engine, [NativeTypeName("const char *")] sbyte* path, [NativeTypeName("const px_load_options *")] px_load_options* options, px_weights** weights);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_weights_create(px_engine* engine, [NativeTypeName("const char *")] sbyte* path, [NativeTypeName("uint64_t")] ulong seed, px_weights** weights);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_weights_clone(px_weights* weights, px_weights** clone);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_weights_version(px_weights* weights, [NativeTypeName("int64_t *")] long* version);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern void px_weights_release(px_weights* weights);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_model_create(px_weights* weights, [NativeTypeName("const px_model_options *")] px_model_options* options, px_model** model);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_model_derive(px_model* @base, [NativeTypeName("const px_model_options *")] px_model_options* options, px_model** model);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern void px_model_release(px_model* model);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_model_get_info(px_model* model, px_model_info* info);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_model_tensor(px_model* model, [NativeTypeName("int64_t")] long index, px_tensor_info* info);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_model_read_tensor(px_model* model, [NativeTypeName("int64_t")] long index, float* values, [NativeTypeName("int64_t")] long count);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_model_write_tensor(px_model* model, [NativeTypeName("int64_t")] long index, [NativeTypeName("const float *")] float* values, [NativeTypeName("int64_t")] long count);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_model_save(px_model* model, [NativeTypeName("const char *")] sbyte* directory, [NativeTypeName("const px_save_options *")] px_save_options* options);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_model_save_gguf(px_model* model, [NativeTypeName("const char *")] sbyte* path, [NativeTypeName("const px_gguf_options *")] px_gguf_options* options);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_model_score(px_model* model, [NativeTypeName("const px_batch *")] px_batch* batch, [NativeTypeName("const px_score_args *")] px_score_args* args);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_generator_create(px_model* model, [NativeTypeName("const px_generator_options *")] px_generator_options* options, px_generator** generator);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern void px_generator_release(px_generator* generator);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_generator_submit(px_generator* generator, [NativeTypeName("const px_generate_request *")] px_generate_request* request);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_generator_poll(px_generator* generator, px_generation_event* events, [NativeTypeName("int64_t")] long capacity, [NativeTypeName("int64_t *")] long* count);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_generator_count(px_generator* generator, px_generator_counts* counts);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_generator_cancel(px_generator* generator, [NativeTypeName("uint64_t")] ulong sample_id);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_adamw_f32(px_engine* engine, [NativeTypeName("const px_adamw_args *")] px_adamw_args* args);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_squared_norm_f32(px_engine* engine, [NativeTypeName("const float *")] float* x, [NativeTypeName("int64_t")] long n, double* sum);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_attention_f32(px_engine* engine, [NativeTypeName("const px_attention_args *")] px_attention_args* args);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_attention_backward_f32(px_engine* engine, [NativeTypeName("const px_attention_backward_args *")] px_attention_backward_args* args);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    [return: NativeTypeName("uint64_t")]
    public static extern ulong px_attention_workspace(px_engine* engine, [NativeTypeName("int64_t")] long sequences, [NativeTypeName("const int64_t *")] long* offsets, [NativeTypeName("int64_t")] long heads, [NativeTypeName("int64_t")] long kv_heads, [NativeTypeName("int64_t")] long head_size, [NativeTypeName("int32_t")] int dtype);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_bradley_terry_f32(px_engine* engine, [NativeTypeName("const px_bradley_terry_args *")] px_bradley_terry_args* args, px_bradley_terry_metrics* metrics);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_cast_f32_to_bf16(px_engine* engine, [NativeTypeName("const float *")] float* x, [NativeTypeName("int64_t")] long n, [NativeTypeName("uint16_t *")] ushort* @out);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_cast_bf16_to_f32(px_engine* engine, [NativeTypeName("const uint16_t *")] ushort* x, [NativeTypeName("int64_t")] long n, float* @out);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_embedding_f32(px_engine* engine, [NativeTypeName("const px_embedding_args *")] px_embedding_args* args);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_embedding_backward_f32(px_engine* engine, [NativeTypeName("const px_embedding_backward_args *")] px_embedding_backward_args* args);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_gae_f32(px_engine* engine, [NativeTypeName("const px_gae_args *")] px_gae_args* args);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_gelu_f32(px_engine* engine, [NativeTypeName("const px_gelu_args *")] px_gelu_args* args);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_gelu_backward_f32(px_engine* engine, [NativeTypeName("const px_gelu_backward_args *")] px_gelu_backward_args* args);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    [return: NativeTypeName("uint64_t")]
    public static extern ulong px_gemm_packed_bytes([NativeTypeName("int64_t")] long outputs, [NativeTypeName("int64_t")] long inputs, [NativeTypeName("int32_t")] int dtype);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_gemm_pack(px_engine* engine, [NativeTypeName("const px_gemm_pack_args *")] px_gemm_pack_args* args);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_gemm(px_engine* engine, [NativeTypeName("const px_gemm_args *")] px_gemm_args* args);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_gemm_interleave(px_engine* engine, [NativeTypeName("const void *")] void* x, [NativeTypeName("int32_t")] int dtype, [NativeTypeName("int64_t")] long inputs, [NativeTypeName("int64_t")] long rows, [NativeTypeName("uint32_t *")] uint* words);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_group_advantage_f32(px_engine* engine, [NativeTypeName("const px_group_advantage_args *")] px_group_advantage_args* args, px_group_metrics* metrics);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_head_kl(px_engine* engine, [NativeTypeName("const px_head_kl_args *")] px_head_kl_args* args);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    [return: NativeTypeName("uint64_t")]
    public static extern ulong px_head_kl_workspace([NativeTypeName("int64_t")] long rows, [NativeTypeName("int64_t")] long vocabulary, [NativeTypeName("int64_t")] long hidden_size, [NativeTypeName("int32_t")] int dtype, [NativeTypeName("int32_t")] int gradients);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_kl_f32(px_engine* engine, [NativeTypeName("const px_kl_args *")] px_kl_args* args);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_reward_shape_f32(px_engine* engine, [NativeTypeName("const px_reward_args *")] px_reward_args* args);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_layernorm_f32(px_engine* engine, [NativeTypeName("const px_layernorm_args *")] px_layernorm_args* args);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_layernorm_backward_f32(px_engine* engine, [NativeTypeName("const px_layernorm_backward_args *")] px_layernorm_backward_args* args);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    [return: NativeTypeName("uint64_t")]
    public static extern ulong px_layernorm_backward_workspace([NativeTypeName("int64_t")] long rows, [NativeTypeName("int64_t")] long hidden);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_policy_loss_f32(px_engine* engine, [NativeTypeName("const px_policy_loss_args *")] px_policy_loss_args* args, px_policy_metrics* metrics);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_preference_loss_f32(px_engine* engine, [NativeTypeName("const px_preference_loss_args *")] px_preference_loss_args* args, px_preference_metrics* metrics);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_rmsnorm_f32(px_engine* engine, [NativeTypeName("const px_rmsnorm_args *")] px_rmsnorm_args* args);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_rmsnorm_backward_f32(px_engine* engine, [NativeTypeName("const px_rmsnorm_backward_args *")] px_rmsnorm_backward_args* args);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    [return: NativeTypeName("uint64_t")]
    public static extern ulong px_rmsnorm_backward_workspace([NativeTypeName("int64_t")] long rows, [NativeTypeName("int64_t")] long hidden);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_rope_f32(px_engine* engine, [NativeTypeName("const px_rope_args *")] px_rope_args* args);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_rope_backward_f32(px_engine* engine, [NativeTypeName("const px_rope_backward_args *")] px_rope_backward_args* args);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    [return: NativeTypeName("uint64_t")]
    public static extern ulong px_rope_backward_workspace([NativeTypeName("int64_t")] long rows, [NativeTypeName("int64_t")] long heads, [NativeTypeName("int64_t")] long kv_heads, [NativeTypeName("int64_t")] long head_size);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_sample_f32(px_engine* engine, [NativeTypeName("const px_sample_args *")] px_sample_args* args, [NativeTypeName("int32_t *")] int* token, float* logprob);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_sample_distribution_f32(px_engine* engine, [NativeTypeName("const px_sample_args *")] px_sample_args* args, float* logprob);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_philox4x32([NativeTypeName("const uint32_t *")] uint* key, [NativeTypeName("const uint32_t *")] uint* counter, [NativeTypeName("uint32_t *")] uint* output);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_swiglu_f32(px_engine* engine, [NativeTypeName("const px_swiglu_args *")] px_swiglu_args* args);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_swiglu_backward_f32(px_engine* engine, [NativeTypeName("const px_swiglu_backward_args *")] px_swiglu_backward_args* args);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_token_logprob_f32(px_engine* engine, [NativeTypeName("const float *")] float* logits, [NativeTypeName("const int32_t *")] int* target, [NativeTypeName("int64_t")] long n, [NativeTypeName("int64_t")] long vocabulary, double temperature, float* logprob, float* entropy);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_token_logprob_backward_f32(px_engine* engine, [NativeTypeName("const float *")] float* logits, [NativeTypeName("const int32_t *")] int* target, [NativeTypeName("int64_t")] long n, [NativeTypeName("int64_t")] long vocabulary, double temperature, [NativeTypeName("const float *")] float* upstream_logprob, [NativeTypeName("const float *")] float* upstream_entropy, float* gradient);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_value_loss_f32(px_engine* engine, [NativeTypeName("const px_value_loss_args *")] px_value_loss_args* args, px_value_metrics* metrics);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_whiten_moments_f32(px_engine* engine, [NativeTypeName("const float *")] float* x, [NativeTypeName("const uint8_t *")] byte* mask, [NativeTypeName("int64_t")] long n, px_moments* moments);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_whiten_merge(px_moments* into, [NativeTypeName("const px_moments *")] px_moments* other);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_whiten_apply_f32(px_engine* engine, [NativeTypeName("const float *")] float* x, [NativeTypeName("const uint8_t *")] byte* mask, [NativeTypeName("int64_t")] long n, [NativeTypeName("const px_moments *")] px_moments* moments, [NativeTypeName("uint32_t")] uint flags, float* @out);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_trainer_create(px_model* model, [NativeTypeName("const px_trainer_options *")] px_trainer_options* options, px_trainer** trainer);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern void px_trainer_release(px_trainer* trainer);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_trainer_accumulate(px_trainer* trainer, [NativeTypeName("const px_batch *")] px_batch* batch, [NativeTypeName("const px_objective *")] px_objective* objective, px_objective_metrics* metrics);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_trainer_zero_gradients(px_trainer* trainer);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_trainer_gradient_squared_norm(px_trainer* trainer, double* squared_norm);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_trainer_read_gradient(px_trainer* trainer, [NativeTypeName("int64_t")] long index, float* values, [NativeTypeName("int64_t")] long count);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_trainer_step(px_trainer* trainer, [NativeTypeName("const px_step_args *")] px_step_args* args, px_step_result* result);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_trainer_read_moments(px_trainer* trainer, [NativeTypeName("int64_t")] long index, float* exp_avg, float* exp_avg_sq, [NativeTypeName("int64_t")] long count);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_trainer_write_moments(px_trainer* trainer, [NativeTypeName("int64_t")] long index, [NativeTypeName("const float *")] float* exp_avg, [NativeTypeName("const float *")] float* exp_avg_sq, [NativeTypeName("int64_t")] long count);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_trainer_get_steps(px_trainer* trainer, [NativeTypeName("int64_t *")] long* steps);

    [DllImport("proximal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    public static extern px_status px_trainer_set_steps(px_trainer* trainer, [NativeTypeName("int64_t")] long steps);

    [NativeTypeName("#define PX_ABI_VERSION 1")]
    public const int PX_ABI_VERSION = 1;
}
