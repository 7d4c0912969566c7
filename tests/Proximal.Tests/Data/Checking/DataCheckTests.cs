using NUnit.Framework;
using Proximal.ChatTemplates;
using Proximal.Data;
using Proximal.Data.Checking;
using Proximal.Evaluation;
using Proximal.Tests.Cli;
using Proximal.Tests.Models;
using Proximal.Tokenization;

namespace Proximal.Tests.Data.Checking;

/// <summary>Every kind of problem is planted and found, nothing is found where there is none, and the figures are those counted by hand.</summary>
public sealed class DataCheckTests
{
    private const string Clean =
        "{\"prompt\":\"p one\",\"chosen\":\"a b c\",\"rejected\":\"d e\"}\n{\"prompt\":\"p two\",\"chosen\":\"f\",\"rejected\":\"g h\"}\n";

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void Make_a_folder() => _folder = new TemporaryFolder();

    [TearDown]
    public void Remove_it() => _folder.Dispose();

    [TestCase("a.jsonl", Clean, DataShape.Preferences)]
    [TestCase("a.json", "[{\"instruction\":\"p\",\"chosen\":\"a\",\"rejected\":\"b\",\"margin\":1}]", DataShape.Preferences)]
    [TestCase("a.jsonl", "{\"prompt\":\"p\",\"response\":\"r\"}\n{\"text\":\"t\"}", DataShape.Examples)]
    [TestCase("a.jsonl", "{\"question\":\"p\",\"answer\":\"r\"}", DataShape.Examples)]
    [TestCase("a.ndjson", "{\"text\":\"t\"}", DataShape.Texts)]
    [TestCase("a.jsonl", "{\"prompt\":\"p\",\"answer_key\":3}", DataShape.Prompts)]
    [TestCase("a.txt", "one\n\ntwo\n", DataShape.Prompts)]
    public void Clean_files_are_recognised_and_clean(string name, string text, DataShape shape)
    {
        DataReport report = Check(text, name);
        Assert.Multiple(() =>
        {
            Assert.That(report.Shape, Is.EqualTo(shape));
            Assert.That(report.Problems, Is.Empty);
            Assert.That((report.Errors, report.Warnings), Is.EqualTo((0L, 0L)));
            Assert.That(report.UsableRows, Is.EqualTo(report.Rows).And.GreaterThan(0));
        });
    }

    [TestCase("{\"prompt\"", DataProblemKind.Malformed, null, "the line is not JSON")]
    [TestCase("[1]", DataProblemKind.Malformed, null, "expected a JSON object")]
    [TestCase("{\"\\ud800\":1}", DataProblemKind.Malformed, null, "half a surrogate pair")]
    [TestCase("{\"prompt\":\"p\",\"chosen\":\"c\"}", DataProblemKind.MissingField, "rejected", "no field 'rejected' (it has 'prompt', 'chosen'): add it")]
    [TestCase("{\"prompt\":\"p\",\"chosen\":{\"role\":\"user\"},\"rejected\":\"r\"}", DataProblemKind.WrongValue, "chosen", "is a JSON object: expected a string")]
    [TestCase("{\"prompt\":\"p\",\"chosen\":[{\"role\":\"user\"}],\"rejected\":\"r\"}", DataProblemKind.WrongValue, null, "the field 'chosen' holds a message 0 that has no 'content'")]
    [TestCase("{\"prompt\":null,\"chosen\":\"c\",\"rejected\":\"r\"}", DataProblemKind.WrongValue, "prompt", "is a JSON null: expected a string")]
    [TestCase("{\"prompt\":\"p\",\"chosen\":\"\",\"rejected\":\"r\"}", DataProblemKind.Empty, "chosen", "is empty: give it")]
    [TestCase("{\"prompt\":\"p\",\"chosen\":\"\\udc00\",\"rejected\":\"r\"}", DataProblemKind.WrongValue, "chosen", "half a surrogate pair")]
    [TestCase("{\"prompt\":\"p\",\"chosen\":\"c\",\"rejected\":\"r\",\"margin\":-1}", DataProblemKind.WrongValue, "margin", "is -1: expected at least 0; swap")]
    [TestCase("{\"prompt\":\"p\",\"chosen\":\"c\",\"rejected\":\"r\",\"margin\":\"x\"}", DataProblemKind.WrongValue, "margin", "expected a finite number")]
    public void What_a_run_refuses_is_an_error_with_its_place(string row, DataProblemKind kind, string? field, string says)
    {
        DataReport report = Check(Clean + row + "\n" + Clean.Replace("p ", "q ", StringComparison.Ordinal));
        DataProblem problem = report.Problems.Single();
        Assert.Multiple(() =>
        {
            Assert.That((problem.Severity, problem.Kind, problem.Line, problem.Field), Is.EqualTo((DataSeverity.Error, kind, (int?)3, field)));
            Assert.That(problem.ToString(), Does.StartWith($"{_folder["a.jsonl"]}:3: ").And.Contain(says));
            Assert.That((report.Rows, report.UsableRows), Is.EqualTo((5L, 4L)));
            Assert.That(() => PreferenceFile.Read(_folder["a.jsonl"], out _), Throws.TypeOf<DataFileException>().With.Message.Contains("a.jsonl:3"), "a run says the same");
        });
    }

    [TestCase("{\"prompt\":\"p\",\"chosen\":\" \\n\",\"rejected\":\"r\"}", DataProblemKind.Blank, "chosen")]
    [TestCase("{\"prompt\":\"p\",\"chosen\":\"same\",\"rejected\":\"same\"}", DataProblemKind.Identical, "rejected")]
    [TestCase("{\"prompt\":\"p\",\"chosen\":\"the same \",\"rejected\":\"The  same\"}", DataProblemKind.Alike, "rejected")]
    [TestCase("{\"prompt\":\"p two\",\"chosen\":\"f\",\"rejected\":\"g h\"}", DataProblemKind.Duplicate, null)]
    [TestCase("{\"prompt\":\"P  two\",\"chosen\":\"g h\",\"rejected\":\"f\"}", DataProblemKind.Contradiction, null)]
    [TestCase("{\"prompt\":\"p\",\"chosen\":\"c\",\"rejected\":\"r\",\"margin\":0}", DataProblemKind.Tie, "margin")]
    public void What_says_less_than_it_seems_is_a_warning(string row, DataProblemKind kind, string? field)
    {
        DataReport report = Check(Clean + row);
        DataProblem problem = report.Problems.Single();
        Assert.Multiple(() =>
        {
            Assert.That((problem.Severity, problem.Kind, problem.Line, problem.Field), Is.EqualTo((DataSeverity.Warning, kind, (int?)3, field)));
            Assert.That(report.UsableRows, Is.EqualTo(3));
            Assert.That(PreferenceFile.Read(_folder["a.jsonl"], out _), Is.Not.Empty, "a run can use the file");
        });
    }

    [Test]
    public void A_repeated_row_and_its_opposite_name_the_first_one()
    {
        DataReport report = Check(Clean + "\n{\"prompt\":\"p one\",\"chosen\":\"d e\",\"rejected\":\"a b c\"}\n{\"prompt\":\"p one\",\"chosen\":\"a b c\",\"rejected\":\"d e\"}");
        Assert.That(
            report.Problems.Select(problem => (problem.Kind, problem.Line, problem.Message.Split(':')[0])),
            Is.EqualTo(new[]
            {
                (DataProblemKind.Duplicate, (int?)5, "the row is the same as line 1"),
                (DataProblemKind.Contradiction, (int?)4, "the pair says the opposite of line 1"),
                (DataProblemKind.Contradiction, (int?)5, "the pair says the opposite of line 4"),
            }));
    }

    [Test]
    public void A_prompt_in_two_splits_is_told_once()
    {
        DataReport report = Check(
            "{\"prompt\":\"Same\",\"chosen\":\"a\",\"rejected\":\"b\",\"split\":\"train\"}\n{\"prompt\":\" same\",\"chosen\":\"c\",\"rejected\":\"d\",\"split\":\"test\"}\n"
            + "{\"prompt\":\"same\",\"chosen\":\"e\",\"rejected\":\"f\",\"split\":\"test\"}\n{\"prompt\":\"other\",\"chosen\":\"a\",\"rejected\":\"b\",\"split\":\"test\"}");
        Assert.Multiple(() =>
        {
            Assert.That(report.Problems.Single().ToString(), Does.EndWith(":2: the prompt is in the split 'test' and, line 1, in 'train': keep it in one of them"));
            Assert.That(report.Errors, Is.EqualTo(1));
            Assert.That(report.Splits, Is.EqualTo(new[] { new DataSplitReport("train", 1, 1), new DataSplitReport("test", 3, 2) }));
            Assert.That(report.Prompts, Is.EqualTo(2));
        });
    }

    [Test]
    public void Files_are_splits_of_one_another()
    {
        Write("train.jsonl", Clean);
        Write("test.jsonl", "{\"prompt\":\"p two\",\"chosen\":\"x\",\"rejected\":\"y\"}");
        DataReport report = DataCheck.Run([_folder["train.jsonl"], _folder["test.jsonl"]]);
        Assert.Multiple(() =>
        {
            Assert.That(report.Problems.Single().Message, Does.Contain($"and, {_folder["train.jsonl"]}:2, in '{_folder["train.jsonl"]}'"));
            Assert.That(report.Splits.Select(split => split.Rows), Is.EqualTo(new[] { 2L, 1L }));
        });
    }

    [Test]
    public void A_text_beside_a_prompt_is_an_error_where_rows_are_examples()
    {
        DataProblem problem = Check("{\"prompt\":\"p\",\"response\":\"r\"}\n{\"prompt\":\"p\",\"response\":\"r\",\"text\":\"t\"}").Problems.Single();
        Assert.Multiple(() =>
        {
            Assert.That((problem.Kind, problem.Line, problem.Field), Is.EqualTo((DataProblemKind.Ambiguous, (int?)2, "text")));
            Assert.That(() => SftFile.Read(_folder["a.jsonl"]), Throws.TypeOf<DataFileException>());
        });
    }

    [Test]
    public void Lengths_rules_and_variety_are_those_counted_by_hand()
    {
        DataReport report = Check(
            "{\"prompt\":\"one\",\"chosen\":\"a b a b\",\"rejected\":\"c d\"}\n{\"prompt\":\"two\",\"chosen\":\"e f\",\"rejected\":\"gg hh\"}\n"
            + "{\"prompt\":\"three\",\"chosen\":\"i\",\"rejected\":\"j k l\"}\n{\"prompt\":\"four\",\"chosen\":\"m n o\",\"rejected\":\"p\"}\n{\"prompt\":\"five\",\"chosen\":\"q\",\"rejected\":\"q\"}");
        DataFieldReport chosen = report.Fields[1];
        Assert.Multiple(() =>
        {
            Assert.That(report.LengthRules, Is.EqualTo(new[] { new LengthRule("words", null, 2, 1, 1), new LengthRule("characters", null, 2, 0, 2) }), "the identical pair is none");
            Assert.That(report.LengthRules[0].Accuracy.Value, Is.EqualTo(2.5 / 4));
            Assert.That(report.LengthRules[0].Accuracy.Low, Is.EqualTo(WilsonInterval.Of(2.5, 4).Low));
            Assert.That((chosen.Role, chosen.Words!.Count, chosen.Words.Maximum, chosen.Characters!.Maximum), Is.EqualTo(("chosen", 5L, 4, 7)));
            Assert.That(chosen.Distinct, Is.EqualTo(new double?[] { 9.0 / 11, 5.0 / 6, 3.0 / 3, 1.0 / 1 }), "words: a b a b, e f, i, m n o, q");
            Assert.That(report.Fields[0].Distinct, Is.EqualTo(new double?[] { 1, null, null, null }));
            Assert.That(report.SampledRows, Is.EqualTo(5));
        });
    }

    [Test]
    public void Words_that_tell_are_found_and_named()
    {
        DataReport report = Check(Pairs(60, i => ($"kind {i % 7}", $"rude {i % 5}"), _ => null));
        Assert.Multiple(() =>
        {
            Assert.That(report.WordRules.Single(), Is.EqualTo(new WordRule(null, null, 60, new Estimate(1, WilsonInterval.Of(60, 60).Low, WilsonInterval.Of(60, 60).High))));
            Assert.That((report.ChosenWords[0], report.RejectedWords[0]), Is.EqualTo(("kind", "rude")));
            Assert.That(report.Problems.Single().Kind, Is.EqualTo(DataProblemKind.WordsTell));
        });
    }

    [Test]
    public void Words_that_tell_nothing_are_half_right()
    {
        WordRule rule = Check(Pairs(60, i => ($"w{i}", $"v{i}"), _ => null)).WordRules.Single();
        Assert.That((rule.Pairs, rule.Accuracy.Value), Is.EqualTo((60L, 0.5)), "no word of a fold occurs in the others");
    }

    [Test]
    public void What_was_learned_from_train_is_tested_on_test()
    {
        // In train "kind" is right, in test it is wrong.
        DataReport report = Check(Pairs(60, i => i % 3 == 0 ? ("rude", "kind") : ("kind", "rude"), i => i % 3 == 0 ? "test" : "train"));
        Assert.Multiple(() =>
        {
            Assert.That(report.WordRules.Select(rule => (rule.TrainedOn, rule.TestedOn, rule.Pairs)), Is.EqualTo(new (string?, string?, long)[] { ("train", "test", 20), (null, null, 60) }));
            Assert.That(report.WordRules[0].Accuracy.Value, Is.Zero);
            Assert.That(report.WordRules[1].Accuracy.Value, Is.EqualTo(2.0 / 3).Within(1e-12));
        });
    }

    [TestCase(true, "shorter")]
    [TestCase(false, "longer")]
    public void Length_that_tells_is_a_warning(bool longer, string better)
    {
        DataReport report = Check(Pairs(60, i => longer ? ($"a{i} b", $"c{i}") : ($"a{i}", $"b{i} c"), _ => null));
        Assert.That(
            report.Problems.Where(problem => problem.Kind == DataProblemKind.LengthTells).Select(problem => problem.Message).ToArray(),
            Has.Length.EqualTo(2).And.All.EndsWith($"add pairs whose {better} answer is better"));
    }

    [Test]
    public void Words_that_a_vocabulary_has_not_are_counted([Values("v.txt", "v.json", "v.jsonl")] string name)
    {
        Write(name, name switch
        {
            "v.txt" => "A b.\nf g",
            "v.json" => "[{\"x\":[\"a B\"]},\"f\",{\"y\":\"G\"},3]",
            _ => "{\"x\":\"a b f\"}\n\n\"g\"\n",
        });
        DataReport report = Check(Clean, options: new DataCheckOptions { Vocabulary = _folder[name] });
        Assert.Multiple(() =>
        {
            Assert.That(report.Fields.Select(field => field.KnownWords), Is.EqualTo(new double?[] { 0, 3.0 / 4, 1.0 / 4 }));
            Assert.That(report.Fields[1].UnknownWords, Is.EqualTo(new[] { "c" }));
            Assert.That(report.Fields[0].UnknownWords, Is.EqualTo(new[] { "p", "one", "two" }));
        });
    }

    [Test]
    public void Tokens_are_those_of_a_run()
    {
        using var tiny = new TinyFolder();
        var tokenizer = Tokenizer.Load(tiny.Model);
        Write("a.jsonl", "{\"prompt\":\"a\",\"chosen\":\"bc\",\"rejected\":\"bcd\"}\n{\"prompt\":\"abcdefgh\",\"chosen\":\"abcd\",\"rejected\":\"abce\"}\n{\"prompt\":\"a\",\"chosen\":\"abcdefghi\",\"rejected\":\"abcdefghj\"}");
        var limits = new SequenceLimits { MaxTokens = 8, EndToken = 1, Separator = " ", TooLong = TooLong.Drop };
        IReadOnlyList<PreferencePair> pairs = PreferenceFile.Read(_folder["a.jsonl"], out _);
        PreferencePair[] whole = [.. new SequenceEncoder(tokenizer, limits with { MaxTokens = 1000 }).Encode(pairs, out _)];
        new SequenceEncoder(tokenizer, limits).Encode(pairs, out int dropped);
        DataReport report = DataCheck.Run(_folder["a.jsonl"], new DataCheckOptions { Tokenizer = tokenizer, Limits = limits });
        Assert.Multiple(() =>
        {
            Assert.That(report.Fields[1].Tokens!.Maximum, Is.EqualTo(whole.Max(pair => pair.ChosenTokens.Length)));
            Assert.That(report.Fields[2].Tokens!.Mean, Is.EqualTo(whole.Average(pair => pair.RejectedTokens.Length)));
            Assert.That(report.Tokens!.TooLong + report.Tokens.NoRoom, Is.EqualTo(dropped).And.EqualTo(2));
            Assert.That(report.Tokens, Is.EqualTo(new DataTokenReport(8, 3, 1, 1, 2)));
            Assert.That(report.Problems.Select(problem => problem.Kind), Is.EqualTo(new[]
            {
                DataProblemKind.TooLong, DataProblemKind.NoRoom, DataProblemKind.EqualOnceCut, DataProblemKind.EqualOnceCut,
            }));
            Assert.That(report.LengthRules.Single(rule => rule.Unit == "tokens").Shorter, Is.EqualTo(1));
        });
    }

    [Test]
    public void Messages_are_read_as_runs_read_them()
    {
        const string User = "{\"role\":\"user\",\"content\":\"Say hi\"}";
        DataReport pairs = Check($"{{\"chosen\":[{User},{Assistant("hi there")}],\"rejected\":[{User},{Assistant("no")}]}}\n{{\"prompt\":[{User}],\"chosen\":[{Assistant("no")}],\"rejected\":[{Assistant("hi there")}]}}");
        DataReport examples = Check($"{{\"messages\":[{User},{Assistant("hi")}]}}\n{{\"prompt\":[{User}],\"response\":[{{\"role\":\"assistant\",\"content\":[{{\"type\":\"text\",\"text\":\"two words\"}}]}}]}}");
        DataReport prompts = Check($"{{\"messages\":[{User}]}}\n{{\"prompt\":[{User}]}}");
        Assert.Multiple(() =>
        {
            Assert.That(pairs.Problems.Single().Kind, Is.EqualTo(DataProblemKind.Contradiction), "the prompt of two conversations is what both begin with");
            Assert.That((pairs.Shape, pairs.UsableRows, pairs.Prompts), Is.EqualTo(((DataShape?)DataShape.Preferences, 2L, 1L)));
            Assert.That(pairs.LengthRules[0], Is.EqualTo(new LengthRule("words", null, 1, 0, 1)));
            Assert.That((examples.Shape, examples.UsableRows, examples.Fields[1].Words!.Maximum), Is.EqualTo(((DataShape?)DataShape.Examples, 2L, 2)));
            Assert.That((prompts.Shape, prompts.UsableRows, prompts.Problems.Single().Kind), Is.EqualTo(((DataShape?)DataShape.Prompts, 2L, DataProblemKind.Duplicate)));
        });

        static string Assistant(string text) => $"{{\"role\":\"assistant\",\"content\":\"{text}\"}}";
    }

    [Test]
    public void Messages_need_a_chat_template_where_tokens_are_counted()
    {
        using var tiny = new TinyFolder();
        var tokenizer = Tokenizer.Load(tiny.Model);
        Write("a.jsonl", "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"assistant\",\"content\":\"bcd\"}]}");
        var chat = new ChatEncoder(ModelChatTemplate.OfFile(Write("t.jinja", "{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}{{ m.content }}{% endgeneration %}{% else %}{{ m.content }}{% endif %}{% endfor %}"), tiny.Model), tokenizer);
        DataReport without = DataCheck.Run(_folder["a.jsonl"], new DataCheckOptions { Tokenizer = tokenizer });
        DataReport with = DataCheck.Run(_folder["a.jsonl"], new DataCheckOptions { Tokenizer = tokenizer, Chat = chat });
        Assert.Multiple(() =>
        {
            Assert.That(without.Problems.Single().Message, Does.Contain("the model has no chat template"));
            Assert.That(without.UsableRows, Is.Zero);
            Assert.That(with.Problems, Is.Empty);
            Assert.That(with.Fields[1].Tokens!.Maximum, Is.EqualTo(tokenizer.Encode("abcd", addSpecialTokens: false).Length));
        });
    }

    [Test]
    public void Rows_of_unknown_fields_are_not_guessed()
    {
        DataReport report = Check("{\"foo\":\"p\"}\n{\"foo\":\"q\"}");
        Assert.Multiple(() =>
        {
            Assert.That((report.Shape, report.Rows, report.Errors), Is.EqualTo(((DataShape?)null, 2L, 1L)));
            Assert.That(report.Problems.Single().Message, Does.Contain("the row has 'foo'"));
            Assert.That(Check("{\"foo\":\"p\"}", options: new DataCheckOptions { Fields = new DataFieldNames { Prompt = "foo" } }).Shape, Is.EqualTo(DataShape.Prompts));
        });
    }

    [Test]
    public void Of_many_problems_some_are_told_and_all_are_counted()
    {
        DataReport report = Check(string.Concat(Enumerable.Repeat("{\n", 50)) + Clean, options: new DataCheckOptions { MostProblems = 3 });
        Assert.Multiple(() =>
        {
            Assert.That(report.Problems.Select(problem => problem.Line), Is.EqualTo(new int?[] { 1, 2, 3 }));
            Assert.That(report.Counts, Is.EqualTo(new[] { new DataProblemCount(DataSeverity.Error, DataProblemKind.Malformed, 50) }));
            Assert.That((report.Rows, report.UsableRows), Is.EqualTo((52L, 2L)));
        });
    }

    [Test]
    public void Bytes_that_are_no_text_cost_their_line_only()
    {
        File.WriteAllBytes(_folder["a.jsonl"], [0xEF, 0xBB, 0xBF, .. "{\"prompt\":\"p\"}\n{\"prompt\":\""u8, 0xFF, .. "\"}\r\n\r\n{\"prompt\":\"q\"}"u8]);
        DataReport report = DataCheck.Run(_folder["a.jsonl"]);
        Assert.Multiple(() =>
        {
            Assert.That(report.UsableRows, Is.EqualTo(2));
            Assert.That(report.Problems.Single().ToString(), Does.EndWith("a.jsonl:2: the line is not UTF-8 text: convert the file"));
        });
    }

    [TestCase("a.json", "[{\"prompt\":\"p\"},\n3,\n{\"prompt\":\"q\"}", 2, 2)]
    [TestCase("a.json", "\"p\"", 0, 1)]
    [TestCase("a.json", "", 0, 1)]
    [TestCase("a.jsonl", "\n \n", 0, 1)]
    [TestCase("a.txt", "", 0, 1)]
    public void A_file_that_is_not_what_it_says_gives_what_it_has(string name, string text, int usable, int errors)
    {
        DataReport report = Check(text, name);
        Assert.That((report.UsableRows, report.Errors), Is.EqualTo(((long)usable, (long)errors)));
    }

    [Test]
    public void What_cannot_be_checked_at_all_is_said()
    {
        Assert.Multiple(() =>
        {
            Assert.That(() => DataCheck.Run(_folder["none.jsonl"]), Throws.TypeOf<DataFileException>().With.Message.Contains("none.jsonl: The data file does not exist"));
            Assert.That(() => DataCheck.Run(_folder["a.xml"]), Throws.TypeOf<DataFileException>().With.Message.Contains("not from '.xml'"));
            Assert.That(() => DataCheck.Run([], null), Throws.ArgumentException);
            Assert.That(() => Check(Clean, options: new DataCheckOptions { Limits = new SequenceLimits { MaxTokens = 9 } }), Throws.ArgumentException.With.Message.Contains("give a Tokenizer too"));
            Assert.That(() => Check(Clean, options: new DataCheckOptions { Vocabulary = Write("empty.txt", "...") }), Throws.TypeOf<DataFileException>().With.Message.Contains("has no words"));
            Assert.That(() => DataCheck.Run(Write("b.jsonl", Clean), null, new CancellationToken(true)), Throws.InstanceOf<OperationCanceledException>());
        });
    }

    [Test]
    public void The_result_is_the_same_every_time()
    {
        string path = Write("a.jsonl", Pairs(40, i => ($"a{i % 3} b{i % 4}", $"c{i % 2} a{i % 5}"), i => i % 4 == 0 ? "test" : "train"));
        string first = DataReportJson.Write(DataCheck.Run(path));
        Assert.That(DataReportJson.Write(DataCheck.Run(path)), Is.EqualTo(first));
    }

    /// <summary>The figures of known data: its known flaws, and about what a logistic regression on other folds finds.</summary>
    [TestCase("rasbt", "instruction-data-with-preference.json", 6, 0, 0.93, 0.525)]
    [TestCase("open-instruct", "tulu_human_preferences.jsonl", 1, 27, 0.656, 0.673)]
    public void Known_data_have_their_known_figures(string folder, string file, int identical, int contradictions, double words, double length)
    {
        DataReport report = DataCheck.Run(SharedData.Path(folder, file));
        Assert.Multiple(() =>
        {
            Assert.That(CountOf(report, DataProblemKind.Identical), Is.EqualTo(identical));
            Assert.That(CountOf(report, DataProblemKind.Contradiction), Is.EqualTo(contradictions));
            Assert.That(report.WordRules.Single().Accuracy.Value, Is.EqualTo(words).Within(0.025));
            Assert.That(report.LengthRules[0].Accuracy.Value, Is.EqualTo(length).Within(0.001));
            Assert.That(report.Errors, Is.Zero);
        });
    }

    private static long CountOf(DataReport report, DataProblemKind kind) => report.Counts.Where(count => count.Kind == kind).Sum(count => count.Count);

    private static string Pairs(int count, Func<int, (string Chosen, string Rejected)> answers, Func<int, string?> split) => string.Concat(Enumerable.Range(0, count).Select(i =>
        $"{{\"prompt\":\"prompt {i}\",\"chosen\":\"{answers(i).Chosen}\",\"rejected\":\"{answers(i).Rejected}\"{(split(i) is { } name ? $",\"split\":\"{name}\"" : string.Empty)}}}\n"));

    private DataReport Check(string text, string name = "a.jsonl", DataCheckOptions? options = null) => DataCheck.Run(Write(name, text), options);

    private string Write(string name, string text)
    {
        File.WriteAllText(_folder[name], text);
        return _folder[name];
    }
}
