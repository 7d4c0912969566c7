namespace Proximal.Data.Formats;

/// <summary>A row that is read by the names of a layout.</summary>
/// <param name="Row">The row, of texts or lists of messages.</param>
/// <param name="Names">The names of its fields.</param>
/// <param name="Format">The form that the row had in its file.</param>
internal readonly record struct ShapedRow(JsonRow Row, RowLayout Names, DataFormat Format)
{
    /// <summary>The names as examples are read by.</summary>
    public SftFields OfExamples() => new() { Prompt = Names.Prompt, Response = Names.Response, Text = Names.Text, Messages = Names.Messages };

    /// <summary>The names as pairs are read by.</summary>
    public PreferenceFields OfPreferences() => new() { Prompt = Names.Prompt, Chosen = Names.Chosen, Rejected = Names.Rejected, Margin = Names.Margin };
}
