using Proximal.Reports;

namespace Proximal.WarmStories.Report;

/// <summary>Curves of the PPO runs that the report lays side by side.</summary>
internal static class DemoCurves
{
    private const string Kl = "validation/kl";
    private const string Reward = "validation/reward/" + DemoRuns.Warmth;
    private const string Judge = "validation/reward/" + DemoRuns.JudgeName;

    /// <summary>Every measurement of a run: KL to its reference, reward and judge, on the same stories to the test prompts.</summary>
    public static IEnumerable<(int Step, double Kl, double Reward, double Judge)> AlongTheRun(RunData run) =>
        run.Curves.TryGetValue(Kl, out Curve? kl) && run.Curves.TryGetValue(Reward, out Curve? reward) && run.Curves.TryGetValue(Judge, out Curve? judge)
            ? kl.Points.Join(reward.Points, a => a.X, b => b.X, (a, b) => (Step: a.X, Kl: a.Y, Reward: b.Y))
                .Join(judge.Points, a => a.Step, b => b.X, (a, b) => ((int)a.Step, a.Kl, a.Reward, b.Y))
            : [];

    /// <summary>Reward and judge over the KL that they cost.</summary>
    public static Curve[] OverKl(RunData run) =>
    [
        new Curve("reward model", [.. AlongTheRun(run).Select(point => (point.Kl, point.Reward))]),
        new Curve("judge", [.. AlongTheRun(run).Select(point => (point.Kl, point.Judge))]),
    ];

    /// <summary>One curve of both PPO runs.</summary>
    public static Curve[] Both(DemoFigures figures, string metric) =>
    [
        .. new[] { (figures.Ppo, "fine-tuned reference"), (figures.PpoBaseReference, "base reference") }
            .Where(run => run.Item1.Curves.ContainsKey(metric))
            .Select(run => run.Item1.Curves[metric] with { Name = run.Item2 }),
    ];

    /// <summary>A curve under the name that the report gives it; none where the run has none.</summary>
    public static Curve[] Named(RunData run, params (string Metric, string Name)[] curves) =>
        [.. curves.Where(curve => run.Curves.ContainsKey(curve.Metric)).Select(curve => run.Curves[curve.Metric] with { Name = curve.Name })];
}
