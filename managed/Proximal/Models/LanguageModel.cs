using Proximal.Internal;
using Proximal.Interop;
using Proximal.Models.Formats;
using Proximal.Tokenization.Writing;

namespace Proximal.Models;

/// <summary>Weights and a head. Several models may share the same weights, also with a trainer and a generator.</summary>
/// <remarks>Any thread may use it; calls on one model take turns.</remarks>
public sealed unsafe class LanguageModel : IDisposable
{
    private const string GgufWindowKey = "llama.attention.sliding_window";

    private readonly Lock _gate = new();
    private readonly SharedWeights _weights;
    private readonly Lazy<IReadOnlyList<TensorInfo>> _tensors;
    private readonly Lazy<Dictionary<string, TensorInfo>> _byName;
    private bool _disposed;

    private LanguageModel(Engine engine, SharedWeights weights, ModelHandle handle)
    {
        Engine = engine;
        _weights = weights;
        Handle = handle;
        Info = ReadInfo(out int tensors);
        _tensors = new(() => ReadTensors(tensors));
        _byName = new(() => Tensors.ToDictionary(tensor => tensor.Name));
    }

    /// <summary>The engine that the model was loaded on.</summary>
    public Engine Engine { get; }

    /// <summary>The model's sizes.</summary>
    public ModelInfo Info { get; }

    /// <summary>Counts optimizer steps and writes made to the weights since they were loaded or cloned.</summary>
    public long Version
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _weights.Version;
        }
    }

    /// <summary>The parameter tensors: the trunk's in the order of transformers, then the head's.</summary>
    public IReadOnlyList<TensorInfo> Tensors => _tensors.Value;

    /// <summary>The native model, for the library's own calls.</summary>
    internal ModelHandle Handle { get; }

    /// <summary>
    /// Reads a Hugging Face folder (config.json and safetensors; Llama, Mistral, Qwen2, Qwen3, GPT-2), a PEFT LoRA adapter's
    /// folder, which is merged into the base model that it names (a path, or a hub's model that has been pulled), or a llama2.c .bin file.
    /// </summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="path">The folder or file.</param>
    /// <param name="head">What stands on the last hidden state.</param>
    /// <param name="initialization">How a scalar head starts that is not from the file.</param>
    /// <param name="headSeed">Seed for <see cref="HeadInitialization.Normal"/>.</param>
    /// <exception cref="ProximalException">The file is missing, broken or of a kind this version does not read.</exception>
    public static LanguageModel Load(
        Engine engine,
        string path,
        ModelHead head = ModelHead.FromFile,
        HeadInitialization initialization = HeadInitialization.FromFile,
        ulong headSeed = 0)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentException.ThrowIfNullOrEmpty(path);
        px_model_options options = HeadOptions(head, initialization, headSeed);
        if (AdapterBase.InCache(path) is { } pulled)
        {
            return LoadAdapter(engine, path, pulled, options);
        }

        var weights = new WeightsHandle();
        NativeStatus.Check(weights.Load(
            engine.Handle, path, new px_load_options { struct_size = (uint)sizeof(px_load_options) }));
        return Create(engine, weights, options);
    }

    /// <summary>Reads a PEFT LoRA adapter's folder, merged into a base model whatever the adapter names.</summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="adapter">The adapter's folder.</param>
    /// <param name="baseModel">A folder or file that <see cref="Load"/> reads.</param>
    /// <exception cref="ProximalException">A file is missing or broken, or the two do not fit each other.</exception>
    internal static LanguageModel LoadAdapter(Engine engine, string adapter, string baseModel) =>
        LoadAdapter(engine, adapter, baseModel, HeadOptions(ModelHead.FromFile, HeadInitialization.FromFile, 0));

    /// <summary>Starts a model from random weights: matrices N(0, initializer_range²), norms 1, biases 0.</summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="configuration">A config.json, or the folder that holds it; its initializer_range is 0.02 if left out.</param>
    /// <param name="seed">Decides the weights, everywhere alike.</param>
    /// <param name="head">What stands on the last hidden state.</param>
    /// <param name="initialization">How a scalar head starts; no file holds it.</param>
    /// <param name="headSeed">Seed for <see cref="HeadInitialization.Normal"/>.</param>
    /// <exception cref="ProximalException">The file is missing, broken or of a kind this version does not read.</exception>
    public static LanguageModel Create(
        Engine engine,
        string configuration,
        ulong seed,
        ModelHead head = ModelHead.LanguageModel,
        HeadInitialization initialization = HeadInitialization.FromFile,
        ulong headSeed = 0)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentException.ThrowIfNullOrEmpty(configuration);
        px_model_options options = HeadOptions(head, initialization, headSeed);
        var weights = new WeightsHandle();
        NativeStatus.Check(weights.Create(engine.Handle, configuration, seed));
        return Create(engine, weights, options);
    }

    /// <summary>Another model on the same weights: a step on either is seen by both.</summary>
    /// <param name="head">What stands on the last hidden state.</param>
    /// <param name="initialization">How a scalar head starts.</param>
    /// <param name="headSeed">Seed for <see cref="HeadInitialization.Normal"/>.</param>
    public LanguageModel Derive(
        ModelHead head, HeadInitialization initialization = HeadInitialization.FromFile, ulong headSeed = 0)
    {
        px_model_options options = HeadOptions(head, initialization, headSeed);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            var handle = new ModelHandle();
            NativeStatus.Check(handle.Derive(_weights.Handle, Handle, options));
            return new LanguageModel(Engine, _weights.Share(), handle);
        }
    }

    /// <summary>A model on its own copy of the weights: the frozen reference, the critic.</summary>
    /// <param name="head">What stands on the last hidden state; <see langword="null"/>: as here.</param>
    /// <param name="initialization">How a scalar head starts.</param>
    /// <param name="headSeed">Seed for <see cref="HeadInitialization.Normal"/>.</param>
    /// <exception cref="ObjectDisposedException">The model or its engine is disposed.</exception>
    public LanguageModel CloneWeights(
        ModelHead? head = null, HeadInitialization initialization = HeadInitialization.FromFile, ulong headSeed = 0)
    {
        px_model_options options = HeadOptions(head ?? Info.Head, initialization, headSeed);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            var weights = new WeightsHandle();
            lock (_weights.Handle)
            {
                NativeStatus.Check(weights.Clone(Engine.Handle, _weights.Handle));
            }

            return Create(Engine, weights, options);
        }
    }

    /// <summary>Finds a tensor by its name.</summary>
    /// <param name="name">The name as transformers writes it.</param>
    /// <exception cref="ArgumentException">The model has no such tensor.</exception>
    public TensorInfo Tensor(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return _byName.Value.TryGetValue(name, out TensorInfo? tensor)
            ? tensor
            : throw new ArgumentException(
                $"The model has no tensor '{name}'; it has {Tensors.Count}, from '{Tensors[0].Name}' to '{Tensors[^1].Name}'.",
                nameof(name));
    }

    /// <summary>Copies a tensor out, row-major.</summary>
    /// <param name="index">Its place in <see cref="Tensors"/>.</param>
    public float[] ReadTensor(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Tensors.Count);
        float[] values = new float[Tensors[index].Elements];
        ReadTensor(index, values);
        return values;
    }

    /// <summary>Copies a tensor out, row-major.</summary>
    /// <param name="index">Its place in <see cref="Tensors"/>.</param>
    /// <param name="values">All its numbers; out.</param>
    public void ReadTensor(int index, Span<float> values)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Tensors.Count);
        Arrays.Length(values.Length, Tensors[index].Elements, nameof(values));
        lock (_gate)
        {
            using HandleLease<px_model> model = Handle.Acquire();
            fixed (float* target = values)
            {
                NativeStatus.Check(NativeMethods.px_model_read_tensor(model.Pointer, index, target, values.Length));
            }
        }
    }

    /// <summary>Copies a tensor out, row-major.</summary>
    /// <param name="name">Its name as transformers writes it.</param>
    public float[] ReadTensor(string name) => ReadTensor(Tensor(name).Index);

    /// <summary>Replaces a tensor; the version rises.</summary>
    /// <param name="name">Its name as transformers writes it.</param>
    /// <param name="values">All its numbers, row-major.</param>
    /// <exception cref="ProximalException">A value is not finite, or a generator has unfinished sequences on the weights.</exception>
    public void WriteTensor(string name, ReadOnlySpan<float> values)
    {
        TensorInfo tensor = Tensor(name);
        if (values.Length != tensor.Elements)
        {
            throw new ArgumentException(
                $"Tensor '{name}' has {tensor.Elements} elements, got {values.Length}.", nameof(values));
        }

        lock (_gate)
        {
            using HandleLease<px_model> model = Handle.Acquire();
            fixed (float* source = values)
            {
                NativeStatus.Check(
                    NativeMethods.px_model_write_tensor(model.Pointer, tensor.Index, source, values.Length));
            }
        }
    }

    /// <summary>Writes config.json and model.safetensors; each file is written beside and renamed.</summary>
    /// <param name="directory">The folder; it is created if its parent exists.</param>
    /// <param name="type">The type of the numbers; fp32 loses nothing.</param>
    /// <param name="shardBytes">0: one file; else the largest size of one shard's tensor data.</param>
    public void Save(string directory, TensorType type = TensorType.Float32, long shardBytes = 0)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        Require.Defined(type);
        ArgumentOutOfRangeException.ThrowIfNegative(shardBytes);
        var options = new px_save_options
        {
            struct_size = (uint)sizeof(px_save_options),
            dtype = (int)type,
            shard_bytes = (ulong)shardBytes,
        };
        lock (_gate)
        {
            using HandleLease<px_model> model = Handle.Acquire();
            fixed (byte* path = Utf8.Terminated(directory))
            {
                NativeStatus.Check(NativeMethods.px_model_save(model.Pointer, (sbyte*)path, &options));
            }
        }
    }

    /// <summary>Writes a GGUF file (version 3) that llama.cpp loads, with tokenizer and chat template; beside its place and renamed.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tokenizer">The tokenizer's folder or file, as <see cref="Tokenization.Tokenizer.Load"/> takes it.</param>
    /// <param name="type">What its matrices are made of.</param>
    /// <param name="name">general.name; <see langword="null"/>: the file's name.</param>
    /// <returns>Where llama.cpp does otherwise than this library, in words for people; mostly none.</returns>
    /// <exception cref="ProximalException">
    /// The model or its tokenizer has what GGUF cannot express (named), a number does not fit the type, or the file cannot be written.
    /// </exception>
    public IReadOnlyList<string> SaveGguf(string path, string tokenizer, GgufType type = GgufType.Float16, string? name = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentException.ThrowIfNullOrEmpty(tokenizer);
        Require.Defined(type);
        var metadata = new GgufKeyValues();
        metadata.Add("general.type", "model");
        metadata.Add("general.name", name ?? Path.GetFileNameWithoutExtension(path));
        IReadOnlyList<string> notes = GgufTokenizerWriter.Write(tokenizer, Info.VocabularySize, metadata);
        SaveGguf(path, type, metadata);
        return GgufHeader.Read(path).Integer(GgufWindowKey) is { } window
            ? [.. notes, $"the model attends to the {window} tokens before each, and llama.cpp knows no such window of this architecture: texts longer than that differ there"]
            : notes;
    }

    /// <summary>Writes a GGUF file with these key-values beside those of the model.</summary>
    internal void SaveGguf(string path, GgufType type, GgufKeyValues metadata)
    {
        lock (_gate)
        {
            using HandleLease<px_model> model = Handle.Acquire();
            fixed (byte* file = Utf8.Terminated(path), values = metadata.Bytes)
            {
                var options = new px_gguf_options
                {
                    struct_size = (uint)sizeof(px_gguf_options),
                    type = (int)type,
                    metadata = values,
                    metadata_bytes = metadata.Bytes.Length,
                    metadata_count = metadata.Count,
                };
                NativeStatus.Check(NativeMethods.px_model_save_gguf(model.Pointer, (sbyte*)file, &options));
            }
        }
    }

    /// <summary>Runs the model over a batch.</summary>
    /// <param name="batch">The sequences.</param>
    /// <param name="outputs">What to compute.</param>
    /// <param name="temperature">Logits are divided by it; above 0.</param>
    /// <exception cref="ArgumentException">A token, a length or an output does not fit the model.</exception>
    /// <exception cref="ProximalException">An output is not finite.</exception>
    public ModelScores Score(PackedBatch batch, ScoreOutputs outputs, double temperature = 1)
    {
        Require.Positive(temperature);
        Validate(batch);
        CheckOutputs(outputs);
        var scores = new ModelScores(outputs, batch.Sequences, batch.Count, Info.HiddenSize);
        lock (_gate)
        {
            using HandleLease<px_model> model = Handle.Acquire();
            using var pinned = new PinnedBatch(batch);
            fixed (float* logProbs = scores.Target(ScoreOutputs.LogProbs),
                   entropies = scores.Target(ScoreOutputs.Entropies),
                   values = scores.Target(ScoreOutputs.Values),
                   perSequence = scores.Target(ScoreOutputs.Scores),
                   hidden = scores.Target(ScoreOutputs.Hidden))
            {
                var arguments = new px_score_args
                {
                    struct_size = (uint)sizeof(px_score_args),
                    temperature = temperature,
                    logprob = logProbs,
                    entropy = entropies,
                    value = values,
                    score = perSequence,
                    hidden = hidden,
                };
                px_batch native = pinned.Native;
                NativeStatus.Check(NativeMethods.px_model_score(model.Pointer, &native, &arguments));
            }
        }

        return scores;
    }

    /// <summary>Gives the model up; trainers and generators on it keep the native one until they are disposed.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            Handle.Dispose();
            _weights.Release();
        }
    }

    /// <summary>Throws unless every token and length fits the model.</summary>
    internal void Validate(PackedBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        for (int s = 0; s < batch.Sequences; s++)
        {
            ValidateSequence(batch.Sequence(s), $"Sequence {s}", nameof(batch));
        }
    }

    /// <summary>Throws unless the tokens and their number fit the model.</summary>
    internal void ValidateSequence(ReadOnlySpan<int> tokens, string what, string parameter)
    {
        if (tokens.Length > Info.ContextLength)
        {
            throw new ArgumentException(
                $"{what} has {tokens.Length} tokens; the model's context is {Info.ContextLength}.", parameter);
        }

        int bad = tokens.IndexOfAnyExceptInRange(0, Info.VocabularySize - 1);
        if (bad >= 0)
        {
            throw new ArgumentException(
                $"{what} has token {tokens[bad]} at place {bad}; the vocabulary is 0 to {Info.VocabularySize - 1}.",
                parameter);
        }
    }

    private static LanguageModel LoadAdapter(Engine engine, string adapter, string baseModel, px_model_options options)
    {
        var weights = new WeightsHandle();
        NativeStatus.Check(weights.LoadAdapter(engine.Handle, adapter, baseModel));
        return Create(engine, weights, options);
    }

    private static LanguageModel Create(Engine engine, WeightsHandle weights, px_model_options options)
    {
        try
        {
            var handle = new ModelHandle();
            NativeStatus.Check(handle.Create(weights, options));
            return new LanguageModel(engine, new SharedWeights(weights), handle);
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    private static px_model_options HeadOptions(ModelHead head, HeadInitialization initialization, ulong seed)
    {
        Require.Defined(head);
        Require.Defined(initialization);
        return new px_model_options
        {
            struct_size = (uint)sizeof(px_model_options),
            head = (int)head,
            head_init = (int)initialization,
            head_seed = seed,
        };
    }

    private void CheckOutputs(ScoreOutputs outputs)
    {
        const ScoreOutputs All = ScoreOutputs.LogProbs | ScoreOutputs.Entropies | ScoreOutputs.Values
            | ScoreOutputs.Scores | ScoreOutputs.Hidden;
        if (outputs == ScoreOutputs.None || (outputs & ~All) != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(outputs), outputs, "Expected at least one known output.");
        }

        ScoreOutputs foreign = Info.Head == ModelHead.Scalar
            ? outputs & (ScoreOutputs.LogProbs | ScoreOutputs.Entropies)
            : outputs & (ScoreOutputs.Values | ScoreOutputs.Scores);
        if (foreign != ScoreOutputs.None)
        {
            throw new ArgumentException($"A model with a {Info.Head} head cannot give {foreign}.", nameof(outputs));
        }
    }

    private ModelInfo ReadInfo(out int tensors)
    {
        using HandleLease<px_model> model = Handle.Acquire();
        var info = new px_model_info { struct_size = (uint)sizeof(px_model_info) };
        NativeStatus.Check(NativeMethods.px_model_get_info(model.Pointer, &info));
        tensors = info.tensors;
        return ModelInfo.FromNative(info);
    }

    private TensorInfo[] ReadTensors(int count)
    {
        lock (_gate)
        {
            using HandleLease<px_model> model = Handle.Acquire();
            var tensors = new TensorInfo[count];
            for (int index = 0; index < count; index++)
            {
                var info = new px_tensor_info { struct_size = (uint)sizeof(px_tensor_info) };
                NativeStatus.Check(NativeMethods.px_model_tensor(model.Pointer, index, &info));
                tensors[index] = TensorInfo.FromNative(index, info);
            }

            return tensors;
        }
    }
}
