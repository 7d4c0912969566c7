using System.Text.Json.Nodes;

namespace Proximal.Data.Formats;

/// <summary>Rows of transcripts in which "Human:" and "Assistant:" speak: Anthropic's HH, and DeepSpeed-Chat's.</summary>
/// <remarks>
/// As texts they stay as they are: the prompt ends behind the last "Assistant:" that it has in common with both answers, and an answer begins with
/// the blank behind that. With a chat template the turns become messages without the white space around them.
/// </remarks>
internal static class TranscriptRows
{
    private const string Human = "Human:";
    private const string Assistant = "Assistant:";

    /// <summary>Whether a text is such a transcript, from its beginning on.</summary>
    public static bool IsTranscript(string text) => text.TrimStart().StartsWith(Human, StringComparison.Ordinal) && text.Contains(Assistant, StringComparison.Ordinal);

    /// <summary>Whether a text is such a transcript up to where the assistant speaks.</summary>
    public static bool IsPrompt(string text) => IsTranscript(text) && text.TrimEnd().EndsWith(Assistant, StringComparison.Ordinal);

    /// <summary>The row under the usual names.</summary>
    /// <exception cref="DataFileException">A field is missing or is not what it has to be.</exception>
    public static JsonRow Read(JsonRow row, RowLayout layout, RowUse use)
    {
        (string prompt, string? chosen, string? rejected) = layout.Format == DataFormat.Hh ? OfWhole(row, layout) : OfParts(row, layout, use);
        var built = new RowBuilder(row);
        built.AddFrom(layout.Margin, "margin");
        if (layout.Converses)
        {
            built.Add("prompt", Turns(row, layout, prompt));
            chosen = chosen?.Trim();
            rejected = rejected?.Trim();
        }
        else
        {
            built.Add("prompt", prompt);
        }

        return (use switch
        {
            RowUse.Prompts => built,
            RowUse.Examples => built.Add("response", Answer(layout, chosen)),
            _ => built.Add("chosen", Answer(layout, chosen)).Add("rejected", Answer(layout, rejected)),
        }).Build();
    }

    private static JsonNode? Answer(RowLayout layout, string? text) =>
        text is null ? null : layout.Converses ? new JsonArray(RowBuilder.Message("assistant", text)) : JsonValue.Create(text);

    private static (string Prompt, string? Chosen, string? Rejected) OfParts(JsonRow row, RowLayout layout, RowUse use) => (
        row.Text(layout.Prompt, "the prompt's text"),
        use == RowUse.Prompts ? null : row.Text(layout.Chosen, "the better answer's text"),
        use is RowUse.Prompts or RowUse.Examples ? null : row.Text(layout.Rejected, "the worse answer's text"));

    private static (string Prompt, string? Chosen, string? Rejected) OfWhole(JsonRow row, RowLayout layout)
    {
        string chosen = row.Text(layout.Chosen, "the transcript with the better answer");
        string rejected = row.Text(layout.Rejected, "the transcript with the worse answer");
        int shared = chosen.AsSpan().CommonPrefixLength(rejected);
        int at = chosen.AsSpan(0, shared).LastIndexOf($"\n\n{Assistant}");
        if (at < 0)
        {
            throw row.Wrong(
                $"the fields '{layout.Chosen}' and '{layout.Rejected}' do not begin with the same turns up to \"Assistant:\", so there is no prompt: repair the row or drop it", layout.Rejected);
        }

        int end = at + 2 + Assistant.Length;
        return (chosen[..end], Answer(row, layout.Chosen, chosen[end..]), Answer(row, layout.Rejected, rejected[end..]));
    }

    private static string Answer(JsonRow row, string field, string answer) => answer.AsSpan().Trim().Length > 0
        ? answer
        : throw row.Wrong($"the field '{field}' ends where the answer should begin: give it one or drop the row", field);

    /// <summary>The turns of a prompt as messages.</summary>
    private static JsonArray Turns(JsonRow row, RowLayout layout, string prompt)
    {
        var messages = new JsonArray();
        string rest = "\n\n" + prompt.Trim();
        if (!rest.EndsWith(Assistant, StringComparison.Ordinal))
        {
            throw row.Wrong("the prompt does not end with \"Assistant:\": repair the row, or set format to trl", layout.Prompt);
        }

        // A prompt of one turn may have a blank in front of the last "Assistant:", and line ends in front of all others.
        rest = rest[..^Assistant.Length].TrimEnd();
        foreach (string turn in rest.Split($"\n\n{Human}").Skip(1))
        {
            string[] parts = turn.Split($"\n\n{Assistant}");
            messages.Add(RowBuilder.Message("user", parts[0].Trim()));
            foreach (string answer in parts.Skip(1))
            {
                messages.Add(RowBuilder.Message("assistant", answer.Trim()));
            }
        }

        return messages.Count > 0 && rest.StartsWith($"\n\n{Human}", StringComparison.Ordinal)
            ? messages
            : throw row.Wrong("the prompt does not begin with \"Human:\": repair the row, or set format to trl", layout.Prompt);
    }
}
