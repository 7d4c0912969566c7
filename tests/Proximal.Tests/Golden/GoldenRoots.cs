using System.Text.Json;
using NUnit.Framework;
using Proximal.Tests.Interop;

namespace Proximal.Tests.Golden;

/// <summary>
/// Finds the golden files: under the roots that PROXIMAL_GOLDEN lists, else under tests/golden of the repository and
/// ../shared/golden beside it. Of files with the same path below their roots the first root's is taken.
/// </summary>
internal static class GoldenRoots
{
    /// <summary>Lists the roots, separated as in PATH.</summary>
    public const string RootsVariable = "PROXIMAL_GOLDEN";

    /// <summary>Names the folder of models and tokenizers that golden files refer to.</summary>
    public const string DataVariable = "PROXIMAL_DATA";

    /// <summary>The file that makes a folder a golden one.</summary>
    public const string FolderFile = "golden.json";

    private static readonly Lazy<IReadOnlyList<GoldenFile>> EveryFile = new(FindAll);

    /// <summary>Whether the roots were named by PROXIMAL_GOLDEN.</summary>
    public static bool AreSet => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(RootsVariable));

    /// <summary>The roots in the order in which they win; those that are not set may be missing.</summary>
    public static IReadOnlyList<string> Roots { get; } = FindRoots();

    /// <summary>Models and tokenizers that do not belong to a golden folder; may be missing when not set.</summary>
    public static string Data { get; } = Path.GetFullPath(
        Environment.GetEnvironmentVariable(DataVariable) is { Length: > 0 } set
            ? set
            : Tool.InRepository("..", "shared", "data"));

    /// <summary>The golden files of a kind, in the order of their paths. Empty when there are none: see <see cref="Demand"/>.</summary>
    public static IEnumerable<GoldenFile> Of(GoldenKind kind) => EveryFile.Value.Where(file => file.Kind == kind);

    /// <summary>
    /// Fails when roots are set but hold nothing of a kind, or one of them holds nothing at all; skips when the default
    /// roots hold nothing of it.
    /// </summary>
    public static void Demand(GoldenKind kind)
    {
        foreach (string root in AreSet ? Roots : [])
        {
            Assert.That(Directory.Exists(root), $"{RootsVariable} names {root}, which is not a folder");
            Assert.That(Scan(root), Is.Not.Empty, $"{RootsVariable} names {root}, which holds no golden file of any kind");
        }

        if (!Of(kind).Any())
        {
            string message = $"no golden file of kind {kind} under {string.Join(" or ", Roots)}";
            Assert.That(!AreSet, $"{RootsVariable} is set, but there is {message}");
            Assert.Ignore(message);
        }
    }

    /// <summary>
    /// The path of a model or tokenizer that a golden file names: beside the file, else under the data folder;
    /// <see langword="null"/> when it is in neither.
    /// </summary>
    public static string? Locate(GoldenFile file, string named) =>
        new[] { Path.Combine(file.Folder, named), Path.Combine(Data, named) }
            .Select(Path.GetFullPath)
            .FirstOrDefault(path => File.Exists(path) || Directory.Exists(path));

    private static string[] FindRoots() => AreSet
        ? [.. Environment.GetEnvironmentVariable(RootsVariable)!
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(Path.GetFullPath)]
        : [Tool.InRepository("tests", "golden"), Path.GetFullPath(Tool.InRepository("..", "shared", "golden"))];

    private static IReadOnlyList<GoldenFile> FindAll() =>
    [
        .. Roots.SelectMany(Scan)
            .DistinctBy(file => file.RelativePath)
            .OrderBy(file => file.RelativePath, StringComparer.Ordinal),
    ];

    private static IEnumerable<GoldenFile> Scan(string root)
    {
        if (!Directory.Exists(root))
        {
            yield break;
        }

        foreach (string path in Directory.EnumerateFiles(root, "*.json", SearchOption.AllDirectories))
        {
            if (Classify(path) is { } kind)
            {
                yield return new GoldenFile(kind, root, Path.GetRelativePath(root, path).Replace('\\', '/'));
            }
        }
    }

    private static GoldenKind? Classify(string path)
    {
        using JsonDocument document = Parse(path);
        if (document.RootElement.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        JsonElement json = document.RootElement;
        if (Path.GetFileName(path) == FolderFile)
        {
            return ClassifyFolder(Path.GetDirectoryName(path)!, json);
        }

        return Has(json, "config", "rollout", "epochs") ? GoldenKind.PpoUpdate
            : Has(json, "format", "operation", "cases") ? GoldenKind.Rl
            : Has(json, "template", "special_tokens", "cases") || Has(json, "fragments", "variables") ? GoldenKind.ChatTemplate
            : Has(json, "gguf") || File.Exists(Path.ChangeExtension(path, ".gguf")) ? GoldenKind.Gguf
            : null;
    }

    private static GoldenKind? ClassifyFolder(string folder, JsonElement json) =>
        HasFile(folder, "config.json", "adapter_config.json") && Has(json, "sequences") ? GoldenKind.Model
        : Has(json, "cases") && (HasFile(folder, "tokenizer.json", "vocab.json") || Has(json, "source"))
            ? GoldenKind.Tokenizer
        : null;

    private static JsonDocument Parse(string path)
    {
        try
        {
            using FileStream stream = File.OpenRead(path);
            return JsonDocument.Parse(stream);
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"{path} is no JSON: {exception.Message}", exception);
        }
    }

    private static bool Has(JsonElement json, params string[] names) =>
        names.All(name => json.TryGetProperty(name, out _));

    private static bool HasFile(string folder, params string[] names) =>
        names.Any(name => File.Exists(Path.Combine(folder, name)));
}
