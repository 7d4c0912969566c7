using System.Text.Json;
using NUnit.Framework;
using Proximal.ChatTemplates;
using Proximal.Data;
using Proximal.Tests.Golden;
using Proximal.Tests.Models;
using Proximal.Tokenization;

namespace Proximal.Tests.ChatTemplates;

/// <summary>Templates of model folders, and which tokens the assistant says.</summary>
public sealed class ChatEncoderTests
{
    private const string Marked = "{% for m in messages %}<{{ m.role }}>{% if m.role == 'assistant' %}{% generation %}{{ m.content }}{% endgeneration %}{% else %}{{ m.content }}{% endif %}{% endfor %}";
    private const string Plain = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{{ eos_token }}{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}";
    private static readonly JsonElement Talk = JsonElement.Parse(
        """[{"role":"user","content":"a b"},{"role":"assistant","content":"c d"},{"role":"user","content":"e"},{"role":"assistant","content":"f"}]""");

    [Test]
    public void Golden_assistant_masks()
    {
        GoldenRoots.Demand(GoldenKind.ChatTemplate);
        string model = SharedData.Path("smollm2-135m-instruct", "tokenizer.json");
        Tokenizer tokenizer = Tokenizer.Load(model);
        int compared = 0;
        foreach (GoldenFile file in GoldenRoots.Of(GoldenKind.ChatTemplate))
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(file.Path));
            if (document.RootElement.TryGetProperty("cases", out JsonElement cases))
            {
                compared += cases.EnumerateArray().Count(one => CompareMask(file, document.RootElement, one, tokenizer));
            }
        }

        TestContext.Progress.WriteLine($"golden chat-templates: {compared} assistant masks");
        Assert.That(compared, Is.Positive);
    }

    [Test]
    public void A_template_without_marks_is_rendered_prefix_by_prefix()
    {
        using TemporaryFolder folder = new();
        ChatEncoder encoder = Encoder(folder, Plain);
        ChatTokens tokens = encoder.EncodeForTraining(new ChatRequest { Messages = Talk });
        Assert.That(tokens.Text, Is.EqualTo("<user>a b!<assistant>c d!<user>e!<assistant>f!"));
        Assert.That(Said(tokens), Is.EqualTo("c d!f!"));
        Assert.That(Said(Encoder(folder, Marked).EncodeForTraining(new ChatRequest { Messages = Talk })), Is.EqualTo("c df"));
    }

    [Test]
    public void The_last_answer_alone_or_only_those_behind_a_prompt_or_everything_is_learned()
    {
        using TemporaryFolder folder = new();
        var request = new ChatRequest { Messages = Talk };
        Assert.Multiple(() =>
        {
            foreach ((string template, string last) in new[] { (Plain, "f!"), (Marked, "f") })
            {
                ChatEncoder encoder = Encoder(folder, template);
                Assert.That(Said(encoder.EncodeForTraining(request, ChatLoss.LastAssistant, 0)), Is.EqualTo(last));
                Assert.That(Said(encoder.EncodeForTraining(request, ChatLoss.Assistant, 2)), Is.EqualTo(last));
                Assert.That(Said(encoder.EncodeForTraining(request, ChatLoss.Assistant, 1)), Is.EqualTo(Said(encoder.EncodeForTraining(request))));
                ChatTokens all = encoder.EncodeForTraining(request, ChatLoss.All, 0);
                Assert.That(Said(all), Is.EqualTo(all.Text));
            }
        });
    }

    [Test]
    public void A_template_that_does_not_tell_what_the_assistant_says_can_still_be_learned_as_a_whole()
    {
        using TemporaryFolder folder = new();
        ChatEncoder encoder = Encoder(folder, "{{ messages | length }}{% for m in messages %}{{ m.content }}{% endfor %}");
        var example = new SftExample { Conversation = new ChatRequest { Messages = Talk }, File = "rows.jsonl", Line = 3 };
        SequenceEncoder Rows(ChatLoss loss) => new(Tokenizer.Load(folder.Path), new SequenceLimits { MaxTokens = 99, LossOn = loss }, encoder);
        Assert.That(Rows(ChatLoss.All).Encode([example], out _)[0].TargetTokens, Is.EqualTo("4a bc def".Length - 1));
        Assert.That(
            () => Rows(ChatLoss.Assistant).Encode([example], out _),
            Throws.TypeOf<DataFileException>().With.Message.StartsWith("rows.jsonl:3: the chat template").And.Message.Contains("{% generation %}"));
    }

    [TestCase("{% for m in messages %}{% if loop.last or m.role == 'user' %}<{{ m.role }}>{{ m.content }}{% endif %}{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}")]
    [TestCase("{{ messages | length }}{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}")]
    [TestCase("{% if messages | length == 2 %}{{ raise_exception('no') }}{% endif %}{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}")]
    public void Prefixes_that_differ_from_the_whole_are_an_error_with_a_way_out(string template)
    {
        using TemporaryFolder folder = new();
        ChatEncoder encoder = Encoder(folder, template);
        var failure = Assert.Throws<ChatTemplateException>(() => encoder.EncodeForTraining(new ChatRequest { Messages = Talk }))!;
        Assert.That(failure.Message, Does.Contain("{% generation %}"));
    }

    [Test]
    public void Templates_of_a_folder()
    {
        using TemporaryFolder folder = new();
        Assert.That(ModelChatTemplate.Find(folder.Path), Is.Null);
        File.WriteAllText(folder["tokenizer_config.json"], """
            {"bos_token": {"content": "<s>"}, "eos_token": "!", "pad_token": null,
             "chat_template": [{"name": "default", "template": "one{{ bos_token }}"}, {"name": "tool_use", "template": "two"}]}
            """);
        ChatRequest request = new() { Messages = Talk };
        Assert.That(ModelChatTemplate.Find(folder.Path)!.Render(request).Text, Is.EqualTo("one<s>"));
        Assert.That(ModelChatTemplate.Find(folder.Path, "tool_use")!.Render(request).Text, Is.EqualTo("two"));
        var missing = Assert.Throws<ChatTemplateException>(() => ModelChatTemplate.Find(folder.Path, "rag"))!;
        Assert.That(missing.Message, Does.Contain("name one of default, tool_use"));
        File.WriteAllText(folder["chat_template.jinja"], "three{{ eos_token }}");
        Assert.That(ModelChatTemplate.Find(folder.Path)!.Render(request).Text, Is.EqualTo("three!"));
        File.WriteAllText(folder["chat_template.jinja"], "{% if %}");
        var broken = Assert.Throws<ChatTemplateException>(() => ModelChatTemplate.Find(folder.Path))!;
        Assert.That(broken.Message, Does.Contain(folder["chat_template.jinja"]));
    }

    private static string Said(ChatTokens tokens) =>
        string.Concat(tokens.Ids.Where((_, i) => tokens.AssistantMask[i]).Select(id => ((char)id).ToString()));

    /// <summary>A tokenizer whose ids are ASCII codes, and a template.</summary>
    private static ChatEncoder Encoder(TemporaryFolder folder, string template)
    {
        Dictionary<string, int> vocabulary = Enumerable.Range(' ', '~' - ' ' + 1).ToDictionary(code => ((char)code).ToString(), code => code);
        File.WriteAllText(folder["tokenizer.json"], JsonSerializer.Serialize(new
        {
            model = new { type = "BPE", vocab = vocabulary, merges = Array.Empty<string>() },
        }));
        File.WriteAllText(folder["tokenizer_config.json"], JsonSerializer.Serialize(new { eos_token = "!", chat_template = template }));
        return new ChatEncoder(ModelChatTemplate.Find(folder.Path)!, Tokenizer.Load(folder.Path));
    }

    private static bool CompareMask(GoldenFile file, JsonElement json, JsonElement one, Tokenizer tokenizer)
    {
        if (!one.TryGetProperty("smollm2_mask", out JsonElement mask) || one.GetProperty("add_generation_prompt").GetBoolean())
        {
            return false;
        }

        string root = Path.GetDirectoryName(file.Folder)!;
        using TemporaryFolder folder = new();
        File.Copy(Path.Combine(root, json.GetProperty("template").GetString()!), folder["chat_template.jinja"]);
        using var conversations = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(root, "conversations.json")));
        JsonElement conversation = conversations.RootElement.GetProperty("conversations").GetProperty(one.GetProperty("conversation").GetString()!);
        var chat = new ChatEncoder(ModelChatTemplate.Find(folder.Path)!, tokenizer);
        var request = new ChatRequest
        {
            Messages = conversation.GetProperty("messages"),
            Variables = json.GetProperty("special_tokens").EnumerateObject().ToDictionary(token => token.Name, token => token.Value),
        };
        ChatTokens tokens = chat.EncodeForTraining(request);
        Assert.That(tokens.Ids, Is.EqualTo(ModelCase.Ids(one, "smollm2_ids")), file.Name);
        Assert.That(tokens.AssistantMask.Select(said => said ? 1 : 0), Is.EqualTo(ModelCase.Ids(one, "smollm2_mask")), file.Name);
        if (tokens.AssistantMask.Contains(true))
        {
            // What supervised fine-tuning learns of a row is this mask.
            SftExample example = new SequenceEncoder(tokenizer, new SequenceLimits { MaxTokens = 1 << 16, EndToken = 2 }, chat)
                .Encode([new SftExample { Conversation = request }], out _)[0];
            Assert.That(example.Tokens, Is.EqualTo(tokens.Ids), file.Name);
            Assert.That(example.Learned, Is.EqualTo(tokens.AssistantMask), file.Name);
            Assert.That(example.TargetTokens, Is.EqualTo(tokens.AssistantMask.Count(said => said)), file.Name);
        }

        return true;
    }
}
