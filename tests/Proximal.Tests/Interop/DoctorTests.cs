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
    public void The_engines_own_backend_is_described([Values] EngineProducts products)
    {
        using var engine = new Engine(new EngineOptions { Backend = EngineBackend.Core, Products = products });
        DoctorReport report = Doctor.Run(engine);
        Assert.That(report.Healthy, Is.True);
        Assert.That(report.About("backend name").Single().Value, Is.EqualTo("core"));
        Assert.That(report.About("backend products").Single().Value, Is.EqualTo(products == EngineProducts.Bf16 ? "bf16" : "f32"));
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
