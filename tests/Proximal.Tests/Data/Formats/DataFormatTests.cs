using System.Text.Json;
using NUnit.Framework;
using Proximal.Data;
using Proximal.Data.Formats;
using Proximal.Tests.Data.Sources;
using Proximal.Tests.Models;

namespace Proximal.Tests.Data.Formats;

/// <summary>Rows as the documents of other projects show them, and what runs read of them.</summary>
public sealed class DataFormatTests
{
    private const string Alpaca = """{"instruction":"Add","input":"1 and 2","output":"3"}""";
    private const string AlpacaTurns = """{"instruction":"And 4?","input":"","output":"7","system":"Be short.","history":[["Add 1 and 2","3"]]}""";
    private const string Sharegpt = """
        {"conversations":[{"from":"human","value":"Rain?"},{"from":"function_call","value":"{\"name\":\"weather\",\"arguments\":{\"in\":\"Rome\"}}"},
        {"from":"observation","value":"{\"rain\":false}"},{"from":"gpt","value":"No."}],"system":"S","tools":"[{\"name\":\"weather\",\"parameters\":{}}]"}
        """;

    private const string SharegptPair = """{"conversations":[{"from":"human","value":"Hi"}],"chosen":{"from":"gpt","value":"Hello"},"rejected":{"from":"gpt","value":"No"}}""";
    private const string Hh = """{"chosen":"\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant: d","rejected":"\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant: e"}""";
    private const string Deepspeed = """{"prompt":" Human: a b? Assistant:","chosen":" yes","rejected":" no"}""";
    private const string Verl = """{"data_source":"openai/gsm8k","prompt":[{"role":"user","content":"1+1?"}],"ability":"math","reward_model":{"style":"rule","ground_truth":"2"},"extra_info":{"index":0,"split":"train"}}""";

    private DataFolder _folder = null!;

    [SetUp]
    public void SetUp() => _folder = new DataFolder();

    [TearDown]
    public void TearDown() => _folder.Dispose();

    [TestCase(Alpaca, "[user:Add\n1 and 2]", "[assistant:3]")]
    [TestCase(AlpacaTurns, null, "[system:Be short.][user:Add 1 and 2][assistant:3][user:And 4?][assistant:7]")]
    [TestCase("""{"prompt":"The sky is","completion":" blue."}""", "The sky is", " blue.")]
    [TestCase("""{"text":"The sky is blue."}""", null, "The sky is blue.")]
    [TestCase("""{"prompt":[{"role":"user","content":"q"}],"completion":[{"role":"assistant","content":"a"}]}""", "[user:q]", "[assistant:a]")]
    [TestCase("""{"input":"q","output":"a"}""", "q", "a")]
    [TestCase(Hh, "\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant:", " d")]
    [TestCase(Deepspeed, " Human: a b? Assistant:", " yes")]
    [TestCase("""{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}],"label":true}""", null, "[user:q][assistant:a]")]
    [TestCase("""{"conversations":[{"from":"human","value":"q"},{"from":"gpt","value":"a"}],"kto_tag":true}""", null, "[user:q][assistant:a]")]
    public void Examples(string row, string? prompt, string response) => Assert.That(
        Said(SftFile.Read(Write(row))[0]), Is.EqualTo((prompt, response)));

    [TestCase("""{"prompt":"The sky is","chosen":" blue.","rejected":" green."}""", "The sky is", " blue.", " green.")]
    [TestCase("""{"chosen":"The sky is blue.","rejected":"The sky is green."}""", "The sky is", " blue.", " green.")]
    [TestCase("""{"prompt":[{"role":"user","content":"q"}],"chosen":[{"role":"assistant","content":"a"}],"rejected":[{"role":"assistant","content":"b"}]}""", "[user:q]", "[assistant:a]", "[assistant:b]")]
    [TestCase("""{"chosen":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}],"rejected":[{"role":"user","content":"q"},{"role":"assistant","content":"b"}]}""", "[user:q]", "[assistant:a]", "[assistant:b]")]
    [TestCase("""{"instruction":"Add","input":"1 and 2","chosen":"3","rejected":"4"}""", "[user:Add\n1 and 2]", "[assistant:3]", "[assistant:4]")]
    [TestCase("""{"instruction":"Add","output":"3","chosen":"3","rejected":"4"}""", "[user:Add]", "[assistant:3]", "[assistant:4]")]
    [TestCase(SharegptPair, "[user:Hi]", "[assistant:Hello]", "[assistant:No]")]
    [TestCase("""{"messages":[{"role":"user","content":"q"}],"chosen":{"role":"assistant","content":"a"},"rejected":{"role":"assistant","content":"b"}}""", "[user:q]", "[assistant:a]", "[assistant:b]")]
    [TestCase(Hh, "\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant:", " d", " e")]
    [TestCase(Deepspeed, " Human: a b? Assistant:", " yes", " no")]
    public void Pairs(string row, string prompt, string chosen, string rejected)
    {
        PreferencePair pair = PreferenceFile.Read(Write(row), out _)[0];
        Assert.That((Said(pair.Prompt), Said(pair.Chosen), Said(pair.Rejected)), Is.EqualTo((prompt, chosen, rejected)));
    }

    [TestCase("""{"prompt":"q"}""", "q")]
    [TestCase(Verl, "[user:1+1?]")]
    [TestCase(Alpaca, "[user:Add\n1 and 2]")]
    [TestCase(AlpacaTurns, "[system:Be short.][user:Add 1 and 2][assistant:3][user:And 4?]")]
    [TestCase("""{"conversations":[{"from":"human","value":"q"},{"from":"gpt","value":"a"}]}""", "[user:q]")]
    [TestCase("""{"input":"q","output":"x","label":"a"}""", "q")]
    [TestCase(Hh, "\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant:")]
    [TestCase(Deepspeed, " Human: a b? Assistant:")]
    public void Prompts(string row, string prompt)
    {
        Prompt read = PromptFile.Read(Write(row))[0];
        Assert.That(read.Text ?? Said(read.Conversation!.Messages), Is.EqualTo(prompt));
        Assert.That(JsonElement.DeepEquals(read.Metadata!.Value, JsonElement.Parse(row)), Is.True, "a reward sees the row as the file has it");
    }

    [Test]
    public void Tools_and_their_calls_are_as_templates_want_them()
    {
        SftExample example = SftFile.Read(Write(Sharegpt.Replace("\n", string.Empty, StringComparison.Ordinal)))[0];
        JsonElement messages = example.Conversation!.Messages;
        Assert.Multiple(() =>
        {
            Assert.That(messages.EnumerateArray().Select(message => message.GetProperty("role").GetString()), Is.EqualTo(new[] { "system", "user", "assistant", "tool", "assistant" }));
            Assert.That(messages[2].GetProperty("tool_calls")[0].GetRawText(), Is.EqualTo("""{"type":"function","function":{"name":"weather","arguments":{"in":"Rome"}}}"""));
            Assert.That(example.Conversation.Tools[0].GetRawText(), Is.EqualTo("""{"type":"function","function":{"name":"weather","parameters":{}}}"""));
        });
    }

    [TestCase(DataFormat.Auto, Deepspeed, "[user:a b?]", "[assistant:yes]")]
    [TestCase(DataFormat.Hh, Hh, "[user:a][assistant:b][user:c]", "[assistant:d]")]
    [TestCase(DataFormat.DeepspeedChat, """{"prompt":"\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant:","chosen":" d","rejected":"x"}""", "[user:a][assistant:b][user:c]", "[assistant:d]")]
    [TestCase(DataFormat.Trl, """{"prompt":"q","chosen":"a","rejected":"x"}""", "[user:q]", "[assistant:a]")]
    [TestCase(DataFormat.Trl, """{"chosen":"The sky is blue","rejected":"The sky is green"}""", "[user:The sky is]", "[assistant: blue]")]
    public void Texts_become_messages_where_that_is_asked_for(DataFormat format, string row, string prompt, string chosen)
    {
        PreferencePair pair = PreferenceFile.Read(new DataSource(Write(row)) { Format = format, ApplyChatTemplate = true }, out _)[0];
        Assert.That((Said(pair.Prompt), Said(pair.Chosen)), Is.EqualTo((prompt, chosen)));
    }

    [Test]
    public void Alpaca_can_stay_texts()
    {
        SftExample example = SftFile.Stream(new DataSource(Write(Alpaca)) { ApplyChatTemplate = false }).Single();
        Assert.That((example.Prompt, example.Response), Is.EqualTo(("Add\n1 and 2", "3")));
        Assert.That(
            () => SftFile.Stream(new DataSource(Write(AlpacaTurns)) { ApplyChatTemplate = false }).ToArray(),
            Throws.TypeOf<DataFileException>().With.Message.Contains("a.jsonl:1: the field 'system' is given, which a text has no place for"));
    }

    [Test]
    public void Rows_with_a_bad_label_are_left_out_and_counted()
    {
        string path = Write("""{"prompt":"p","completion":"good","label":true}""" + "\n" + """{"prompt":"p","completion":"bad","label":false}""");
        int bad = 0;
        Assert.That(SftFile.Stream(new DataSource(path), _ => bad++).Select(example => example.Response), Is.EqualTo(new[] { "good" }));
        Assert.That(bad, Is.EqualTo(1));
        Assert.That(
            () => PreferenceFile.Read(path, out _),
            Throws.TypeOf<DataFileException>().With.Message.Contains("a.jsonl:1: the row judges one answer ('label'), and a reward model learns from two answers"));
    }

    [TestCase("""{"instruction":"i","output":"o","prompt":"p"}""", "a.jsonl:1: the rows fit several formats, alpaca ('instruction') and trl ('prompt'): set format to one of them")]
    [TestCase("""{"conversations":[],"text":"p"}""", "sharegpt ('conversations') and trl ('text')")]
    [TestCase("""{"input":"i","output":"o","messages":[]}""", "openrlhf ('output') and trl ('messages')")]
    [TestCase("""{"instruction":"i"}""", "a.jsonl:1: the row has no field 'output'")]
    [TestCase("""{"instruction":"i","output":""}""", "a.jsonl:1: the field 'output' is empty")]
    [TestCase("""{"instruction":"","output":"o"}""", "a.jsonl:1: the field 'instruction' is empty")]
    [TestCase("""{"instruction":"i","output":"o","history":[["a"]]}""", "a.jsonl:1: the field 'history' holds something else than [prompt, response]")]
    [TestCase("""{"instruction":"i","output":"o","history":"x"}""", "a.jsonl:1: the field 'history' is a JSON string")]
    [TestCase("""{"conversations":[{"from":"dog","value":"v"}]}""", "the field 'conversations' holds a message 0 that is said by 'dog': expected human, gpt, observation, function_call or system")]
    [TestCase("""{"conversations":[{"from":"human"}]}""", "holds a message 0 that has no text 'value'")]
    [TestCase("""{"conversations":[{"from":"function_call","value":"call me"}]}""", "holds a message 0 that calls a function in another form")]
    [TestCase("""{"conversations":[{"from":"human","value":"<image>"}],"images":["a.png"]}""", "the row has 'images', and models here take texts alone")]
    [TestCase("""{"prompt":"p","chosen":"c","rejected":"r"}""", "it is a pair of answers; to learn the better one set fields to {response: chosen}")]
    public void A_row_that_cannot_be_an_example_is_named(string row, string says) => Assert.That(
        () => SftFile.Read(Write(row)), Throws.TypeOf<DataFileException>().With.Message.Contains(says));

    [TestCase("""{"chosen":"\n\nHuman: a\n\nAssistant: b","rejected":"\n\nHuman: x\n\nAssistant: b"}""", "do not begin with the same turns")]
    [TestCase("""{"chosen":"\n\nHuman: a\n\nAssistant: b","rejected":"\n\nHuman: a\n\nAssistant:"}""", "the field 'rejected' ends where the answer should begin")]
    [TestCase("""{"chosen":"a","rejected":"b"}""", "begin with different letters, so there is no prompt: add the field 'prompt'")]
    [TestCase("""{"instruction":"i","output":"o"}""", "the row has no field 'chosen'")]
    public void A_row_that_cannot_be_a_pair_is_named(string row, string says) => Assert.That(
        () => PreferenceFile.Read(Write(row), out _), Throws.TypeOf<DataFileException>().With.Message.Contains("a.jsonl:1: ").And.Message.Contains(says));

    [Test]
    public void Names_that_are_given_leave_rows_as_they_are()
    {
        PreferencePair pair = PreferenceFile.Read(
            Write("""{"instruction":"i","input":"x","chosen":"c","rejected":"r"}"""), out _, new PreferenceFields { Prompt = "instruction" })[0];
        Assert.That((pair.Prompt, pair.ChosenConversation), Is.EqualTo(("i", (object?)null)));
        Assert.That(PromptFile.Read(Write("""{"question":"q","prompt":"p"}"""), "question")[0].Text, Is.EqualTo("q"));
        var source = new DataSource(Write("""{"dialog":[{"from":"human","value":"q"},{"from":"gpt","value":"a"}]}""")) { Format = DataFormat.Sharegpt, Names = new RowNames { Messages = "dialog" } };
        Assert.That(Said(SftFile.Stream(source).Single()).Response, Is.EqualTo("[user:q][assistant:a]"));
    }

    [Test]
    public void A_description_beside_the_file_names_its_fields()
    {
        _folder.Write("d/dataset_info.json", """
            {"talks":{"file_name":"talks.json","formatting":"sharegpt","columns":{"messages":"turns","system":"sys"},
              "tags":{"role_tag":"who","content_tag":"what","user_tag":"U","assistant_tag":"A"}},
             "pairs":{"file_name":"pairs.jsonl","ranking":true,"columns":{"prompt":"q","query":"","chosen":"good","rejected":"bad"}},
             "texts":{"file_name":"texts.jsonl","columns":{"prompt":"body"}},
             "hub":{"hf_hub_url":"a/b"},"out":{"file_name":"../secret.json"},"some":{"file_name":"talks.json","num_samples":5}}
            """);
        _folder.Write("d/talks.json", """[{"turns":[{"who":"U","what":"q"},{"who":"A","what":"a"}],"sys":"s"}]""");
        _folder.Write("d/pairs.jsonl", """{"q":"p","good":"g","bad":"b"}""");
        _folder.Write("d/texts.jsonl", """{"body":"t"}""");
        Assert.Multiple(() =>
        {
            Assert.That(Said(SftFile.Stream(new DataSource(_folder["d"]) { Dataset = "talks" }).Single()).Response, Is.EqualTo("[system:s][user:q][assistant:a]"));
            Assert.That(Said(PreferenceFile.Read(_folder["d", "pairs.jsonl"], out _)[0].Chosen), Is.EqualTo("[assistant:g]"), "found by the file's name");
            Assert.That(SftFile.Stream(new DataSource(_folder["d", "dataset_info.json"]) { Dataset = "texts" }).Single().Response, Is.EqualTo("t"));
            Refused("none", "it describes no data set 'none': expected one of talks, pairs, texts, hub, out, some");
            Refused("out", "'out' names a file outside of the folder, '../secret.json'");
            Refused("hub", "'hub' lies elsewhere ('hf_hub_url'): fetch it");
            Refused("some", "'some' asks for a part of its rows ('num_samples')");
            Refused(null, "this describes data sets: name one of them with the key dataset (talks, pairs, texts, hub, out, some)");
        });

        void Refused(string? name, string says) => Assert.That(
            () => SftFile.Stream(new DataSource(_folder["d", "dataset_info.json"]) { Dataset = name }).ToArray(), Throws.TypeOf<DataFileException>().With.Message.Contains(says));
    }

    [Test]
    public void Files_of_several_forms_are_recognised_each_on_its_own()
    {
        _folder.Write("d/a.jsonl", Alpaca);
        _folder.Write("d/b.csv", "prompt,completion\nq,a\n");
        _folder.Write("d/c.json", "[" + Sharegpt + "]");
        Assert.That(SftFile.Read(_folder["d"]).Select(example => example.Conversation is null), Is.EqualTo(new[] { false, true, false }));
    }

    [TestCase("llamafactory", "alpaca_en_demo.json", 999)]
    [TestCase("llamafactory", "identity.json", 91)]
    [TestCase("llamafactory", "kto_en_demo.json", 150)]
    [TestCase("llamafactory", "c4_demo.jsonl", 300)]
    [TestCase("rasbt", "instruction-data.json", 1100)]
    public void Real_examples_are_read(string folder, string file, int rows) =>
        Assert.That(SftFile.Read(SharedData.Path(folder, file)), Has.Count.EqualTo(rows));

    [TestCase("llamafactory", "dpo_en_demo.json", 300)]
    [TestCase("rasbt", "instruction-data-with-preference.json", 1094)]
    [TestCase("open-instruct", "tulu_human_preferences.jsonl", 773)]
    public void Real_pairs_are_read(string folder, string file, int pairs) =>
        Assert.That(PreferenceFile.Read(SharedData.Path(folder, file), out _), Has.Count.EqualTo(pairs));

    private static (string? Prompt, string Response) Said(SftExample example) => example.Conversation is not { } conversation
        ? (example.Prompt, example.Response)
        : example.PromptMessages == 0 ? (null, Said(conversation.Messages))
        : (Said(Part(conversation.Messages, 0, example.PromptMessages)), Said(Part(conversation.Messages, example.PromptMessages, int.MaxValue)));

    private static JsonElement Part(JsonElement messages, int from, int count) =>
        JsonSerializer.SerializeToElement(messages.EnumerateArray().Skip(from).Take(count).ToArray());

    private static string Said(string text) => text.StartsWith('[') ? Said(JsonElement.Parse(text)) : text;

    private static string Said(JsonElement messages) => string.Concat(messages.EnumerateArray().Select(message =>
        $"[{message.GetProperty("role").GetString()}:{(message.TryGetProperty("content", out JsonElement content) ? content.GetString() : "")}]"));

    private string Write(string rows) => _folder.Write("a.jsonl", rows);
}
