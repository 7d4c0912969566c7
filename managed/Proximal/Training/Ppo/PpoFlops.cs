using Proximal.Models;

namespace Proximal.Training.Ppo;

/// <summary>
/// The arithmetic of a PPO step's models, without those of rewards. In passes a prompt counts with each of its samples,
/// though the engine computes it once for those that go through together.
/// </summary>
internal static class PpoFlops
{
    /// <summary>FLOP of generating: prompts that repeat count once, and each token is computed once.</summary>
    public static double Rollout(Rollout rollout, ModelInfo actor, int samplesPerPrompt) =>
        Sum(rollout, (s, prompt, end) =>
            (s % samplesPerPrompt == 0 ? ModelFlops.Forward(actor, 0, prompt, 1) : 0)
            + ModelFlops.Forward(actor, prompt, end, end - prompt));

    /// <summary>FLOP of one forward pass of a model over all sequences, with its head at the responses.</summary>
    public static double Pass(Rollout rollout, ModelInfo model) =>
        Sum(rollout, (_, prompt, end) => ModelFlops.Forward(model, 0, end, end - prompt));

    private static double Sum(Rollout rollout, Func<int, long, long, double> ofSequence) =>
        Enumerable.Range(0, rollout.Sequences).Sum(
            s => ofSequence(s, rollout.PromptLengths[s], rollout.Offsets[s + 1] - rollout.Offsets[s]));
}
