namespace Proximal.Tests.Golden;

/// <summary>What our side computed for a case, in the shapes of the expected outputs.</summary>
internal sealed class RlOutcome
{
    private readonly Dictionary<string, RlOutput> _outputs = [];

    public IReadOnlyDictionary<string, RlOutput> Outputs => _outputs;

    /// <summary>An output of which every number counts.</summary>
    /// <param name="name">As the file calls it.</param>
    /// <param name="values">The numbers, row-major.</param>
    /// <param name="computedInDouble">Not through a float32 kernel: to be compared more closely.</param>
    /// <param name="scale">Multiplies both sides before they are compared, where numbers are small by nature.</param>
    public RlOutcome Add(string name, IReadOnlyList<double> values, bool computedInDouble = false, double scale = 1)
    {
        _outputs.Add(name, new RlOutput([.. values], Compare: null, computedInDouble, scale));
        return this;
    }

    public RlOutcome Add(string name, double value, bool computedInDouble = false) => Add(name, [value], computedInDouble);

    /// <summary>An output of which only the positions with a token count.</summary>
    public RlOutcome Add(string name, IReadOnlyList<double> values, GoldenTensor compare)
    {
        _outputs.Add(name, new RlOutput([.. values], compare.Data, ComputedInDouble: false, Scale: 1));
        return this;
    }

    /// <summary>Puts what numerics.md says in the place of what the reference gives.</summary>
    public RlOutcome Settle(string name, int index, double expected)
    {
        _outputs[name].Settled[index] = expected;
        return this;
    }
}
