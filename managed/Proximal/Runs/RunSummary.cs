using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Proximal.Data;
using Proximal.Internal;

namespace Proximal.Runs;

/// <summary>What became of a run, as <c>summary.json</c> of its folder says. METRICS.md lists the keys.</summary>
public sealed record RunSummary
{
    /// <summary>The file in the run folder.</summary>
    public const string File = "summary.json";

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter<RunState>(JsonNamingPolicy.SnakeCaseLower) },
        WriteIndented = true,
    };

    /// <summary>One of <see cref="RunKind"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>Where the run is.</summary>
    public required RunState State { get; init; }

    /// <summary>Why the run failed; <see langword="null"/>: it did not.</summary>
    public string? Message { get; init; }

    /// <summary>When the run began, UTC.</summary>
    public required DateTimeOffset Started { get; init; }

    /// <summary>When it ended, UTC; <see langword="null"/>: it has not, or was killed.</summary>
    public DateTimeOffset? Ended { get; init; }

    /// <summary>The last step that was committed.</summary>
    public int Steps { get; init; }

    /// <summary>The steps it was to have.</summary>
    public int PlannedSteps { get; init; }

    /// <summary>The tokenizer's folder or file; <see langword="null"/>: the run has none.</summary>
    public string? Tokenizer { get; init; }

    /// <summary>The version of this library.</summary>
    public string Version { get; init; } = typeof(RunSummary).Assembly.GetName().Version!.ToString(3);

    /// <summary>What was read: how many rows, and how many were left out and why.</summary>
    public IReadOnlyList<string> Data { get; init; } = [];

    /// <summary>What looked wrong, each kind once.</summary>
    public IReadOnlyList<WarningSummary> Warnings { get; init; } = [];

    /// <summary>Every metric.</summary>
    public IReadOnlyDictionary<string, CurveSummary> Metrics { get; init; } = new Dictionary<string, CurveSummary>();

    /// <summary>Reads a run's summary.</summary>
    /// <param name="folder">The run folder.</param>
    /// <returns>The summary; <see langword="null"/> when the folder has none.</returns>
    /// <exception cref="DataFileException">The file is broken.</exception>
    public static RunSummary? Read(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        string path = Path.Combine(folder, File);
        if (!System.IO.File.Exists(path))
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize<RunSummary>(System.IO.File.ReadAllBytes(path), Json)
                ?? throw new JsonException("the file holds null");
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            throw new DataFileException(path, null, $"the summary is broken ({failure.Message}); remove it: `proximal report` works without it", failure);
        }
    }

    /// <summary>The summary with the steps, warnings and metrics of rows.</summary>
    /// <param name="rows">All rows of the run, in order.</param>
    public RunSummary With(IEnumerable<MetricsRow> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        int steps = 0;
        var warnings = new OrderedDictionary<string, WarningSummary>();
        var metrics = new OrderedDictionary<string, CurveSummary>();
        foreach (MetricsRow row in rows)
        {
            steps = row.Step;
            foreach (string text in row.Warnings)
            {
                string kind = WarningSummary.KindOf(text);
                warnings[kind] = warnings.TryGetValue(kind, out WarningSummary? before)
                    ? before with { Count = before.Count + 1, LastStep = row.Step }
                    : new WarningSummary(text, 1, row.Step, row.Step);
            }

            foreach ((string name, double value) in row.Values.Where(pair => double.IsFinite(pair.Value)))
            {
                metrics[name] = metrics.TryGetValue(name, out CurveSummary? before)
                    ? before.With(row.Step, value)
                    : CurveSummary.Of(row.Step, value);
            }
        }

        return this with { Steps = steps, Warnings = [.. warnings.Values], Metrics = metrics };
    }

    /// <summary>Writes the file; a reader never sees half of it.</summary>
    /// <param name="folder">The run folder.</param>
    internal void Write(string folder) => AtomicFile.WriteText(Path.Combine(folder, File), JsonSerializer.Serialize(this, Json) + "\n");
}
