using System.Text.Json.Nodes;

namespace Proximal.Tests.Models;

/// <summary>A tiny Llama with random weights, as a Hugging Face folder.</summary>
/// <example>
/// <code>
/// using var folder = new TemporaryFolder();
/// using LanguageModel model = LanguageModel.Load(engine, new TinyModel().Write(folder["model"]));
/// </code>
/// </example>
internal sealed record TinyModel
{
    public int Vocabulary { get; init; } = 29;

    public int Hidden { get; init; } = 12;

    public int Intermediate { get; init; } = 20;

    public int Layers { get; init; } = 2;

    public int Heads { get; init; } = 4;

    public int KvHeads { get; init; } = 2;

    /// <summary>Written as head_dim.</summary>
    public int HeadSize { get; init; } = 4;

    public int Context { get; init; } = 64;

    public bool Tied { get; init; } = true;

    public bool AttentionBias { get; init; }

    public bool MlpBias { get; init; }

    /// <summary>LlamaForSequenceClassification with one label: score.weight instead of an LM head.</summary>
    public bool Classifier { get; init; }

    /// <summary>"F32", "F16" or "BF16".</summary>
    public string Type { get; init; } = "F32";

    /// <summary>Standard deviation of the weights but the norms, which are around 1.</summary>
    public double Scale { get; init; } = 0.3;

    public int Seed { get; init; } = 1;

    /// <summary>More than 1: shards with an index.</summary>
    public int Shards { get; init; } = 1;

    /// <summary>Keys of config.json to add, to replace, or with <see langword="null"/> to remove.</summary>
    public Dictionary<string, JsonNode?> Config { get; init; } = [];

    /// <summary>Writes the folder, which is created.</summary>
    /// <returns>The folder.</returns>
    public string Write(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), ConfigJson().ToJsonString());
        Dictionary<string, Safetensors.Tensor> tensors = Tensors();
        if (Shards == 1)
        {
            Safetensors.Write(Path.Combine(folder, "model.safetensors"), tensors);
        }
        else
        {
            WriteShards(folder, tensors);
        }

        return folder;
    }

    /// <summary>config.json in the keys of transformers 5.</summary>
    public JsonObject ConfigJson()
    {
        var config = new JsonObject
        {
            ["architectures"] = new JsonArray(Classifier ? "LlamaForSequenceClassification" : "LlamaForCausalLM"),
            ["model_type"] = "llama",
            ["vocab_size"] = Vocabulary,
            ["hidden_size"] = Hidden,
            ["intermediate_size"] = Intermediate,
            ["num_hidden_layers"] = Layers,
            ["num_attention_heads"] = Heads,
            ["num_key_value_heads"] = KvHeads,
            ["head_dim"] = HeadSize,
            ["max_position_embeddings"] = Context,
            ["rms_norm_eps"] = 1e-5,
            ["hidden_act"] = "silu",
            ["attention_bias"] = AttentionBias,
            ["mlp_bias"] = MlpBias,
            ["tie_word_embeddings"] = Tied,
            ["rope_parameters"] = new JsonObject { ["rope_type"] = "default", ["rope_theta"] = 10000.0 },
            ["bos_token_id"] = 1,
            ["eos_token_id"] = 2,
            ["dtype"] = Type switch { "F16" => "float16", "BF16" => "bfloat16", _ => "float32" },
        };
        if (Classifier)
        {
            config["id2label"] = new JsonObject { ["0"] = "LABEL_0" };
        }

        foreach ((string key, JsonNode? value) in Config)
        {
            config.Remove(key);
            if (value is not null)
            {
                config[key] = value.DeepClone();
            }
        }

        return config;
    }

    /// <summary>The weights by name, in the order of transformers' state dict.</summary>
    public Dictionary<string, Safetensors.Tensor> Tensors()
    {
        var random = new Random(Seed);
        Dictionary<string, Safetensors.Tensor> tensors = [];
        void Add(string name, params long[] shape)
        {
            float[] values = new float[shape.Aggregate(1L, (product, size) => product * size)];
            double mean = name.EndsWith("norm.weight", StringComparison.Ordinal) ? 1 : 0;
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = (float)(mean + (Scale * Normal(random)));
            }

            tensors.Add(name, Safetensors.Tensor.Of(values, shape).As(Type));
        }

        Add("model.embed_tokens.weight", Vocabulary, Hidden);
        for (int layer = 0; layer < Layers; layer++)
        {
            AddLayer(Add, $"model.layers.{layer}.");
        }

        Add("model.norm.weight", Hidden);
        if (Classifier)
        {
            Add("score.weight", 1, Hidden);
        }
        else if (!Tied)
        {
            Add("lm_head.weight", Vocabulary, Hidden);
        }

        return tensors;
    }

    private void AddLayer(Action<string, long[]> add, string prefix)
    {
        void AddLinear(string name, long outputs, long inputs, bool bias)
        {
            add($"{prefix}{name}.weight", [outputs, inputs]);
            if (bias)
            {
                add($"{prefix}{name}.bias", [outputs]);
            }
        }

        AddLinear("self_attn.q_proj", Heads * HeadSize, Hidden, AttentionBias);
        AddLinear("self_attn.k_proj", KvHeads * HeadSize, Hidden, AttentionBias);
        AddLinear("self_attn.v_proj", KvHeads * HeadSize, Hidden, AttentionBias);
        AddLinear("self_attn.o_proj", Hidden, Heads * HeadSize, AttentionBias);
        AddLinear("mlp.gate_proj", Intermediate, Hidden, MlpBias);
        AddLinear("mlp.up_proj", Intermediate, Hidden, MlpBias);
        AddLinear("mlp.down_proj", Hidden, Intermediate, MlpBias);
        add(prefix + "input_layernorm.weight", [Hidden]);
        add(prefix + "post_attention_layernorm.weight", [Hidden]);
    }

    private void WriteShards(string folder, Dictionary<string, Safetensors.Tensor> tensors)
    {
        var map = new JsonObject();
        for (int shard = 0; shard < Shards; shard++)
        {
            string file = $"model-{shard + 1:00000}-of-{Shards:00000}.safetensors";
            Dictionary<string, Safetensors.Tensor> part = tensors
                .Where((_, index) => index % Shards == shard)
                .ToDictionary(entry => entry.Key, entry => entry.Value);
            Safetensors.Write(Path.Combine(folder, file), part);
            foreach (string name in part.Keys)
            {
                map[name] = file;
            }
        }

        var index = new JsonObject { ["metadata"] = new JsonObject(), ["weight_map"] = map };
        File.WriteAllText(Path.Combine(folder, "model.safetensors.index.json"), index.ToJsonString());
    }

    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
