using System.Text.Json;
using NUnit.Framework;

namespace Proximal.Tests.Cli;

public sealed class DoctorCommandTests
{
    [Test]
    public void A_healthy_machine_gets_a_table_and_exit_code_0()
    {
        CliRun run = CliRun.Of(string.Empty, "doctor");
        Assert.Multiple(() =>
        {
            Assert.That(run.Code, Is.Zero, run.Output);
            Assert.That(run.Error, Is.Empty);
            Assert.That(run.Output, Does.Contain("native library").And.Contain("GFLOP/s").And.Contain("Healthy"));
            Assert.That(run.Output, Does.Not.Contain("\u001b"));
        });
    }

    [Test]
    public void Json_holds_every_finding()
    {
        CliRun run = CliRun.Of(string.Empty, "doctor", "--json");
        JsonElement report = JsonElement.Parse(run.Output);
        Assert.Multiple(() =>
        {
            Assert.That(report.GetProperty("healthy").GetBoolean(), Is.True);
            Assert.That(
                report.GetProperty("findings").EnumerateArray().Select(finding => finding.GetProperty("topic").GetString()),
                Is.SupersetOf(new[] { "Proximal", ".NET", "cores", "native library", "ABI version" }));
        });
    }
}
