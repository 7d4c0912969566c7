using Proximal.Tests.Cli;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;
using Proximal.Internal;
using Proximal.Interop;

namespace Proximal.Tests.Interop;

public sealed class EngineTests
{
    [Test]
    public void Engine_describes_itself_as_json_with_its_threads()
    {
        using var engine = new Engine(new EngineOptions { Threads = 3, Logger = NullLogger.Instance });
        Assert.That(engine.Describe(), Does.Contain("\"threads\":3"));
    }

    [Test]
    public void Live_handles_follow_the_engine()
    {
        long before = Engine.LiveHandles()["engine"];
        using (var engine = new Engine())
        {
            Assert.That(Engine.LiveHandles()["engine"], Is.EqualTo(before + 1));
        }

        Assert.That(Engine.LiveHandles()["engine"], Is.EqualTo(before));
    }

    [Test]
    public void A_disposed_engine_says_so()
    {
        var engine = new Engine();
        engine.Dispose();
        engine.Dispose();
        Assert.That(() => engine.Memory, Throws.InstanceOf<ObjectDisposedException>());
    }

    [TestCase(-1)]
    [TestCase(1025)]
    public void Threads_out_of_range_are_refused_in_managed_code(int threads) =>
        Assert.That(
            () => new Engine(new EngineOptions { Threads = threads }),
            Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.Contains("Threads"));

    [Test]
    public void A_native_argument_error_names_function_argument_expected_and_got()
    {
        using var engine = new Engine();
        Assert.That(
            () => engine.MeasureGemm(0, 1),
            Throws.InstanceOf<ArgumentException>().With.Message.Contains("px_engine_measure_gemm: n: expected 1 to 8192, got 0"));
    }

    [Test]
    public void LibTorch_with_products_in_bfloat16_is_refused()
    {
        var exception = Assert.Throws<ArgumentOutOfRangeException>(
            () => new Engine(new EngineOptions { Backend = EngineBackend.Torch, Products = EngineProducts.Bf16 }));
        Assert.That(exception.Message, Does.Contain("Products").And.Contain("EngineBackend.Core"));
    }

    [TestCase("PROXIMAL_BACKEND", "rocket", "core or torch")]
    [TestCase("PROXIMAL_PRODUCTS", "fp8", "f32 or bf16")]
    public void An_environment_that_names_nothing_known_is_refused(string variable, string value, string expected)
    {
        CliRun run = CliProcess.Shell($"export {variable}={value}; exec \"$@\"", "doctor");
        Assert.That(run.Code, Is.Not.Zero);
        Assert.That(run.Output + run.Error, Does.Contain($"environment {variable}: expected {expected}, got '{value}'"));
    }

    [Test]
    public void Every_status_has_its_exception()
    {
        Assert.Multiple(() =>
        {
            foreach (px_status status in Enum.GetValues<px_status>().Where(status => status != px_status.PX_OK))
            {
                Exception exception = NativeStatus.ToException(status, "px_function: argument: expected 1, got 2");
                Assert.That(exception.Message, Does.Contain("argument: expected 1, got 2"));
                Assert.That(exception, Is.InstanceOf(ExpectedException(status)), status.ToString());
                if (exception is ProximalException failure)
                {
                    Assert.That(failure.Function, Is.EqualTo("px_function"));
                    Assert.That((int)failure.Status, Is.EqualTo((int)status));
                }
            }
        });
    }

    [Test]
    public void Public_status_mirrors_the_native_one() =>
        Assert.That(
            Enum.GetValues<ProximalStatus>().Select(status => $"{status}={(int)status}"),
            Is.EqualTo(Enum.GetValues<px_status>().Select(status => $"{PascalCase(status.ToString())}={(int)status}")));

    private static Type ExpectedException(px_status status) => status switch
    {
        px_status.PX_INVALID_ARGUMENT or px_status.PX_SHAPE_MISMATCH => typeof(ArgumentException),
        px_status.PX_CANCELLED => typeof(OperationCanceledException),
        px_status.PX_OUT_OF_MEMORY or px_status.PX_DEVICE_OUT_OF_MEMORY => typeof(ProximalOutOfMemoryException),
        _ => typeof(ProximalException),
    };

    private static string PascalCase(string constant) =>
        string.Concat(constant["PX_".Length..].Split('_').Select(word => word[0] + word[1..].ToLowerInvariant()));
}
