using Proximal.Models;

namespace Proximal.Tests.Golden;

/// <summary>
/// What a model says of one golden sequence, by rows: row i is the model's output after token i. The library speaks of
/// targets (entry i of token i given those before it), so one more token is appended to see the last row.
/// </summary>
internal sealed class RowScores
{
    private const int Appended = 1;

    private readonly LanguageModel _model;
    private readonly ModelScores _extended;
    private readonly ModelScores _plain;
    private readonly int _extendedStart;
    private readonly int _plainStart;
    private readonly int _place;
    private readonly int _length;

    private RowScores(
        LanguageModel model, int sequence, int place, PackedBatch batch, PackedBatch plain, ModelScores extended, ModelScores plainScores)
    {
        _model = model;
        Sequence = sequence;
        _place = place;
        _extended = extended;
        _plain = plainScores;
        _extendedStart = (int)batch.Offsets[place];
        _plainStart = (int)plain.Offsets[place];
        _length = (int)(plain.Offsets[place + 1] - plain.Offsets[place]);
    }

    /// <summary>Which of the folder's sequences.</summary>
    public int Sequence { get; }

    /// <summary>[n - 1] log-prob of the next token after each row but the last.</summary>
    public double[] LogProbs => Widen(_plain.LogProbs.AsSpan(_plainStart + 1, _length - 1));

    /// <summary>[n] entropy of each row's distribution.</summary>
    public double[] Entropies => Widen(_extended.Entropies.AsSpan(_extendedStart + 1, _length));

    /// <summary>[n] scalar head at each row.</summary>
    public double[] Values => Widen(_extended.Values.AsSpan(_extendedStart + 1, _length));

    /// <summary>Scalar head at the last row.</summary>
    public double Score => _plain.Scores[_place];

    /// <summary>[n][H] last hidden state after the final norm.</summary>
    public double[][] Hidden =>
    [
        .. Enumerable.Range(_plainStart, _length)
            .Select(row => Widen(_plain.Hidden.AsSpan(row * _model.Info.HiddenSize, _model.Info.HiddenSize))),
    ];

    /// <summary>Every sequence alone, then all of them packed end to end.</summary>
    public static IEnumerable<RowScores> OneByOneAndPacked(LanguageModel model, ModelCase one, double temperature)
    {
        int[][] ids = [.. one.Sequences.Select(sequence => ModelCase.Ids(sequence))];
        for (int s = 0; s < ids.Length; s++)
        {
            yield return Run(model, [s], [ids[s]], temperature).Single();
        }

        foreach (RowScores packed in Run(model, [.. Enumerable.Range(0, ids.Length)], ids, temperature))
        {
            yield return packed;
        }
    }

    /// <summary>[n][V] logits of each row.</summary>
    public double[][] Logits() =>
    [
        .. Enumerable.Range(_plainStart, _length)
            .Select(row => HeadProduct.Of(_model, _plain.Hidden.AsSpan(row * _model.Info.HiddenSize))),
    ];

    private static IEnumerable<RowScores> Run(LanguageModel model, int[] sequences, int[][] ids, double temperature)
    {
        bool scalar = model.Info.Head == ModelHead.Scalar;
        PackedBatch batch = PackedBatch.Pack([.. ids.Select(one => (int[])[.. one, Appended])]);
        PackedBatch plain = PackedBatch.Pack(ids);
        ModelScores extended = model.Score(batch, scalar ? ScoreOutputs.Values : ScoreOutputs.Entropies, temperature);
        ModelScores plainScores = model.Score(
            plain, (scalar ? ScoreOutputs.Scores : ScoreOutputs.LogProbs) | ScoreOutputs.Hidden, temperature);
        return sequences.Select((sequence, place) => new RowScores(model, sequence, place, batch, plain, extended, plainScores));
    }

    private static double[] Widen(ReadOnlySpan<float> values)
    {
        double[] wide = new double[values.Length];
        for (int i = 0; i < wide.Length; i++)
        {
            wide[i] = values[i];
        }

        return wide;
    }
}
