namespace Proximal.Training.Ppo;

/// <summary>The learning rates of actor and critic over the run's optimizer steps.</summary>
internal sealed class PpoSchedules
{
    private const double CriticRate = 1e-5;

    private readonly double _actorRate;
    private readonly double _criticRate;
    private readonly LearningRateSchedule _actor;
    private readonly LearningRateSchedule _critic;

    /// <param name="options">The run.</param>
    /// <param name="actorParameters">Parameters of the actor: they decide its default rate.</param>
    public PpoSchedules(PpoOptions options, long actorParameters)
    {
        long perStep = (long)options.Epochs * options.Minibatches;
        _actorRate = options.Actor.LearningRate ?? DefaultActorRate(actorParameters);
        _criticRate = options.Critic.LearningRate ?? CriticRate;
        _actor = options.Actor.CreateSchedule((options.Steps - options.CriticWarmupSteps) * perStep);
        _critic = options.Critic.CreateSchedule(options.Steps * perStep);
    }

    /// <summary>The actor's rate for its next optimizer step.</summary>
    /// <param name="steps">Optimizer steps it has done.</param>
    public double Actor(long steps) => _actorRate * _actor.Factor(steps);

    /// <summary>The critic's rate for its next optimizer step.</summary>
    /// <param name="steps">Optimizer steps it has done.</param>
    public double Critic(long steps) => _criticRate * _critic.Factor(steps);

    private static double DefaultActorRate(long parameters) => parameters switch
    {
        <= 200_000_000 => 1e-5,
        <= 3_000_000_000 => 3e-6,
        _ => 1e-6,
    };
}
