using System.Globalization;
using System.Text;
using System.Text.Json;
using NUnit.Framework;
using Proximal.ChatTemplates;
using Proximal.Tests.Golden;

namespace Proximal.Tests.ChatTemplates;

/// <summary>One golden rendering: what the template is given and what must come out.</summary>
public sealed class GoldenRender
{
    private readonly JsonElement _expected;
    private readonly string _source;
    private readonly ChatRequest _request;

    private GoldenRender(string name, string source, ChatRequest request, JsonElement expected)
    {
        Name = name;
        _source = source;
        _request = request;
        _expected = expected;
    }

    internal string Name { get; }

    internal string? FailureKind => _expected.TryGetProperty("error", out JsonElement error) ? error.GetProperty("kind").GetString() : null;

    internal static IEnumerable<GoldenRender> Find() =>
        GoldenRoots.Of(GoldenKind.ChatTemplate).SelectMany(file => Read(file, ReadJson(file.Path)));

    internal RenderedChat Render() => ChatTemplate.Parse(_source).Render(_request);

    internal void CheckText(RenderedChat rendered)
    {
        Assert.That(FailureKind, Is.Null, () => $"expected {_expected.GetProperty("error")}, got\n{rendered.Text}");
        Assert.That(rendered.Text, Is.EqualTo(_expected.GetProperty("text").GetString()));
        if (!_expected.TryGetProperty("generation_spans", out JsonElement spans))
        {
            return;
        }

        int CodePoint(int utf16) => rendered.Text[..utf16].EnumerateRunes().Count();
        Assert.That(
            rendered.GenerationSpans.Select(span => $"{CodePoint(span.Start)}-{CodePoint(span.End)}"),
            Is.EqualTo(spans.EnumerateArray().Select(span => $"{span[0]}-{span[1]}")));
    }

    internal void CheckFailure(ChatTemplateException failure)
    {
        Assert.That(FailureKind, Is.Not.Null, () => $"expected a text, got {failure.Kind}: {failure.Message}");
        string message = _expected.GetProperty("error").GetProperty("message").GetString()!;
        switch (FailureKind)
        {
            case "raise":
                Assert.That((failure.Kind, failure.Text), Is.EqualTo((ChatTemplateErrorKind.Raised, message)));
                break;
            case "undefined":
                Assert.That((failure.Kind, failure.Text), Is.EqualTo((ChatTemplateErrorKind.Undefined, message)));
                break;
            case "security":
                Assert.That((failure.Kind, failure.Text), Is.EqualTo((ChatTemplateErrorKind.Security, message)));
                break;
            case "syntax":
                Assert.That(failure.Kind, Is.EqualTo(ChatTemplateErrorKind.Syntax));
                Assert.That(failure.Line, Is.Positive);
                break;
            default:
                Assert.That(failure.Kind, Is.EqualTo(ChatTemplateErrorKind.Runtime), failure.Message);
                break;
        }
    }

    private static GoldenRender[] Read(GoldenFile file, JsonElement json) =>
        json.TryGetProperty("fragments", out _) ? [.. Fragments(file, json)] : [.. TemplateCases(file, json)];

    private static IEnumerable<GoldenRender> Fragments(GoldenFile file, JsonElement json)
    {
        foreach (JsonElement fragment in json.GetProperty("fragments").EnumerateArray())
        {
            JsonElement variables = fragment.TryGetProperty("variables", out JsonElement own) ? own : json.GetProperty("variables");
            yield return new GoldenRender(
                $"{file.RelativePath}: {fragment.GetProperty("name").GetString()}",
                fragment.GetProperty("template").GetString()!,
                new ChatRequest
                {
                    Messages = variables.TryGetProperty("messages", out JsonElement messages) ? messages : JsonSerializer.SerializeToElement(Array.Empty<int>()),
                    KeepNullFields = true,
                    Variables = variables.EnumerateObject().Where(item => item.Name != "messages").ToDictionary(item => item.Name, item => item.Value),
                    Now = Clock(json),
                },
                fragment);
        }
    }

    private static IEnumerable<GoldenRender> TemplateCases(GoldenFile file, JsonElement json)
    {
        string root = Path.GetDirectoryName(file.Folder)!;
        string source = File.ReadAllText(Path.Combine(root, json.GetProperty("template").GetString()!), Encoding.UTF8);
        JsonElement conversations = ReadJson(Path.Combine(root, "conversations.json")).GetProperty("conversations");
        var tokens = json.GetProperty("special_tokens").EnumerateObject().ToDictionary(item => item.Name, item => item.Value);
        foreach (JsonElement item in json.GetProperty("cases").EnumerateArray())
        {
            string name = item.GetProperty("conversation").GetString()!;
            JsonElement conversation = conversations.GetProperty(name);
            bool prompt = item.TryGetProperty("add_generation_prompt", out JsonElement adds) && adds.GetBoolean();
            bool goesOn = item.TryGetProperty("continue_final_message", out JsonElement continues) && continues.GetBoolean();
            yield return new GoldenRender(
                $"{file.RelativePath}: {name}{(prompt ? " +prompt" : string.Empty)}{(goesOn ? " +continue" : string.Empty)}",
                source,
                new ChatRequest
                {
                    Messages = conversation.GetProperty("messages"),
                    Tools = Optional(conversation, "tools"),
                    Documents = Optional(conversation, "documents"),
                    Variables = Variables(tokens, conversation),
                    AddGenerationPrompt = prompt,
                    ContinueFinalMessage = goesOn,
                    Now = Clock(json),
                },
                item);
        }
    }

    private static JsonElement ReadJson(string path)
    {
        using FileStream stream = File.OpenRead(path);
        using var document = JsonDocument.Parse(stream);
        return document.RootElement.Clone();
    }

    private static Dictionary<string, JsonElement> Variables(Dictionary<string, JsonElement> tokens, JsonElement conversation)
    {
        Dictionary<string, JsonElement> variables = new(tokens);
        foreach (JsonProperty variable in conversation.TryGetProperty("variables", out JsonElement given) ? given.EnumerateObject().ToArray() : [])
        {
            variables[variable.Name] = variable.Value;
        }

        return variables;
    }

    private static JsonElement Optional(JsonElement json, string name) => json.TryGetProperty(name, out JsonElement value) ? value : default;

    private static DateTimeOffset Clock(JsonElement json) =>
        DateTimeOffset.Parse(json.GetProperty("now").GetString()!, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
}
