using System.Text.Json;
using Proximal.ChatTemplates;
using Proximal.Data.Formats;

namespace Proximal.Data.Checking;

/// <summary>What the rows of a file are, and the names of their fields: as they were given, or as the first rows have them.</summary>
internal sealed class RowFields
{
    /// <summary>How many rows are looked at.</summary>
    public const int LookAt = 100;

    private static readonly Dictionary<string, string[]> Known = new(StringComparer.Ordinal)
    {
        [Role.Prompt] = ["prompt", "instruction", "question", "query"],
        [Role.Chosen] = ["chosen"],
        [Role.Rejected] = ["rejected"],
        [Role.Margin] = ["margin"],
        [Role.Response] = ["response", "completion", "output", "answer"],
        [Role.Text] = ["text"],
        [Role.Messages] = [ChatMessages.DefaultField],
        [Role.Split] = ["split"],
    };

    private readonly Dictionary<string, string> _names;

    private readonly HashSet<string> _toTell;

    private RowFields(Dictionary<string, string> names, HashSet<string> toTell, DataShape? shape)
    {
        _names = names;
        _toTell = toTell;
        Shape = shape;
        Roles = RolesOf(shape);
    }

    /// <summary>What the rows are; <see langword="null"/>: none of the known fields is there.</summary>
    public DataShape? Shape { get; }

    /// <summary>The texts of a row, in order.</summary>
    public string[] Roles { get; }

    /// <summary>The name of a role's field.</summary>
    public string this[string role] => _names[role];

    /// <summary>Whether a run has to be told the name of a role's field.</summary>
    public bool IsToTell(string role) => _toTell.Contains(role);

    /// <summary>Looks at the first rows of a file.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="layout">The names by which a run finds fields on its own.</param>
    /// <param name="given">The names that were given.</param>
    /// <param name="shape">What the rows are, where that was given.</param>
    public static RowFields Recognise(IReadOnlyList<JsonRow> rows, RowLayout layout, DataFieldNames given, DataShape? shape)
    {
        var toTell = new HashSet<string>(StringComparer.Ordinal);
        var found = new HashSet<string>(StringComparer.Ordinal);
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((string role, string? name) in Given(given))
        {
            string? own = FoundBy(layout, role);
            string[] candidates = name is not null ? [name] : own is not null ? [own, .. Known[role]] : Known[role];
            string? there = candidates.FirstOrDefault(candidate => rows.Any(row => row.Has(candidate)));
            names[role] = there ?? candidates[0];
            if (names[role] != role && (name is not null || names[role] != own))
            {
                toTell.Add(role);
            }

            if (there is not null)
            {
                found.Add(role);
            }
        }

        return new RowFields(names, toTell, shape ?? ShapeOf(found, rows, names, layout));
    }

    /// <summary>The names as a run of preferences is told them.</summary>
    public PreferenceFields OfPreferences() => new() { Prompt = this[Role.Prompt], Chosen = this[Role.Chosen], Rejected = this[Role.Rejected], Margin = this[Role.Margin] };

    /// <summary>The names as a run of examples is told them.</summary>
    public SftFields OfExamples() => new() { Prompt = this[Role.Prompt], Response = this[Role.Response], Text = this[Role.Text], Messages = this[Role.Messages] };

    /// <summary>The fields that a row has, for messages.</summary>
    public static string NamesIn(JsonElement row)
    {
        string names = string.Join(", ", row.EnumerateObject().Select(property => $"'{property.Name}'"));
        return names.Length > 0 ? names : "none";
    }

    private static IEnumerable<(string Role, string? Name)> Given(DataFieldNames given) =>
    [
        (Role.Prompt, given.Prompt), (Role.Chosen, given.Chosen), (Role.Rejected, given.Rejected), (Role.Margin, given.Margin),
        (Role.Response, given.Response), (Role.Text, given.Text), (Role.Messages, given.Messages), (Role.Split, given.Split),
    ];

    private static string? FoundBy(RowLayout layout, string role) => role switch
    {
        Role.Prompt => layout.Prompt,
        Role.Response => layout.Response,
        Role.Messages => layout.Messages,
        _ => null,
    };

    private static DataShape? ShapeOf(HashSet<string> found, IReadOnlyList<JsonRow> rows, Dictionary<string, string> names, RowLayout layout)
    {
        if (found.Contains(Role.Chosen) || found.Contains(Role.Rejected))
        {
            return DataShape.Preferences;
        }

        string messages = names[Role.Messages];
        bool answers = found.Contains(Role.Response)
            || rows.Any(row => row.IsList(messages) && row.Object.GetProperty(messages).EnumerateArray().LastOrDefault() is { ValueKind: JsonValueKind.Object } last && ChatMessages.IsAssistants(last));
        return answers ? rows.Any(row => row.Truth(layout.Label) is not null) ? DataShape.Judgements : DataShape.Examples
            : found.Contains(Role.Text) ? DataShape.Texts
            : found.Contains(Role.Prompt) || found.Contains(Role.Messages) ? DataShape.Prompts
            : null;
    }

    private static string[] RolesOf(DataShape? shape) => shape switch
    {
        DataShape.Preferences => [Role.Prompt, Role.Chosen, Role.Rejected],
        DataShape.Examples or DataShape.Judgements => [Role.Prompt, Role.Response],
        DataShape.Texts => [Role.Text],
        _ => [Role.Prompt],
    };
}
