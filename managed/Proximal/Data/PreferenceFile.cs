using System.Text.Json;
using Proximal.ChatTemplates;
using Proximal.Data.Formats;

namespace Proximal.Data;

/// <summary>Reads preference pairs: rows with a prompt, the better and the worse answer, as texts or as messages.</summary>
/// <remarks>ROWS.md beside this file shows every form.</remarks>
public static class PreferenceFile
{
    /// <summary>Reads the pairs of a file, of the files in a folder or of those that fit a pattern, in order, without those whose answers are the same.</summary>
    /// <param name="path">The file, folder or pattern; rows are of JSON, CSV or Parquet.</param>
    /// <param name="identical">Receives how many pairs were left out because both answers are the same.</param>
    /// <param name="fields">The names of the fields; <see langword="null"/>: prompt, chosen, rejected and margin.</param>
    /// <exception cref="DataFileException">A file or a row cannot be used; the text names file, line, field and the fix.</exception>
    public static IReadOnlyList<PreferencePair> Read(string path, out int identical, PreferenceFields? fields = null)
    {
        fields ??= new PreferenceFields();
        fields.Validate();
        return Read(new DataSource(path) { Names = RowNames.Of(fields) }, out identical);
    }

    /// <summary>Reads the pairs of a source, in order, without those whose answers are the same.</summary>
    /// <exception cref="DataFileException">A file or a row cannot be used; the text names file, line, field and the fix.</exception>
    internal static IReadOnlyList<PreferencePair> Read(DataSource source, out int identical)
    {
        int same = 0;
        PreferencePair[] pairs = [.. Stream(source, count => same = count)];
        identical = same;
        return pairs;
    }

    /// <summary>Reads the pairs of a source one after the other, without those whose answers are the same.</summary>
    /// <param name="source">The files.</param>
    /// <param name="tell">Receives at the end how many were left out.</param>
    /// <exception cref="DataFileException">A file or a row cannot be used, or none is left; the text names file, line, field and the fix.</exception>
    internal static IEnumerable<PreferencePair> Stream(DataSource source, Action<int> tell)
    {
        PreferenceFields fields = new ShapedRow(default, RowLayout.Of(DataFormat.Trl).With(source.Names), DataFormat.Trl).OfPreferences();
        string example = $"{{\"{fields.Prompt}\": \"...\", \"{fields.Chosen}\": \"...\", \"{fields.Rejected}\": \"...\"}}";
        int identical = 0;
        bool any = false;
        foreach (PreferencePair pair in ShapedRows.Convert(source, RowUse.Preferences, "The file of preference pairs", example, row => Pair(row.Row, row.OfPreferences())))
        {
            if (pair.Chosen != pair.Rejected)
            {
                any = true;
                yield return pair;
            }
            else
            {
                identical++;
            }
        }

        if (!any)
        {
            throw new DataFileException(
                source.Path, null, $"in all {identical} rows both answers are the same, which says nothing: check the fields '{fields.Chosen}' and '{fields.Rejected}'");
        }

        tell(identical);
    }

    /// <summary>The pair of a row.</summary>
    /// <exception cref="DataFileException">The row cannot be used.</exception>
    internal static PreferencePair Pair(JsonRow row, PreferenceFields fields)
    {
        double margin = row.Number(fields.Margin);
        if (margin < 0)
        {
            throw row.Wrong($"the field '{fields.Margin}' is {margin}: expected at least 0; swap the answers if the other one is better");
        }

        PreferencePair pair = row.IsList(fields.Chosen) || row.IsList(fields.Rejected) || row.IsList(fields.Prompt)
            ? OfMessages(row, fields)
            : new PreferencePair
            {
                Prompt = row.Text(fields.Prompt, "the prompt's text"),
                Chosen = row.Text(fields.Chosen, "the better answer's text"),
                Rejected = row.Text(fields.Rejected, "the worse answer's text"),
            };
        return pair with { Margin = margin, File = row.File, Line = row.Line };
    }

    /// <summary>Answers of messages behind a prompt of messages, or two whole conversations that begin alike (TRL: explicit and implicit prompt).</summary>
    private static PreferencePair OfMessages(JsonRow row, PreferenceFields fields)
    {
        JsonElement chosen = Answer(row, fields.Chosen);
        JsonElement rejected = Answer(row, fields.Rejected);
        int shared = 0;
        if (row.IsList(fields.Prompt))
        {
            JsonElement prompt = row.Messages(fields.Prompt);
            shared = prompt.GetArrayLength();
            chosen = ChatMessages.Join(prompt, chosen);
            rejected = ChatMessages.Join(prompt, rejected);
        }
        else
        {
            // The last message is an answer even where both say the same.
            shared = Math.Min(ChatMessages.Shared(chosen, rejected), Math.Min(chosen.GetArrayLength(), rejected.GetArrayLength()) - 1);
            CheckPrompt(row, fields, chosen, shared);
        }

        return new PreferencePair
        {
            Prompt = ChatMessages.First(chosen, shared).GetRawText(),
            Chosen = ChatMessages.Rest(chosen, shared).GetRawText(),
            Rejected = ChatMessages.Rest(rejected, shared).GetRawText(),
            ChosenConversation = row.Conversation(chosen),
            RejectedConversation = row.Conversation(rejected),
        };
    }

    private static JsonElement Answer(JsonRow row, string field)
    {
        JsonElement messages = row.Messages(field);
        return ChatMessages.IsAssistants(messages[messages.GetArrayLength() - 1])
            ? messages
            : throw row.Wrong($"the field '{field}' does not end with a message of the role 'assistant': a pair compares what the assistant says last");
    }

    /// <summary>Two whole conversations begin with the prompt; a text beside them must be one of the messages there.</summary>
    private static void CheckPrompt(JsonRow row, PreferenceFields fields, JsonElement chosen, int shared)
    {
        if (shared == 0)
        {
            throw row.Wrong(
                $"the fields '{fields.Chosen}' and '{fields.Rejected}' begin with different messages, so there is no prompt: "
                + $"give '{fields.Prompt}' as a list of messages, or begin both with the same ones");
        }

        if (row.Has(fields.Prompt)
            && row.Text(fields.Prompt, "the prompt's text", empty: true) is var text
            && !chosen.EnumerateArray().Take(shared).Any(message => ChatMessages.Says(message, text)))
        {
            throw row.Wrong(
                $"the field '{fields.Prompt}' is a text that no message says with which '{fields.Chosen}' and '{fields.Rejected}' both begin: "
                + "give it as a list of messages, or leave it out");
        }
    }
}
