using NUnit.Framework;
using Proximal.Diagnostics;

namespace Proximal.Tests.Interop;

public sealed class DoctorTests
{
    private const string CoreType = "OPENBLAS_CORETYPE";

    [Test]
    public void The_report_names_library_versions_and_machine()
    {
        DoctorReport report = Doctor.Run();
        Assert.Multiple(() =>
        {
            foreach (string topic in new[] { "Proximal", ".NET", "cores", "memory", "native library", "ABI version", "GPU", "loaded" })
            {
                Assert.That(report.About(topic), Is.Not.Empty, topic);
            }

            Assert.That(report.About("loaded").Select(finding => finding.Value), Has.Some.EndsWith("libproximal.so"));
            Assert.That(report.Findings.Select(finding => finding.Value), Has.None.Empty);
        });
    }

    [Test]
    public void An_engine_without_a_backend_is_an_error_and_not_an_exception()
    {
        using var engine = new Engine(new EngineOptions { Backend = EngineBackend.Core });
        DoctorReport report = Doctor.Run(engine);
        Assert.That(report.Healthy, Is.False);
        Assert.That(report.About("backend").Single().Severity, Is.EqualTo(DoctorSeverity.Error));
    }

    [Test]
    public void A_forced_core_type_is_a_warning()
    {
        string? before = Environment.GetEnvironmentVariable(CoreType);
        using var engine = new Engine(new EngineOptions { Backend = EngineBackend.Core });
        try
        {
            Environment.SetEnvironmentVariable(CoreType, "Prescott");
            Assert.That(Doctor.Run(engine).About(CoreType).Single().Severity, Is.EqualTo(DoctorSeverity.Warning));
            Environment.SetEnvironmentVariable(CoreType, null);
            Assert.That(Doctor.Run(engine).About(CoreType).Single().Severity, Is.EqualTo(DoctorSeverity.Information));
        }
        finally
        {
            Environment.SetEnvironmentVariable(CoreType, before);
        }
    }
}
