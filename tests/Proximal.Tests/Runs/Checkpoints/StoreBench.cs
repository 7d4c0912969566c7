using Proximal.Runs.Checkpoints;
using Proximal.Tests.Models;

namespace Proximal.Tests.Runs.Checkpoints;

/// <summary>Checkpoints of a few small files, without any model.</summary>
internal sealed class StoreBench : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public StoreBench(CheckpointOptions? options = null) => Store = Of(options);

    public CheckpointStore Store { get; }

    public List<string> Warnings { get; } = [];

    public string Path(params string[] parts) => _folder[[CheckpointStore.FolderName, .. parts]];

    public CheckpointStore Of(CheckpointOptions? options) => new(System.IO.Path.GetDirectoryName(_folder[CheckpointStore.FolderName])!, options ?? new CheckpointOptions());

    public void Save(int step, Dictionary<string, double>? metrics = null, CheckpointStore? store = null, Action? during = null) =>
        (store ?? Store).Save(
            new CheckpointState
            {
                Kind = "test",
                Step = step,
                Version = "0",
                Threads = 1,
                Files = new Dictionary<string, long> { ["metrics.jsonl"] = step * 100 },
                Inputs = new Dictionary<string, string>(),
                Metrics = metrics ?? [],
                Latest = metrics ?? [],
            },
            "seed: 1\n",
            tokenizerPath: null,
            new Content(step, during));

    public Checkpoint? Latest() => Store.Latest(failure => Warnings.Add(failure.Message));

    /// <summary>The names of what lies in the folder.</summary>
    public string[] Names() => [.. Directory.EnumerateFileSystemEntries(Path()).Select(System.IO.Path.GetFileName).Order()!];

    public void Dispose() => _folder.Dispose();

    /// <summary>What the state of a content says.</summary>
    internal sealed record Cargo(int Step, double Third, ulong Large);

    private sealed class Content(int step, Action? during) : ICheckpointed
    {
        public int CommittedSteps => step;

        public void Save(CheckpointWriter checkpoint)
        {
            Directory.CreateDirectory(System.IO.Path.Combine(checkpoint.Folder, "actor"));
            File.WriteAllBytes(System.IO.Path.Combine(checkpoint.Folder, "actor", "weights"), [.. Enumerable.Range(0, 300).Select(i => (byte)(i * step))]);
            during?.Invoke();
            File.WriteAllText(System.IO.Path.Combine(checkpoint.Folder, "moments"), $"step {step}");
            checkpoint.SetState(new Cargo(step, step / 3.0, ulong.MaxValue - (ulong)step));
        }

        public void Restore(Checkpoint checkpoint) => throw new NotSupportedException();
    }
}
