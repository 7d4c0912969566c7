using System.Text.Json;

namespace Proximal.Data.Checking;

/// <summary>The words of a file.</summary>
internal static class Vocabulary
{
    private const string What = "The vocabulary file";

    /// <summary>Reads them: of .json, .jsonl and .ndjson every string, of other files the whole text.</summary>
    /// <exception cref="DataFileException">The file cannot be used, or has no words.</exception>
    public static WordIndex Read(string path)
    {
        var words = new WordIndex();
        bool lines = Path.GetExtension(path).ToUpperInvariant() is ".JSONL" or ".NDJSON";
        if (lines || Path.GetExtension(path).Equals(".json", StringComparison.OrdinalIgnoreCase))
        {
            string[] text = DataFileException.ReadLines(path, What);
            foreach ((string json, int line) in lines ? text.Select((row, index) => (row, index + 1)) : [(string.Join('\n', text), 1)])
            {
                if (!lines || !string.IsNullOrWhiteSpace(json))
                {
                    AddStrings(JsonRow.Parse(path, line, json), path, line, words);
                }
            }
        }
        else
        {
            foreach (string line in DataFileException.StreamLines(path, What))
            {
                words.Of(line);
            }
        }

        return words.Count > 0 ? words : throw new DataFileException(path, null, "the vocabulary file has no words: name a text");
    }

    private static void AddStrings(JsonElement value, string path, int line, WordIndex words)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                words.Of(JsonRow.TextOf(value) ?? throw new DataFileException(path, line, "a string holds half a surrogate pair: repair the \\u escape"));
                break;
            case JsonValueKind.Array:
                foreach (JsonElement element in value.EnumerateArray())
                {
                    AddStrings(element, path, line, words);
                }

                break;
            case JsonValueKind.Object:
                foreach (JsonProperty property in value.EnumerateObject())
                {
                    AddStrings(property.Value, path, line, words);
                }

                break;
        }
    }
}
