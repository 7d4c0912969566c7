using System.Text.Json;
using NUnit.Framework;
using Proximal.ChatTemplates;
using Proximal.Data;
using Proximal.Tests.Models;
using Proximal.Tests.Training.Learning;
using Proximal.Tokenization;

namespace Proximal.Tests.Data;

/// <summary>Rows of messages for supervised fine-tuning, preferences and prompts: every form that is read, and what is said of what cannot be.</summary>
public sealed class ConversationRowsTests
{
    private const string Asks = """{"role":"user","content":"a"}""";
    private const string Answers = """{"role":"assistant","content":"b"}""";
    private const string Worse = """{"role":"assistant","content":"c"}""";
    private const string Template =
        "{% for m in messages %}{{ m.role[0] }}{{ m.content }}{{ eos_token }}e{% endfor %}{% if add_generation_prompt %}a{% endif %}";

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void Make_a_folder() => _folder = new TemporaryFolder();

    [TearDown]
    public void Remove_it() => _folder.Dispose();

    [Test]
    public void Examples_are_conversations_or_answers_to_a_prompt_of_messages()
    {
        string path = Write(
            $$"""
            {"messages":[{{Asks}},{{Answers}}],"tools":"[{\"name\":\"f\"}]","chat_template_kwargs":{"x":1} }
            {"prompt":[{{Asks}},{{Answers}},{{Asks}}],"response":[{{Worse}}]}
            {"text":"t","messages":null}
            """);
        IReadOnlyList<SftExample> examples = SftFile.Read(path);
        Assert.Multiple(() =>
        {
            Assert.That(examples.Select(example => example.Conversation?.Messages.GetArrayLength()), Is.EqualTo(new int?[] { 2, 4, null }));
            Assert.That(examples.Select(example => example.PromptMessages), Is.EqualTo(new[] { 0, 3, 0 }));
            Assert.That(examples[0].Conversation!.Tools[0].GetProperty("name").GetString(), Is.EqualTo("f"), "a list, or its JSON text");
            Assert.That(examples[0].Conversation!.Variables["x"].GetInt32(), Is.EqualTo(1));
            Assert.That(examples.Select(example => example.SplitKey), Is.EqualTo(new[] { $"[{Asks}]", $"[{Asks},{Answers},{Asks}]", "t" }));
        });
    }

    [Test]
    public void A_field_of_another_name_holds_the_messages()
    {
        string path = Write($$"""{"conversation":[{{Asks}},{{Answers}}]}""");
        Assert.That(SftFile.Read(path, new SftFields { Messages = "conversation" })[0].Conversation!.Messages.GetArrayLength(), Is.EqualTo(2));
    }

    [Test]
    public void Pairs_name_their_prompt_or_begin_alike()
    {
        string path = Write(
            $$"""
            {"prompt":[{{Asks}}],"chosen":[{{Answers}}],"rejected":[{{Worse}}],"margin":2}
            {"chosen":[{{Asks}},{{Answers}}],"rejected":[{"content":"a","role":"user"},{{Worse}}]}
            {"prompt":"a","chosen":[{{Asks}},{{Answers}}],"rejected":[{{Asks}},{{Worse}}]}
            {"chosen":[{{Asks}},{{Answers}}],"rejected":[{{Asks}},{{Answers}}]}
            """);
        IReadOnlyList<PreferencePair> pairs = PreferenceFile.Read(path, out int identical);
        Assert.Multiple(() =>
        {
            Assert.That(identical, Is.EqualTo(1));
            Assert.That(pairs.Select(pair => pair.Prompt), Is.All.EqualTo($"[{Asks}]"));
            Assert.That(pairs.Select(pair => pair.Chosen), Is.All.EqualTo($"[{Answers}]"));
            Assert.That(pairs.Select(pair => pair.ChosenConversation!.Messages.GetRawText()), Is.All.EqualTo($"[{Asks},{Answers}]"));
            Assert.That(pairs.Select(pair => pair.RejectedConversation!.Messages[1].GetRawText()), Is.All.EqualTo(Worse));
            Assert.That(pairs[0].Margin, Is.EqualTo(2));
        });
    }

    [Test]
    public void Prompts_are_messages_in_either_field()
    {
        string path = Write($$"""{"prompt":[{{Asks}}]}""" + "\n" + $$"""{"messages":[{{Asks}}],"answer":"7"}""" + "\n" + """{"prompt":"p","messages":1}""");
        IReadOnlyList<Prompt> prompts = PromptFile.Read(path);
        Assert.Multiple(() =>
        {
            Assert.That(prompts.Select(prompt => prompt.Conversation?.AddGenerationPrompt), Is.EqualTo(new bool?[] { true, true, null }));
            Assert.That(prompts[1].Metadata!.Value.GetProperty("answer").GetString(), Is.EqualTo("7"));
            Assert.That(prompts[2].Text, Is.EqualTo("p"));
        });
    }

    [TestCase("""{"messages":[]}""", "the field 'messages' is empty: expected a list of messages")]
    [TestCase("""{"messages":"a"}""", "the field 'messages' is a text: expected a list of messages")]
    [TestCase("""{"messages":[1]}""", "the field 'messages' holds a message 0 that is a number")]
    [TestCase("""{"messages":[{"from":"human","value":"a"}]}""", "holds a message 0 that has no 'role' (it has 'from', 'value')")]
    [TestCase("""{"messages":[{"role":7,"content":"a"}]}""", "has a 'role' that is a number")]
    [TestCase("""{"messages":[{"role":"","content":"a"}]}""", "has an empty 'role'")]
    [TestCase("""{"messages":[{"role":"user","content":"a"},{"role":"assistent","content":"a"}]}""", "a message 1 that has the role 'assistent': did you mean 'assistant'?")]
    [TestCase("""{"messages":[{"role":"Gpt","content":"a"}]}""", "has the role 'Gpt': did you mean 'assistant'?")]
    [TestCase("""{"messages":[{"role":"user"}]}""", "a message 0 that has no 'content'")]
    [TestCase("""{"messages":[{"role":"assistant","content":null}]}""", "a message 0 that has no 'content'")]
    [TestCase("""{"messages":[{"role":"user","content":true}]}""", "has a 'content' that is true or false")]
    [TestCase("""{"messages":[{"role":"user","content":"\ud800"}]}""", "the field 'messages' holds half a surrogate pair")]
    [TestCase("""{"messages":[{"role":"user","content":"a"}]}""", "the field 'messages' has no message of the role 'assistant', so there is nothing to learn")]
    [TestCase("""{"messages":[{"role":"user","content":"a"}],"text":"t"}""", "the row has both 'messages' and 'text'")]
    [TestCase("""{"messages":[{"role":"user","content":"a"}],"prompt":"t"}""", "the row has both 'messages' and 'prompt'")]
    [TestCase("""{"prompt":[{"role":"user","content":"a"}],"response":"b"}""", "the field 'response' is a text: expected a list of messages")]
    [TestCase("""{"prompt":"a","response":[{"role":"assistant","content":"a"}]}""", "the field 'prompt' is a text: expected a list of messages")]
    [TestCase("""{"prompt":[{"role":"assistant","content":"a"}],"response":[{"role":"user","content":"a"}]}""", "the field 'response' has no message of the role 'assistant'")]
    [TestCase("""{"messages":[{"role":"assistant","content":"a"}],"tools":"x"}""", "'tools' is a text: expected a list")]
    [TestCase("""{"messages":[{"role":"assistant","content":"a"}],"chat_template_kwargs":[]}""", "'chat_template_kwargs' is a list: expected an object")]
    public void A_bad_example_is_named(string row, string says) => Assert.That(
        () => SftFile.Read(Write(row)), Throws.TypeOf<DataFileException>().With.Message.Contains("a.jsonl:1: ").And.Message.Contains(says));

    [TestCase("""{"prompt":[{"role":"user","content":"a"}],"chosen":"b","rejected":"c"}""", "the field 'chosen' is a text: expected a list of messages")]
    [TestCase("""{"chosen":[{"role":"user","content":"a"}],"rejected":[{"role":"user","content":"b"}]}""", "the field 'chosen' does not end with a message of the role 'assistant'")]
    [TestCase("""{"chosen":[{"role":"assistant","content":"a"}],"rejected":[{"role":"assistant","content":"b"}]}""", "begin with different messages, so there is no prompt")]
    [TestCase("""{"prompt":"x","chosen":[{"role":"user","content":"a"},{"role":"assistant","content":"a"}],"rejected":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}""", "the field 'prompt' is a text that no message says")]
    [TestCase("""{"prompt":[],"chosen":[{"role":"assistant","content":"a"}],"rejected":[{"role":"assistant","content":"b"}]}""", "the field 'prompt' is empty")]
    public void A_bad_pair_is_named(string row, string says) => Assert.That(
        () => PreferenceFile.Read(Write(row), out _), Throws.TypeOf<DataFileException>().With.Message.Contains("a.jsonl:1: ").And.Message.Contains(says));

    [TestCase("""{"prompt":[{"role":"user","content":"a"},{"role":"assistant","content":"a"}]}""", "the field 'prompt' ends with a message of the role 'assistant', which the model is to write")]
    [TestCase("""{"messages":[]}""", "the field 'messages' is empty")]
    [TestCase("""{"messages":"a"}""", "the field 'messages' is a text")]
    [TestCase("""{"question":"a"}""", "the row has no field 'prompt'")]
    public void A_bad_prompt_is_named(string row, string says) => Assert.That(
        () => PromptFile.Read(Write(row)), Throws.TypeOf<DataFileException>().With.Message.Contains("a.jsonl:1: ").And.Message.Contains(says));

    [Test]
    public void What_the_template_refuses_and_a_model_without_one_are_named_with_the_row()
    {
        const string Alternating = "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}{{ m.content }}{% endfor %}";
        Tokenizer tokenizer = WriteModel(Alternating);
        IReadOnlyList<Prompt> prompts = PromptFile.Read(Write($$"""{"prompt":[{{Asks}},{{Asks}}]}"""));
        Assert.Multiple(() =>
        {
            Assert.That(
                () => PromptEncoder.Encode(prompts, tokenizer, 64, 8, Chat(tokenizer)),
                Throws.TypeOf<DataFileException>().With.Message.Contains("a.jsonl:1: the chat template does not take the messages").And.Message.Contains("roles must alternate"));
            Assert.That(
                () => PromptEncoder.Encode(prompts, tokenizer, 64, 8),
                Throws.TypeOf<DataFileException>().With.Message.Contains("a.jsonl:1: the row has messages, and the model has no chat template").And.Message.Contains("chat_template"));
        });
    }

    [Test]
    public void A_prompt_opens_the_assistants_turn()
    {
        Tokenizer tokenizer = WriteModel(Template);
        Prompt prompt = PromptEncoder.Encode(PromptFile.Read(Write($$"""{"messages":[{{Asks}}]}""")), tokenizer, 64, 8, Chat(tokenizer))[0];
        Assert.That(prompt.Text, Is.EqualTo("ua</s>ea"));
        Assert.That(prompt.Tokens, Is.EqualTo(tokenizer.Encode("ua</s>ea", addSpecialTokens: false)));
    }

    [Test]
    public void Sequences_of_pairs_end_where_a_policys_answers_do()
    {
        Tokenizer tokenizer = WriteModel(Template);
        IReadOnlyList<PreferencePair> pairs = PreferenceFile.Read(Write($$"""{"prompt":[{{Asks}}],"chosen":[{{Answers}}],"rejected":[{{Worse}}]}"""), out _);
        PreferencePair Encode(int? end) => new SequenceEncoder(tokenizer, new SequenceLimits { MaxTokens = 64, EndToken = end }, Chat(tokenizer)).Encode(pairs, out _)[0];
        Assert.Multiple(() =>
        {
            Assert.That(Encode(tokenizer.EosTokenId).ChosenTokens, Is.EqualTo(tokenizer.Encode("ua</s>eab</s>", addSpecialTokens: false)));
            Assert.That(Encode(tokenizer.EosTokenId).RejectedTokens, Is.EqualTo(tokenizer.Encode("ua</s>eac</s>", addSpecialTokens: false)));
            Assert.That(Encode(null).ChosenTokens, Is.EqualTo(tokenizer.Encode("ua</s>eab</s>e", addSpecialTokens: false)), "without an end token: as the template writes it");
        });
    }

    [Test]
    public void Long_conversations_are_refused_dropped_or_cut()
    {
        Tokenizer tokenizer = WriteModel(Template);
        IReadOnlyList<SftExample> rows = SftFile.Read(Write($$"""{"messages":[{{Asks}},{"role":"assistant","content":"bbbb"}]}""" + "\n" + $$"""{"messages":[{{Asks}},{{Answers}}]}"""));
        SequenceLimits limits = new() { MaxTokens = 8, TooLong = TooLong.Cut };
        IReadOnlyList<SftExample> Encode(SequenceLimits with, out int dropped) => new SequenceEncoder(tokenizer, with, Chat(tokenizer)).Encode(rows, out dropped);
        Assert.Multiple(() =>
        {
            Assert.That(Encode(limits, out _)[0].Learned, Is.EqualTo(new[] { false, false, false, false, false, true, true, true }), "u a </s> e a, then what is said");
            Assert.That(Encode(limits with { TooLong = TooLong.Drop }, out int dropped), Has.Count.EqualTo(1));
            Assert.That(dropped, Is.EqualTo(1));
            Assert.That(() => Encode(limits with { TooLong = TooLong.Refuse }, out _), Throws.TypeOf<DataFileException>().With.Message.Contains("a.jsonl:1: the conversation has 11 tokens with its prompt's 5, more than 8"));
            Assert.That(() => Encode(limits with { MaxTokens = 5 }, out _), Throws.TypeOf<DataFileException>().With.Message.Contains("its prompt leaves no room"));
        });
    }

    private Tokenizer WriteModel(string template)
    {
        string folder = CharacterTokenizer.Write(_folder["tokenizer"], "abceu");
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), JsonSerializer.Serialize(new { eos_token = "</s>", chat_template = template }));
        return Tokenizer.Load(folder);
    }

    private ChatEncoder Chat(Tokenizer tokenizer) => new(ModelChatTemplate.Find(_folder["tokenizer"])!, tokenizer);

    private string Write(string rows)
    {
        File.WriteAllText(_folder["a.jsonl"], rows + "\n");
        return _folder["a.jsonl"];
    }
}
