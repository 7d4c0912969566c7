using System.Text.Json;
using NUnit.Framework;
using Proximal.Data;
using Proximal.Data.Checking;
using Proximal.Tests.Cli;
using Proximal.Tests.Data.Sources;
using Proximal.Tests.Models;

namespace Proximal.Tests.Data.Checking;

/// <summary>Whole folders, forms of other projects, copies without what is wrong, and the page.</summary>
public sealed class DataFolderTests
{
    private const string Pair1 = """{"prompt":"p","chosen":"a b","rejected":"c"}""";
    private const string Pair2 = """{"prompt":"q","chosen":"d","rejected":"e f"}""";

    private DataFolder _folder = null!;

    [SetUp]
    public void SetUp() => _folder = new DataFolder();

    [TearDown]
    public void TearDown() => _folder.Dispose();

    [TestCase("""{"instruction":"i","input":"x","output":"o"}""", DataFormat.Alpaca, DataShape.Examples)]
    [TestCase("""{"instruction":"i","output":"o","chosen":"a","rejected":"b"}""", DataFormat.Alpaca, DataShape.Preferences)]
    [TestCase("""{"instruction":"i"}""", DataFormat.Alpaca, DataShape.Prompts)]
    [TestCase("""{"conversations":[{"from":"human","value":"q"},{"from":"gpt","value":"a"}]}""", DataFormat.Sharegpt, DataShape.Examples)]
    [TestCase("""{"conversations":[{"from":"human","value":"q"},{"from":"gpt","value":"a"}],"kto_tag":false}""", DataFormat.Sharegpt, DataShape.Judgements)]
    [TestCase("""{"conversations":[{"from":"human","value":"q"}],"chosen":{"from":"gpt","value":"a"},"rejected":{"from":"gpt","value":"b"}}""", DataFormat.Sharegpt, DataShape.Preferences)]
    [TestCase("""{"prompt":"q","completion":"a","label":true}""", DataFormat.Trl, DataShape.Judgements)]
    [TestCase("""{"prompt":"q","completion":"a"}""", DataFormat.Trl, DataShape.Examples)]
    [TestCase("""{"chosen":"The a","rejected":"The b"}""", DataFormat.Trl, DataShape.Preferences)]
    [TestCase("""{"chosen":"\n\nHuman: a\n\nAssistant: b","rejected":"\n\nHuman: a\n\nAssistant: c"}""", DataFormat.Hh, DataShape.Preferences)]
    [TestCase("""{"prompt":"Human: a Assistant:","chosen":" b","rejected":" c"}""", DataFormat.DeepspeedChat, DataShape.Preferences)]
    [TestCase("""{"input":"q","output":"a"}""", DataFormat.Openrlhf, DataShape.Examples)]
    [TestCase("""{"prompt":[{"role":"user","content":"q"}],"reward_model":{"ground_truth":"2"}}""", DataFormat.Verl, DataShape.Prompts)]
    public void Forms_are_recognised_and_clean_rows_are_clean(string row, DataFormat format, DataShape shape)
    {
        DataReport report = DataCheck.Run(_folder.Write("a.jsonl", row));
        Assert.Multiple(() =>
        {
            Assert.That((report.Format, report.Shape, report.UsableRows), Is.EqualTo((format, (DataShape?)shape, 1L)));
            Assert.That(report.Problems, Is.Empty);
            Assert.That(report.Fields.Where(field => field.IsToTell), Is.Empty, "runs find these fields on their own");
        });
    }

    [TestCase("""{"instruction":"i","output":"o","prompt":"p"}""", DataProblemKind.Ambiguous, null)]
    [TestCase("""{"instruction":"i","output":"o"}""" + "\n" + """{"instruction":"","output":"o"}""", DataProblemKind.Empty, "instruction")]
    [TestCase("""{"instruction":"i","output":"o"}""" + "\n" + """{"output":"o"}""", DataProblemKind.MissingField, "instruction")]
    [TestCase("""{"conversations":[{"from":"human","value":"q"},{"from":"gpt","value":"a"}]}""" + "\n" + """{"conversations":[{"from":"dog","value":"a"}]}""", DataProblemKind.WrongValue, "conversations")]
    public void What_a_form_does_not_allow_is_an_error_with_field_and_place(string rows, DataProblemKind kind, string? field)
    {
        DataProblem problem = DataCheck.Run(_folder.Write("a.jsonl", rows)).Problems.Single();
        Assert.That((problem.Kind, problem.Field, problem.Line), Is.EqualTo((kind, field, (int?)rows.Split('\n').Length)));
    }

    [Test]
    public void Labels_of_judged_answers_are_counted()
    {
        DataReport report = DataCheck.Run(_folder.Write("a.csv", "prompt,completion,label\np,a,True\nq,b,false\nr,c,true\n"));
        Assert.That((report.Shape, report.GoodAnswers, report.BadAnswers), Is.EqualTo(((DataShape?)DataShape.Judgements, 2L, 1L)));
    }

    [Test]
    public void A_folder_has_sets_with_their_splits_and_names_what_is_no_data()
    {
        _folder.Write("d/train-00000-of-00002.jsonl", Pair1);
        _folder.Write("d/train-00001-of-00002.jsonl", Pair2);
        _folder.Write("d/test.jsonl.gz", Pair2);
        _folder.Write("d/prompts.txt", "one\ntwo\n");
        _folder.Write("d/stories.json", "[\"Once\",\"Twice upon\"]");
        _folder.Write("d/config.json", "{\n  \"hidden_size\": 5\n}");
        _folder.Write("d/README.md", "hello");
        DataFolderReport report = DataCheck.RunFolder(_folder["d"]);
        Assert.Multiple(() =>
        {
            Assert.That(report.Sets.Select(set => set.Shape), Is.EquivalentTo(new DataShape?[] { DataShape.Prompts, DataShape.Texts, DataShape.Preferences }));
            DataReport pairs = report.Sets.Single(set => set.Shape == DataShape.Preferences);
            Assert.That(pairs.Splits, Is.EqualTo(new[] { new DataSplitReport("test", 1, 1), new DataSplitReport("train", 2, 2) }));
            Assert.That(pairs.Problems.Select(problem => problem.Kind), Does.Contain(DataProblemKind.Leakage));
            Assert.That(report.PassedOver.Select(file => Path.GetFileName(file.File)), Is.EqualTo(new[] { "config.json", "README.md" }));
            Assert.That(() => DataCheck.RunFolder(_folder["none"]), Throws.TypeOf<DataFileException>().With.Message.Contains("there is no such folder"));
        });
    }

    [Test]
    public void A_lexicon_and_a_model_are_told_as_what_they_are()
    {
        _folder.Write("d/words.tsv", "good\t3\nbad luck\t-2.5\n");
        _folder.Write("d/vader.txt", "good\t1.9\t0.9\t[2, 1]\n");
        _folder.Write("d/labelled.txt", "This is a sentence of some length.\t1\nAnd this one is another.\t0\n");
        _folder.Write("d/rows.tsv", "prompt\tresponse\n1\t2\n");
        _folder.Write("d/small.gguf", "GGUF");
        _folder.Write("d/what.inp", "x");
        DataFolderReport report = DataCheck.RunFolder(_folder["d"]);
        Dictionary<string, string> reasons = report.PassedOver.ToDictionary(file => Path.GetFileName(file.File), file => file.Reason);
        Assert.Multiple(() =>
        {
            Assert.That(report.Sets.Select(set => Path.GetFileName(set.Files[0])), Is.EquivalentTo(new[] { "labelled.txt", "rows.tsv" }));
            Assert.That(reasons["words.tsv"], Is.EqualTo("a lexicon: 2 entries with values from -2.5 to 3, for the reward `lexicon`"));
            Assert.That(reasons["vader.txt"], Does.StartWith("a lexicon: 1 entries with values from 1.9 to 1.9 and further columns").And.Contain("cut -f1,2"));
            Assert.That(reasons["small.gguf"], Is.EqualTo("a file of a model, of which `proximal info` tells"));
            Assert.That(reasons["what.inp"], Is.EqualTo("'.inp' is no ending of data files"));
        });
    }

    [Test]
    public void A_copy_has_the_rows_that_are_right_as_they_were()
    {
        const string Good = """{"prompt":"r","chosen":"ü\n","rejected":"e f","other":[1,{"a":null}]}""";
        string path = _folder.Write("a.jsonl", string.Join('\n', Pair1, "{", Good, """{"prompt":"s","chosen":"same","rejected":"same"}""", Pair2, """{"prompt":"q","chosen":"e f","rejected":"d"}""", Pair1, """{"prompt":"t","chosen":"a"}"""));
        CliRun run = CliRun.Of(string.Empty, "data", "check", path, "--fix", _folder["clean.jsonl.zst"]);
        Assert.Multiple(() =>
        {
            Assert.That(run.Code, Is.EqualTo(3), "what was checked has errors");
            Assert.That(run.Output, Does.Contain($"{_folder["clean.jsonl.zst"]}: 2 rows\n").And.Contain("left out: 1 malformed, 1 missing field, 1 identical, 1 duplicate, 2 contradiction\n"));
            Assert.That(DataCheck.Run(_folder["clean.jsonl.zst"]).Counts, Is.Empty);
            Assert.That(JsonRows.Read(_folder["clean.jsonl.zst"], "it", "{}").Select(row => row.Object.GetRawText()), Is.EqualTo(new[] { Pair1, Good }));
            Assert.That(File.ReadAllText(path), Does.StartWith(Pair1), "never in place");
            Assert.That(CliRun.Of(string.Empty, "data", "check", path, "--fix", path).Error, Does.Contain("it exists already, and a copy replaces nothing"));
            Assert.That(CliRun.Of(string.Empty, "data", "check", path, "--fix", _folder["clean.csv"]).Error, Does.Contain("let its name end in .jsonl"));
        });
    }

    [Test]
    public void A_folder_is_copied_to_a_folder()
    {
        _folder.Write("d/train.csv", "prompt,completion\np,a\nq,b\nq,b\n");
        _folder.Write("d/test.csv", "prompt,completion\np,a\nx,y\n");
        _folder.Write("d/sub/more.json", "[" + Pair1 + "]");
        CliRun run = CliRun.Of(string.Empty, "data", "check", _folder["d"], "--fix", _folder["out"], "--json");
        JsonElement report = JsonElement.Parse(run.Output);
        Assert.Multiple(() =>
        {
            Assert.That(report.GetProperty("sets").GetArrayLength(), Is.EqualTo(2), run.Error);
            Assert.That(Directory.EnumerateFiles(_folder["out"], "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(_folder["out"], file)), Is.EquivalentTo(new[] { "train.jsonl", "test.jsonl", "sub/more.jsonl" }));
            Assert.That(File.ReadAllLines(_folder["out", "test.jsonl"]).Length + File.ReadAllLines(_folder["out", "train.jsonl"]).Length, Is.EqualTo(3), "a prompt stays in one split, and once");
        });
    }

    [Test]
    public void The_page_shows_what_the_command_prints_and_only_shows_it()
    {
        string path = _folder.Write("a.jsonl", Pair1 + "\n" + """{"prompt":"<script>alert(1)</script>","chosen":"x","rejected":"x"}""" + "\n" + """{"<b>":1}""");
        CliRun run = CliRun.Of(string.Empty, "data", "check", path, "--html", _folder["page.html"]);
        string page = File.ReadAllText(_folder["page.html"]);
        Assert.Multiple(() =>
        {
            Assert.That(run.Code, Is.EqualTo(3));
            Assert.That(page, Does.Contain("both answers are the same").And.Contain("<svg").And.Contain("the longer one, by words"));
            Assert.That(page, Does.Not.Contain("<script>").And.Not.Contain("<b>"));
        });
    }

    [Test]
    public void Labels_at_the_end_of_lines_are_a_warning()
    {
        DataProblem problem = DataCheck.Run(_folder.Write("a.txt", "So good.\t1\nSo bad.\t0\n")).Problems.Single();
        Assert.That((problem.Kind, problem.Severity), Is.EqualTo((DataProblemKind.LabelledLines, DataSeverity.Warning)));
        Assert.That(DataCheck.Run(_folder.Write("b.txt", "So good.\t1\nSo bad.\n")).Problems, Is.Empty);
    }

    /// <summary>Every folder of the shared data: what is in it, and how many rows.</summary>
    [TestCase("gsm8k", "train.jsonl Examples Trl 7473")]
    [TestCase("hh-rlhf", "harmless-base-test.jsonl.gz Preferences Hh 2312")]
    [TestCase("llamafactory", "alpaca_en_demo.json Examples Alpaca 999, c4_demo.jsonl Texts Trl 300, dpo_en_demo.json Preferences Sharegpt 300, identity.json Examples Alpaca 91, kto_en_demo.json Judgements Trl 300, wiki_demo.txt Prompts Trl")]
    [TestCase("open-instruct", "tulu_human_preferences.jsonl Preferences Trl 774")]
    [TestCase("rasbt", "instruction-data-with-preference.json Preferences Alpaca 1100, instruction-data.json Examples Alpaca 1100")]
    [TestCase("rt-polarity", "")]
    [TestCase("tinystories", "prompts_train.jsonl+prompts_val.jsonl Prompts Trl 791, tinystories_1000.json Texts Trl 1000")]
    [TestCase("smollm2-135m-instruct", "")]
    [TestCase("stories260K", "golden.json Prompts Trl 3")]
    [TestCase("uci-sentiment", "amazon_cells_labelled.txt Prompts Trl 1000, imdb_labelled.txt Prompts Trl 1000, yelp_labelled.txt Prompts Trl 1000")]
    [TestCase("tinyshakespeare", "tiny_shakespeare.txt Prompts Trl")]
    [TestCase("gpt2-tokenizer", "")]
    [TestCase("lexicons", "leo-profanity.json Texts Trl 253")]
    [TestCase("tokenizer-goldens", "")]
    public void The_shared_folders_are_what_they_are(string folder, string expected)
    {
        DataFolderReport report = DataCheck.RunFolder(SharedData.Path(folder));
        string[] found = [.. report.Sets.Select(set => $"{string.Join('+', set.Files.Select(Path.GetFileName))} {set.Shape} {set.Format} {set.Rows}")];
        string[] wanted = expected.Split(", ", StringSplitOptions.RemoveEmptyEntries);
        Assert.That(found.Select((set, i) => i < wanted.Length && set.StartsWith(wanted[i], StringComparison.Ordinal)).Count(right => right), Is.EqualTo(Math.Max(wanted.Length, found.Length)), string.Join(", ", found));
    }
}
