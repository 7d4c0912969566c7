using Proximal.Data;
using Proximal.Runs;

namespace Proximal.Reports;

/// <summary>What a run folder says, read back.</summary>
/// <remarks>A last row that was cut when the run was killed is left out; any other broken row is an error.</remarks>
public sealed class RunData
{
    private RunData(string path)
    {
        Path = path;
    }

    /// <summary>The folder, absolute.</summary>
    public string Path { get; }

    /// <summary>The folder's name.</summary>
    public string Name => System.IO.Path.GetFileName(System.IO.Path.TrimEndingDirectorySeparator(Path));

    /// <summary>The run's options as YAML; empty when the folder has none.</summary>
    public string Configuration { get; private init; } = string.Empty;

    /// <summary>What became of the run; without a summary.json: what the metrics say.</summary>
    public RunSummary? Summary { get; private init; }

    /// <summary>Every metric by its name, in the order in which they were first written.</summary>
    public IReadOnlyDictionary<string, Curve> Curves { get; private init; } = new Dictionary<string, Curve>();

    /// <summary>What looked wrong, each kind once.</summary>
    public IReadOnlyList<WarningSummary> Warnings { get; private init; } = [];

    /// <summary>The last step of the metrics.</summary>
    public int LastStep { get; private init; }

    /// <summary>Reads the configuration, summary and metrics of a run.</summary>
    /// <param name="path">The run folder.</param>
    /// <exception cref="DataFileException">The folder is no run, or a row is broken.</exception>
    public static RunData Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string folder = System.IO.Path.GetFullPath(path);
        var points = new OrderedDictionary<string, List<(double, double)>>();
        IEnumerable<MetricsRow> rows = MetricsReader.Read(folder).Select(row =>
        {
            Collect(row, points);
            return row;
        });
        RunSummary whole = new RunSummary { Kind = string.Empty, State = RunState.Running, Started = default }.With(rows);
        string configuration = System.IO.Path.Combine(folder, RunFolder.ConfigurationFile);
        return new RunData(folder)
        {
            Configuration = File.Exists(configuration) ? File.ReadAllText(configuration) : string.Empty,
            Summary = RunSummary.Read(folder),
            Curves = new OrderedDictionary<string, Curve>(points.Select(pair => KeyValuePair.Create(pair.Key, new Curve(pair.Key, pair.Value)))),
            Warnings = whole.Warnings,
            LastStep = whole.Steps,
        };
    }

    private static void Collect(MetricsRow row, OrderedDictionary<string, List<(double X, double Y)>> points)
    {
        foreach ((string name, double value) in row.Values.Where(pair => double.IsFinite(pair.Value)))
        {
            if (!points.TryGetValue(name, out List<(double X, double Y)>? curve))
            {
                points[name] = curve = [];
            }

            curve.Add((row.Step, value));
        }
    }
}
