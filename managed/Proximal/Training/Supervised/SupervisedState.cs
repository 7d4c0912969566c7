namespace Proximal.Training.Supervised;

/// <summary>What a trainer remembers from step to step beside weights and moments. The order of the items follows from seed and step.</summary>
internal sealed record SupervisedState
{
    /// <summary>Steps committed.</summary>
    public int Step { get; init; }

    /// <summary>The start model, or a later one, has been measured.</summary>
    public bool Measured { get; init; }

    /// <summary>The step of the smallest validation loss.</summary>
    public int BestStep { get; init; }

    /// <summary>The smallest validation loss.</summary>
    public double BestLoss { get; init; } = double.PositiveInfinity;

    /// <summary>Validations in a row without a smaller loss.</summary>
    public int SinceBest { get; init; }
}
