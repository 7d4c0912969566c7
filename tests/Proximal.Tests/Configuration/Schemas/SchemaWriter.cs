using System.Reflection;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Proximal.Configuration;
using Proximal.Configuration.Schemas;

namespace Proximal.Tests.Configuration.Schemas;

/// <summary>
/// Writes the JSON schema (draft 7) of a record: what <see cref="ConfigurationBinder"/> takes and refuses, from the shapes that
/// it binds by, but for what the records check themselves (ranges, and keys that exclude each other).
/// </summary>
/// <remarks>
/// A value is seen as editors see it: <c>yes</c> and <c>1e6</c> may be a truth value and a number (YAML 1.1, or 1.2) or texts
/// (the other one), so both are taken. A schema cannot see quotes, which the binder refuses around numbers.
/// </remarks>
internal sealed class SchemaWriter
{
    private const string RealText = @"^[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)[eE][-+]?[0-9]+$";
    private const string WholeText = @"^[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)[eE]\+?[0-9]+$";

    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly SortedDictionary<string, (Type? Type, JsonObject Schema)> _definitions = new(StringComparer.Ordinal);
    private readonly Func<MemberInfo, string?> _summary;
    private readonly bool _isResumable;

    private SchemaWriter(Func<MemberInfo, string?> summary, bool isResumable)
    {
        _summary = summary;
        _isResumable = isResumable;
    }

    /// <summary>Writes a schema.</summary>
    /// <param name="root">The record.</param>
    /// <param name="title">Its title.</param>
    /// <param name="summary">The documentation of a type, a property or an enum's value.</param>
    /// <param name="isResumable">Says what may change on resume.</param>
    public static string Write(Type root, string title, Func<MemberInfo, string?> summary, bool isResumable)
    {
        var writer = new SchemaWriter(summary, isResumable);
        var schema = new JsonObject
        {
            ["$schema"] = "http://json-schema.org/draft-07/schema#",
            ["title"] = title,
        };
        Copy(writer.Record(root, discriminator: null, name: null), schema);
        schema["definitions"] = new JsonObject(writer._definitions.Select(entry => KeyValuePair.Create(entry.Key, (JsonNode?)entry.Value.Schema)));
        return schema.ToJsonString(Indented) + "\n";
    }

    /// <summary>What may stand for a value.</summary>
    private JsonObject Value(Type type, bool isNullable, bool isPath)
    {
        Type bare = Nullable.GetUnderlyingType(type) ?? type;
        var ways = new List<JsonObject>();
        if (bare.GetCustomAttribute<ConfigurationShorthandAttribute>() is { } shorthand)
        {
            RecordMember member = RecordShape.Of(bare).Members.Single(member => member.Name == shorthand.Member);
            ways.Add(Value(member.Type, isNullable: false, member.IsPath));
        }

        ways.Add(Bare(bare, isPath));
        if (isNullable || bare != type)
        {
            ways.Add(ValueBinder.MayBeOff(bare) ? Define("nothing", Nothing) : new JsonObject { ["type"] = "null" });
        }

        return ways.Count == 1 ? ways[0] : AnyOf([.. ways]);
    }

    private JsonObject Bare(Type type, bool isPath) =>
        isPath && type == typeof(string) ? Define("path", () => new JsonObject { ["type"] = ScalarTypes(), ["pattern"] = @"\S" })
            : type == typeof(string) ? Define("text", () => new JsonObject { ["type"] = ScalarTypes() })
            : type == typeof(bool) ? Define("boolean", Truth)
            : ScalarBinder.IsWhole(type) ? Define(type.Name.ToLowerInvariant(), () => Whole(type))
            : ScalarBinder.IsReal(type) ? Define("number", Real)
            : type.IsEnum ? Define(type, () => Choice(type))
            : ListTypes.ItemOf(type) is { } item ? new JsonObject { ["type"] = "array", ["items"] = Value(item, isNullable: false, isPath) }
            : ListTypes.ValueOf(type) is { } value ? new JsonObject { ["type"] = "object", ["additionalProperties"] = Value(value, isNullable: false, isPath) }
            : RecordVariants.Of(type) is { } variants ? Define(type, () => Variants(type, variants))
            : Define(type, () => Record(type, discriminator: null, name: null));

    private JsonObject Record(Type type, string? discriminator, string? name)
    {
        RecordShape shape = RecordShape.Of(type);
        JsonObject schema = Described(type, "object");
        var properties = new JsonObject();
        if (discriminator is not null)
        {
            // What an editor calls the kind; it would take the name of the definition.
            schema["title"] = $"{discriminator}: {name}";
            properties[discriminator] = new JsonObject { ["const"] = name };
        }

        foreach (RecordMember member in shape.Members)
        {
            properties[member.Key] = Property(shape, member);
        }

        string[] required = [.. shape.Members.Where(member => member.IsRequired).Select(member => member.Key)];
        schema["properties"] = properties;
        if (discriminator is not null || required.Length > 0)
        {
            schema["required"] = new JsonArray([.. required.Prepend(discriminator).OfType<string>().Select(key => (JsonNode)key)]);
        }

        schema["additionalProperties"] = false;
        return schema;
    }

    private JsonObject Property(RecordShape shape, RecordMember member)
    {
        var schema = new JsonObject();
        if (member.Property is { } property)
        {
            if (_summary(property) is { } text)
            {
                schema["description"] = text;
            }

            if (_isResumable && property.GetCustomAttribute<ChangeableOnResumeAttribute>() is { } mark)
            {
                schema[ConfigurationSchema.Changeable] = mark.Condition is null ? true : Condition(shape.Type, mark.Condition);
            }
        }

        if (!member.IsRequired)
        {
            object? value = shape.DefaultOf(member);
            if (value is null || ScalarBinder.Handles(value.GetType()))
            {
                schema["default"] = Default(value);
            }
        }

        Copy(Value(member.Type, member.IsNullable, member.IsPath), schema);
        return schema;
    }

    /// <summary>The property that decides whether a key may change, in words: "if it is so".</summary>
    private string Condition(Type type, string property)
    {
        string text = _summary(type.GetProperty(property, BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance)!)
            ?? throw new InvalidOperationException($"{type}.{property} needs a summary: it is a condition that users read.");
        return $"if {char.ToLowerInvariant(text[0])}{text[1..].TrimEnd('.')}";
    }

    private static JsonNode? Default(object? value) => value switch
    {
        null => null,
        bool truth => truth,
        string word => word,
        Enum => ScalarBinder.Write(value),
        double.PositiveInfinity => ScalarBinder.Infinite[0],
        double number => number,
        float number => number,
        ulong number => number,
        _ => Convert.ToInt64(value, System.Globalization.CultureInfo.InvariantCulture),
    };

    /// <summary>The key that chooses decides what else there may be, so that an editor complains of that and of nothing else.</summary>
    private JsonObject Variants(Type type, RecordVariants variants)
    {
        JsonObject schema = Described(type, "object");
        schema["properties"] = new JsonObject
        {
            [variants.Discriminator] = new JsonObject
            {
                ["description"] = _summary(type),
                ["enum"] = Texts(variants.Names),
                [ConfigurationSchema.ValueDescriptions] = Texts(variants.Types.Select(kind => _summary(kind.Value) ?? string.Empty)),
            },
        };
        schema["required"] = Texts([variants.Discriminator]);
        schema["allOf"] = new JsonArray([.. variants.Types.Select(kind => (JsonNode)new JsonObject
        {
            ["if"] = new JsonObject
            {
                ["properties"] = new JsonObject { [variants.Discriminator] = new JsonObject { ["const"] = kind.Key } },
                ["required"] = Texts([variants.Discriminator]),
            },
            ["then"] = Define(kind.Value, () => Record(kind.Value, variants.Discriminator, kind.Key)),
        })]);
        return schema;
    }

    private JsonObject Choice(Type type)
    {
        IReadOnlyList<string> names = ScalarBinder.NamesOf(type);
        JsonObject schema = Described(type, kind: null);
        Copy(
            AnyOf(
                new JsonObject
                {
                    ["enum"] = Texts(names),
                    [ConfigurationSchema.ValueDescriptions] = Texts(Enum.GetNames(type).Select(name => _summary(type.GetField(name)!) ?? string.Empty)),
                },
                new JsonObject
                {
                    ["type"] = "string",
                    ["pattern"] = WordsInAnyCase(names).Replace("_", "[-_]", StringComparison.Ordinal),
                    ["patternErrorMessage"] = $"Expected one of {string.Join(", ", names)}.",
                }),
            schema);
        return schema;
    }

    private static JsonObject Nothing() => AnyOf(
        new JsonObject { ["type"] = "null" }, new JsonObject { ["type"] = "string", ["pattern"] = WordsInAnyCase(ValueBinder.Off) });

    private static JsonObject Truth() => AnyOf(
        new JsonObject { ["type"] = "boolean" },
        new JsonObject { ["type"] = "string", ["pattern"] = WordsInAnyCase([.. ScalarBinder.True, .. ScalarBinder.False]) });

    private static JsonObject Real() => AnyOf(
        new JsonObject { ["type"] = "number" },
        new JsonObject { ["type"] = "string", ["pattern"] = WordsInAnyCase(ScalarBinder.Infinite) },
        new JsonObject { ["type"] = "string", ["pattern"] = RealText });

    private static JsonObject Whole(Type type) => AnyOf(
        new JsonObject
        {
            ["type"] = "integer",
            ["minimum"] = Default(type.GetField("MinValue")!.GetValue(null)),
            ["maximum"] = Default(type.GetField("MaxValue")!.GetValue(null)),
        },
        new JsonObject { ["type"] = "string", ["pattern"] = WholeText });

    private JsonObject Described(Type type, string? kind)
    {
        var schema = new JsonObject();
        if (_summary(type) is { } text)
        {
            schema["description"] = text;
        }

        if (kind is not null)
        {
            schema["type"] = kind;
        }

        return schema;
    }

    private JsonObject Define(Type type, Func<JsonObject> make) => Define(type.Name, make, type);

    private JsonObject Define(string name, Func<JsonObject> make, Type? type = null)
    {
        if (!_definitions.TryGetValue(name, out (Type? Type, JsonObject Schema) known))
        {
            // The place is taken before the schema is made, so that a record may hold itself.
            _definitions[name] = (type, []);
            _definitions[name] = (type, make());
        }
        else if (known.Type != type)
        {
            throw new InvalidOperationException($"{type} and {known.Type} have the same name, which a schema can hold once.");
        }

        return new JsonObject { ["$ref"] = $"#/definitions/{name}" };
    }

    private static JsonObject AnyOf(params JsonObject[] ways) => new() { ["anyOf"] = new JsonArray([.. ways]) };

    private static JsonArray Texts(IEnumerable<string> texts) => new([.. texts.Select(text => (JsonNode)text)]);

    private static JsonArray ScalarTypes() => Texts(["string", "number", "boolean"]);

    private static string WordsInAnyCase(IEnumerable<string> words)
    {
        var text = new StringBuilder();
        foreach (string word in words)
        {
            text.Append(text.Length == 0 ? "^(?:" : "|");
            foreach (char letter in word)
            {
                text.Append(char.IsAsciiLetter(letter) ? $"[{letter}{char.ToUpperInvariant(letter)}]" : letter is '.' or '+' ? $"\\{letter}" : letter);
            }
        }

        return text.Append(")$").ToString();
    }

    private static void Copy(JsonObject from, JsonObject to)
    {
        foreach ((string key, JsonNode? value) in from.ToArray())
        {
            from.Remove(key);
            to[key] = value;
        }
    }
}
