namespace Proximal.Training.Ppo;

/// <summary>What one optimizer step of actor and critic saw and did. Metrics are those before the weights changed.</summary>
public sealed record PpoMinibatch
{
    /// <summary>The epoch, from 0.</summary>
    public required int Epoch { get; init; }

    /// <summary>The place in the epoch, from 0.</summary>
    public required int Index { get; init; }

    /// <summary>What the weighted sums of token losses were divided by.</summary>
    public required double Normalizer { get; init; }

    /// <summary>Sums of the policy's objective.</summary>
    public required ObjectiveMetrics Policy { get; init; }

    /// <summary>Sums of the critic's objective.</summary>
    public required ObjectiveMetrics Value { get; init; }

    /// <summary>The actor's step; <see langword="null"/>: the critic was warming up.</summary>
    public required StepResult? ActorStep { get; init; }

    /// <summary>The critic's step.</summary>
    public required StepResult CriticStep { get; init; }

    /// <summary>The actor's learning rate; 0 while the critic warms up.</summary>
    public required double ActorLearningRate { get; init; }

    /// <summary>The critic's learning rate.</summary>
    public required double CriticLearningRate { get; init; }

    /// <summary>Mean cross-entropy of the supervised examples that were mixed in; NaN: none were.</summary>
    public double PtxLoss { get; init; } = double.NaN;

    /// <summary>The policy loss with every term.</summary>
    public double PolicyLoss => Policy.Loss;

    /// <summary>The value loss.</summary>
    public double ValueLoss => Value.Loss;
}
