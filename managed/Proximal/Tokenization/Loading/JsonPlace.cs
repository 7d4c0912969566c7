using System.Text.Json;

namespace Proximal.Tokenization.Loading;

/// <summary>A value of a JSON file together with where it stands, so that every complaint can say it.</summary>
/// <param name="Element">The value.</param>
/// <param name="File">The file.</param>
/// <param name="Path">The place, as in $.model.merges[3].</param>
internal readonly record struct JsonPlace(JsonElement Element, string File, string Path)
{
    /// <summary>A named value that must be there.</summary>
    public JsonPlace Required(string name) =>
        Optional(name) ?? throw Corrupt($"\"{name}\" is missing", $"Add \"{name}\" or export the tokenizer again");

    /// <summary>A named value; nothing where it is missing or null.</summary>
    public JsonPlace? Optional(string name)
    {
        ExpectKind(JsonValueKind.Object, "an object");
        return Element.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null
            ? new JsonPlace(value, File, $"{Path}.{name}")
            : null;
    }

    /// <summary>A text.</summary>
    public string AsString()
    {
        ExpectKind(JsonValueKind.String, "a string");
        try
        {
            return Element.GetString()!;
        }
        catch (InvalidOperationException exception)
        {
            throw Corrupt($"the string is no Unicode text ({exception.Message})", "Remove the stray surrogate or byte");
        }
    }

    /// <summary>A text of exactly one code point.</summary>
    public string AsCharacter()
    {
        string text = AsString();
        return text.EnumerateRunes().Count() == 1 ? text : throw Corrupt($"expected one character, got \"{text}\"", "Give one character");
    }

    /// <summary>True or false.</summary>
    public bool AsBoolean() => Element.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Mistyped("true or false"),
    };

    /// <summary>A whole number in a range.</summary>
    public int AsInteger(int minimum, int maximum)
    {
        ExpectKind(JsonValueKind.Number, "a whole number");
        return Element.TryGetInt32(out int value) && value >= minimum && value <= maximum
            ? value
            : throw Corrupt($"expected a whole number from {minimum} to {maximum}, got {Element.GetRawText()}", "Correct the number");
    }

    /// <summary>A finite number.</summary>
    public double AsNumber()
    {
        ExpectKind(JsonValueKind.Number, "a number");
        return Element.TryGetDouble(out double value) && double.IsFinite(value)
            ? value
            : throw Corrupt($"expected a finite number, got {Element.GetRawText()}", "Correct the number");
    }

    /// <summary>A named boolean or its default.</summary>
    public bool Flag(string name, bool missing) => Optional(name)?.AsBoolean() ?? missing;

    /// <summary>A named text or its default.</summary>
    public string Text(string name, string missing) => Optional(name)?.AsString() ?? missing;

    /// <summary>The items of an array.</summary>
    public IEnumerable<JsonPlace> Items()
    {
        ExpectKind(JsonValueKind.Array, "an array");
        return Enumerate(this);
    }

    /// <summary>The members of an object, by name.</summary>
    public IEnumerable<KeyValuePair<string, JsonPlace>> Members()
    {
        ExpectKind(JsonValueKind.Object, "an object");
        return EnumerateMembers(this);
    }

    /// <summary>The name of a member of this object.</summary>
    public string NameOf(JsonProperty member)
    {
        try
        {
            return member.Name;
        }
        catch (InvalidOperationException exception)
        {
            throw Corrupt($"a name is no Unicode text ({exception.Message})", "Remove the stray surrogate or byte");
        }
    }

    /// <summary>A value for a message: a number, else its kind. Texts may be no Unicode, or long.</summary>
    public static string Shown(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number ? value.GetRawText() : $"({value.ValueKind.ToString().ToLowerInvariant()})";

    /// <summary>Fails unless the value is of a kind.</summary>
    public void ExpectKind(JsonValueKind kind, string expected)
    {
        if (Element.ValueKind != kind)
        {
            throw Mistyped(expected);
        }
    }

    /// <summary>The content contradicts the format.</summary>
    public TokenizerException Corrupt(string problem, string fix) => new(ProximalStatus.CorruptData, File, Path, problem, fix);

    /// <summary>The content is something that this version does not do.</summary>
    public TokenizerException Unsupported(string problem, string fix) => new(ProximalStatus.Unsupported, File, Path, problem, fix);

    private static IEnumerable<JsonPlace> Enumerate(JsonPlace place)
    {
        int index = 0;
        foreach (JsonElement item in place.Element.EnumerateArray())
        {
            yield return new JsonPlace(item, place.File, $"{place.Path}[{index++}]");
        }
    }

    private static IEnumerable<KeyValuePair<string, JsonPlace>> EnumerateMembers(JsonPlace place)
    {
        foreach (JsonProperty member in place.Element.EnumerateObject())
        {
            string name = place.NameOf(member);
            yield return new(name, new JsonPlace(member.Value, place.File, $"{place.Path}.{name}"));
        }
    }

    private TokenizerException Mistyped(string expected) =>
        Corrupt($"expected {expected}, got {Element.ValueKind.ToString().ToLowerInvariant()}", "Correct the value");
}
