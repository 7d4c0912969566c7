using System.Text.Json;
using Proximal.ChatTemplates;

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

    private RowFields(Dictionary<string, string> names, DataShape? shape)
    {
        _names = names;
        Shape = shape;
        Roles = RolesOf(shape);
    }

    /// <summary>What the rows are; <see langword="null"/>: none of the known fields is there.</summary>
    public DataShape? Shape { get; }

    /// <summary>The texts of a row, in order.</summary>
    public string[] Roles { get; }

    /// <summary>The name of a role's field.</summary>
    public string this[string role] => _names[role];

    /// <summary>Looks at the first rows of a file.</summary>
    public static RowFields Recognise(IReadOnlyList<JsonRow> rows, DataFieldNames given, DataShape? shape)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((string role, string? name) in Given(given))
        {
            string[] candidates = name is null ? Known[role] : [name];
            string? there = candidates.FirstOrDefault(candidate => rows.Any(row => row.Has(candidate)));
            names[role] = there ?? candidates[0];
            if (there is not null)
            {
                found.Add(role);
            }
        }

        return new RowFields(names, shape ?? ShapeOf(found, rows, names[Role.Messages]));
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

    private static DataShape? ShapeOf(HashSet<string> found, IReadOnlyList<JsonRow> rows, string messages) =>
        found.Contains(Role.Chosen) || found.Contains(Role.Rejected) ? DataShape.Preferences
        : found.Contains(Role.Response) ? DataShape.Examples
        : rows.Any(row => row.IsList(messages) && row.Object.GetProperty(messages).EnumerateArray().LastOrDefault() is { ValueKind: JsonValueKind.Object } last && ChatMessages.IsAssistants(last)) ? DataShape.Examples
        : found.Contains(Role.Text) ? DataShape.Texts
        : found.Contains(Role.Prompt) || found.Contains(Role.Messages) ? DataShape.Prompts
        : null;

    private static string[] RolesOf(DataShape? shape) => shape switch
    {
        DataShape.Preferences => [Role.Prompt, Role.Chosen, Role.Rejected],
        DataShape.Examples => [Role.Prompt, Role.Response],
        DataShape.Texts => [Role.Text],
        _ => [Role.Prompt],
    };
}
