using System.Buffers.Binary;
using System.Text.Json;
using Proximal.Tokenization.Loading;

namespace Proximal.Models.Formats;

/// <summary>Reads what a model's files say about its sizes.</summary>
internal static class SummaryReader
{
    private const string Config = "config.json";
    private const string Function = "ModelSummary.Read";
    private const int MaximumHeader = 100 << 20; // the format's own limit
    private const int BinHeader = 7;

    private static readonly (string Size, string[] Keys)[] ConfigKeys =
    [
        (nameof(ModelInfo.VocabularySize), ["vocab_size"]),
        (nameof(ModelInfo.HiddenSize), ["hidden_size", "n_embd"]),
        (nameof(ModelInfo.Layers), ["num_hidden_layers", "n_layer"]),
        (nameof(ModelInfo.Heads), ["num_attention_heads", "n_head"]),
        (nameof(ModelInfo.KvHeads), ["num_key_value_heads", "num_attention_heads", "n_head"]),
        (nameof(ModelInfo.HeadSize), ["head_dim"]),
        (nameof(ModelInfo.IntermediateSize), ["intermediate_size", "n_inner"]),
        (nameof(ModelInfo.ContextLength), ["max_position_embeddings", "n_positions"]),
    ];

    private static readonly (string Size, string[] Keys)[] GgufKeys =
    [
        (nameof(ModelInfo.VocabularySize), ["vocab_size"]),
        (nameof(ModelInfo.HiddenSize), ["embedding_length"]),
        (nameof(ModelInfo.Layers), ["block_count"]),
        (nameof(ModelInfo.Heads), ["attention.head_count"]),
        (nameof(ModelInfo.KvHeads), ["attention.head_count_kv", "attention.head_count"]),
        (nameof(ModelInfo.HeadSize), ["attention.key_length"]),
        (nameof(ModelInfo.IntermediateSize), ["feed_forward_length"]),
        (nameof(ModelInfo.ContextLength), ["context_length"]),
    ];

    public static ModelSummary Read(string path)
    {
        if (!Path.Exists(path))
        {
            throw new ProximalException(
                ProximalStatus.Io, Function, $"{path}: does not exist; give a Hugging Face folder, a .gguf file or a llama2.c .bin file");
        }

        if (GgufPath.Of(path) is { } gguf)
        {
            return OfGguf(path, GgufTokenizer.ReadHeader(gguf));
        }

        return Directory.Exists(path) ? OfFolder(path) : OfBin(path);
    }

    private static ModelSummary OfGguf(string path, GgufHeader header)
    {
        string family = header.Text("general.architecture") ?? "unknown";
        return new ModelSummary
        {
            Path = path,
            Format = "gguf",
            Family = family,
            Sizes = Sizes(GgufKeys, key => header.Integer($"{family}.{key}")),
            Parameters = header.Tensors.Sum(tensor => tensor.Elements),
            Types = Types(header.Tensors.Select(tensor => (tensor.Type, tensor.Elements))),
            FileBytes = new FileInfo(header.File).Length,
        };
    }

    private static ModelSummary OfFolder(string folder)
    {
        string file = Path.Combine(folder, Config);
        if (!File.Exists(file))
        {
            throw new ProximalException(ProximalStatus.Io, Function, $"{file}: does not exist; give a model's folder, a .gguf file or a llama2.c .bin file");
        }

        using JsonFile json = JsonFile.Open(file);
        json.Root.ExpectKind(JsonValueKind.Object, "an object");
        JsonElement config = json.Root.Element;
        string[] shards = Directory.GetFiles(folder, "*.safetensors");
        List<(string Type, long Elements)> tensors = [.. shards.SelectMany(ReadTensors)];
        return new ModelSummary
        {
            Path = folder,
            Format = "safetensors",
            Family = config.TryGetProperty("model_type", out JsonElement type) && type.ValueKind == JsonValueKind.String ? type.GetString()! : "unknown",
            Sizes = Sizes(ConfigKeys, key => config.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long size) ? size : null),
            Parameters = tensors.Sum(tensor => tensor.Elements),
            Types = Types(tensors),
            FileBytes = shards.Sum(shard => new FileInfo(shard).Length),
        };
    }

    /// <summary>The seven numbers at the start of a llama2.c file.</summary>
    private static ModelSummary OfBin(string path)
    {
        byte[] bytes = new byte[BinHeader * sizeof(int)];
        using FileStream stream = File.OpenRead(path);
        if (stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length)
        {
            throw new ProximalException(ProximalStatus.CorruptData, Function, $"{path}: is shorter than a llama2.c header; give a model's folder or file");
        }

        int[] header = [.. Enumerable.Range(0, BinHeader).Select(i => BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(i * sizeof(int))))];
        long parameters = (stream.Length - bytes.Length) / sizeof(float);
        return new ModelSummary
        {
            Path = path,
            Format = "llama2.c",
            Family = "llama",
            Sizes =
            [
                new(nameof(ModelInfo.VocabularySize), Math.Abs((long)header[5])),
                new(nameof(ModelInfo.HiddenSize), header[0]),
                new(nameof(ModelInfo.Layers), header[2]),
                new(nameof(ModelInfo.Heads), header[3]),
                new(nameof(ModelInfo.KvHeads), header[4]),
                new(nameof(ModelInfo.HeadSize), header[3] > 0 ? header[0] / header[3] : 0),
                new(nameof(ModelInfo.IntermediateSize), header[1]),
                new(nameof(ModelInfo.ContextLength), header[6]),
            ],
            Parameters = parameters,
            Types = [new("F32", parameters)],
            FileBytes = stream.Length,
        };
    }

    private static List<KeyValuePair<string, long>> Sizes((string Size, string[] Keys)[] table, Func<string, long?> read)
    {
        List<KeyValuePair<string, long>> sizes = [];
        foreach ((string size, string[] keys) in table)
        {
            if (keys.Select(read).FirstOrDefault(value => value is not null) is { } value)
            {
                sizes.Add(new(size, value));
            }
        }

        AddImplied(sizes);
        return sizes;
    }

    /// <summary>A head is as wide as the hidden state has room for, where nothing else is said.</summary>
    private static void AddImplied(List<KeyValuePair<string, long>> sizes)
    {
        long Of(string name) => sizes.Find(size => size.Key == name).Value;
        if (Of(nameof(ModelInfo.HeadSize)) == 0 && Of(nameof(ModelInfo.Heads)) > 0)
        {
            int place = sizes.FindIndex(size => size.Key == nameof(ModelInfo.KvHeads)) + 1;
            sizes.Insert(place, new(nameof(ModelInfo.HeadSize), Of(nameof(ModelInfo.HiddenSize)) / Of(nameof(ModelInfo.Heads))));
        }
    }

    private static KeyValuePair<string, long>[] Types(IEnumerable<(string Type, long Elements)> tensors) =>
    [
        .. tensors.GroupBy(tensor => tensor.Type)
            .Select(group => new KeyValuePair<string, long>(group.Key, group.Sum(tensor => tensor.Elements)))
            .OrderByDescending(type => type.Value).ThenBy(type => type.Key, StringComparer.Ordinal),
    ];

    private static List<(string Type, long Elements)> ReadTensors(string file)
    {
        try
        {
            using FileStream stream = File.OpenRead(file);
            byte[] length = new byte[sizeof(long)];
            stream.ReadExactly(length);
            ulong count = BinaryPrimitives.ReadUInt64LittleEndian(length);
            if (count > MaximumHeader || count > (ulong)(stream.Length - stream.Position))
            {
                throw Damaged(file, $"its header of {count} bytes does not fit");
            }

            byte[] header = new byte[count];
            stream.ReadExactly(header);
            using JsonDocument document = JsonDocument.Parse(header);
            return
            [
                .. document.RootElement.EnumerateObject().Where(tensor => tensor.Name != "__metadata__").Select(tensor => (
                    tensor.Value.GetProperty("dtype").GetString() ?? "unknown",
                    tensor.Value.GetProperty("shape").EnumerateArray().Aggregate(1L, (product, size) => checked(product * size.GetInt64())))),
            ];
        }
        catch (Exception exception) when (exception is EndOfStreamException or JsonException or InvalidOperationException
            or KeyNotFoundException or OverflowException or FormatException)
        {
            throw Damaged(file, exception.Message);
        }
    }

    private static ProximalException Damaged(string file, string what) =>
        new(ProximalStatus.CorruptData, Function, $"{file}: no safetensors header: {what}; copy it again");
}
