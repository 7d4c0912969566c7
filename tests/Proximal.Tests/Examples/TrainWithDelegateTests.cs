using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using NUnit.Framework;
using Proximal.Tests.Cli;

namespace Proximal.Tests.Examples;

/// <summary>Forty lines that train the embedded model with a function as the reward.</summary>
public sealed partial class TrainWithDelegateTests
{
    [Test]
    public void The_stories_get_more_of_what_the_function_wants()
    {
        using Process process = ExampleProcess.Start("TrainWithDelegate", "5");
        CliRun run = CliProcess.End(process);
        Assert.That(run.Code, Is.Zero, run.Error);
        double[] rewards = [.. Told().Matches(run.Output).Select(told => double.Parse(told.Groups[1].Value, CultureInfo.InvariantCulture))];
        Assert.Multiple(() =>
        {
            Assert.That(rewards, Has.Length.EqualTo(2), run.Output);
            Assert.That(rewards[1], Is.GreaterThan(rewards[0]), run.Output);
            Assert.That(run.Output.Split('\n').Count(line => line.StartsWith("step ", StringComparison.Ordinal)), Is.EqualTo(5));
        });
    }

    [GeneratedRegex(@"^(?:before|after): reward (\d\.\d\d)\n  One day, a little girl.", RegexOptions.Multiline)]
    private static partial Regex Told();
}
