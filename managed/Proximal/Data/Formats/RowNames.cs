namespace Proximal.Data.Formats;

/// <summary>The names of fields that were given; <see langword="null"/>: the format's own.</summary>
internal sealed record RowNames
{
    public static RowNames None { get; } = new();

    public string? Prompt { get; init; }

    public string? Response { get; init; }

    public string? Text { get; init; }

    public string? Messages { get; init; }

    public string? Chosen { get; init; }

    public string? Rejected { get; init; }

    public string? Margin { get; init; }

    /// <summary>Those of an example that are not the usual ones.</summary>
    public static RowNames Of(SftFields fields)
    {
        var usual = new SftFields();
        return new RowNames
        {
            Prompt = Unusual(fields.Prompt, usual.Prompt),
            Response = Unusual(fields.Response, usual.Response),
            Text = Unusual(fields.Text, usual.Text),
            Messages = Unusual(fields.Messages, usual.Messages),
        };
    }

    /// <summary>Those of a pair that are not the usual ones.</summary>
    public static RowNames Of(PreferenceFields fields)
    {
        var usual = new PreferenceFields();
        return new RowNames
        {
            Prompt = Unusual(fields.Prompt, usual.Prompt),
            Chosen = Unusual(fields.Chosen, usual.Chosen),
            Rejected = Unusual(fields.Rejected, usual.Rejected),
            Margin = Unusual(fields.Margin, usual.Margin),
        };
    }

    /// <summary>That of a prompt, where it is not the usual one.</summary>
    public static RowNames OfPrompt(string field) => new() { Prompt = Unusual(field, PromptFile.DefaultField) };

    private static string? Unusual(string name, string usual) => name == usual ? null : name;
}
