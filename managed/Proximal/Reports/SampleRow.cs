using System.Text.Json;

namespace Proximal.Reports;

/// <summary>Where a row of samples.jsonl stands and what it takes to choose it.</summary>
/// <param name="Offset">Its first byte.</param>
/// <param name="Length">Its bytes, without the line end.</param>
/// <param name="Step">The step.</param>
/// <param name="Prompt">A hash of the prompt's text.</param>
/// <param name="Score">The score; NaN when there is none.</param>
internal readonly record struct SampleRow(long Offset, int Length, int Step, ulong Prompt, double Score)
{
    /// <summary>Reads the few fields that matter, without those that are long.</summary>
    public static bool TryParse(long offset, ReadOnlySpan<byte> line, out SampleRow row)
    {
        row = default;
        int? step = null;
        ulong prompt = 0;
        double score = double.NaN;
        try
        {
            var reader = new Utf8JsonReader(line);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return false;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                bool isStep = reader.ValueTextEquals("step"u8);
                bool isPrompt = reader.ValueTextEquals("prompt"u8);
                bool isScore = reader.ValueTextEquals("score"u8);
                reader.Read();
                step = isStep && reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out int number) ? number : step;
                prompt = isPrompt && reader.TokenType == JsonTokenType.String ? Hash(reader.ValueSpan) : prompt;
                score = isScore && reader.TokenType == JsonTokenType.Number ? reader.GetDouble() : score;
                reader.Skip();
            }
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            return false;
        }

        row = new SampleRow(offset, line.Length, step ?? 0, prompt, score);
        return step is not null;
    }

    /// <summary>FNV-1a, 64 bits: the same on every run, and enough to tell a run's prompts apart.</summary>
    private static ulong Hash(ReadOnlySpan<byte> bytes)
    {
        ulong hash = 0xCBF29CE484222325;
        foreach (byte value in bytes)
        {
            hash = (hash ^ value) * 0x100000001B3;
        }

        return hash;
    }
}
