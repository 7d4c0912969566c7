namespace Proximal.Models;

/// <summary>What a model said about a batch. Reading an output that was not asked for throws.</summary>
public sealed class ModelScores
{
    private readonly float[]? _logProbs;
    private readonly float[]? _entropies;
    private readonly float[]? _values;
    private readonly float[]? _scores;
    private readonly float[]? _hidden;

    internal ModelScores(ScoreOutputs outputs, int sequences, int count, int hiddenSize)
    {
        _logProbs = outputs.HasFlag(ScoreOutputs.LogProbs) ? new float[count] : null;
        _entropies = outputs.HasFlag(ScoreOutputs.Entropies) ? new float[count] : null;
        _values = outputs.HasFlag(ScoreOutputs.Values) ? new float[count] : null;
        _scores = outputs.HasFlag(ScoreOutputs.Scores) ? new float[sequences] : null;
        _hidden = outputs.HasFlag(ScoreOutputs.Hidden) ? new float[checked(count * hiddenSize)] : null;
        Outputs = outputs;
    }

    /// <summary>What was computed.</summary>
    public ScoreOutputs Outputs { get; }

    /// <summary>[N] log softmax(logits / T)[token] in nats; 0 for the first token of a sequence and at weight 0.</summary>
    public float[] LogProbs => _logProbs ?? throw NotAskedFor(ScoreOutputs.LogProbs);

    /// <summary>[N] entropy of softmax(logits / T) in nats; 0 for the first token of a sequence and at weight 0.</summary>
    public float[] Entropies => _entropies ?? throw NotAskedFor(ScoreOutputs.Entropies);

    /// <summary>[N] the scalar head at the position before each token; 0 for the first token and at weight 0.</summary>
    public float[] Values => _values ?? throw NotAskedFor(ScoreOutputs.Values);

    /// <summary>[S] the scalar head at each sequence's last token.</summary>
    public float[] Scores => _scores ?? throw NotAskedFor(ScoreOutputs.Scores);

    /// <summary>[N, H] hidden states, row-major.</summary>
    public float[] Hidden => _hidden ?? throw NotAskedFor(ScoreOutputs.Hidden);

    /// <summary>The array of an output, or <see langword="null"/> when it is not wanted.</summary>
    internal float[]? Target(ScoreOutputs output) => output switch
    {
        ScoreOutputs.LogProbs => _logProbs,
        ScoreOutputs.Entropies => _entropies,
        ScoreOutputs.Values => _values,
        ScoreOutputs.Scores => _scores,
        _ => _hidden,
    };

    private InvalidOperationException NotAskedFor(ScoreOutputs output) =>
        new($"{output} were not computed: Score was asked for {Outputs}.");
}
