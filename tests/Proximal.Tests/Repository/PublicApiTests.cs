using System.Reflection;
using NUnit.Framework;
using Proximal.Tests.Interop;

namespace Proximal.Tests.Repository;

/// <summary>
/// The public surface of the library is a committed text: what a change adds to it is a diff to be read, what it takes away or
/// alters breaks somebody's program and is named.
/// </summary>
public sealed class PublicApiTests
{
    private const string UpdateVariable = "PROXIMAL_UPDATE_API";

    [Test]
    public void The_public_surface_is_the_committed_one()
    {
        string path = Tool.InRepository("managed", "Proximal", "PublicApi.txt");
        string[] now = PublicApi.Of(typeof(Engine).Assembly);
        if (Environment.GetEnvironmentVariable(UpdateVariable) == "1")
        {
            File.WriteAllLines(path, now);
        }

        string[] committed = File.Exists(path) ? File.ReadAllLines(path) : [];
        Assert.That(Difference(committed, now), Is.Empty, $"{UpdateVariable}=1 ./proximal test --filter PublicApi writes managed/Proximal/PublicApi.txt anew");
    }

    [Test]
    public void The_bindings_are_nobody_elses() => Assert.That(PublicApi.Of(Assembly.Load("Proximal.Interop")), Is.Empty);

    [Test]
    public void Additions_and_removals_are_named() =>
        Assert.That(
            Difference(["A.B.Old(): int", "A.B.Same: int {get;}"], ["A.B.New(): int", "A.B.Same: int {get;}"]),
            Is.EqualTo(new[] { "removed, which breaks its users: A.B.Old(): int", "added: A.B.New(): int" }));

    [Test]
    public void Lines_say_what_a_caller_sees()
    {
        string[] lines = PublicApi.Of(typeof(Engine).Assembly);
        Assert.Multiple(() =>
        {
            Assert.That(lines, Does.Contain("Proximal.Engine: sealed class : System.IDisposable"));
            Assert.That(lines, Does.Contain("Proximal.EngineOptions.Threads: System.Int32 {get; init;}"));
            Assert.That(lines, Does.Contain("Proximal.EngineOptions.Logger: Microsoft.Extensions.Logging.ILogger? {get; init;}"));
            Assert.That(lines, Is.Unique.And.None.Contains("<Clone>"));
        });
    }

    private static string[] Difference(string[] committed, string[] now) =>
    [
        .. committed.Except(now).Select(line => $"removed, which breaks its users: {line}"),
        .. now.Except(committed).Select(line => $"added: {line}"),
    ];
}
