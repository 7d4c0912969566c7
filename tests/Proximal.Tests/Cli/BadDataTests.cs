using NUnit.Framework;

namespace Proximal.Tests.Cli;

/// <summary>Rows that a run cannot use: the message names file, row and field, and what to do.</summary>
public sealed class BadDataTests
{
    private const string GoodRow = "{\"prompt\":\"a\",\"response\":\"b\"}\n";
    private const string GoodRows = GoodRow + "{\"prompt\":\"b\",\"response\":\"c\"}\n";
    private const string GoodPair = "{\"prompt\":\"a\",\"chosen\":\"b\",\"rejected\":\"c\"}\n";
    private const string GoodPrompt = "{\"prompt\":\"a\"}\n";

    private static readonly string Long = new('a', 200);

    /// <summary>A command, a file that it reads with its text, and what the message says.</summary>
    private static readonly (string Command, string File, string Text, string[] Says)[] Files =
    [
        ("sft", "rows.jsonl", GoodRow + "{\"prompt\":\n", ["rows.jsonl:2: the line is not JSON"]),
        ("sft", "rows.jsonl", GoodRow + "{\"prompt\":\"a\"}\n", ["rows.jsonl:2: the row has no field 'response' (it has 'prompt')"]),
        ("sft", "rows.jsonl", "{\"question\":\"a\",\"response\":\"b\"}\n", ["rows.jsonl:1: the row has no field 'prompt'", "'question'"]),
        ("sft", "rows.jsonl", "{\"prompt\":\"a\",\"response\":7}\n", ["rows.jsonl:1: the field 'response' is a JSON number: expected a string"]),
        ("sft", "rows.jsonl", "{\"prompt\":\"a\",\"response\":[\"b\"]}\n", ["rows.jsonl:1: the field 'prompt' is a text: expected a list of messages"]),
        ("sft", "rows.jsonl", "{\"prompt\":\"a\",\"response\":null}\n", ["rows.jsonl:1: the field 'response' is", "expected a string"]),
        ("sft", "rows.jsonl", "{\"prompt\":\"a\",\"response\":\"\"}\n", ["rows.jsonl:1: the field 'response' is empty"]),
        ("sft", "rows.jsonl", "{\"prompt\":\"a\",\"response\":\"b\",\"text\":\"c\"}\n", ["rows.jsonl:1: the row has both 'text' and 'prompt'"]),
        ("sft", "rows.jsonl", "{\"text\":\"\\ud800\"}\n", ["rows.jsonl:1: the field 'text' holds half a surrogate pair"]),
        ("sft", "rows.jsonl", "\"a\"\n", ["rows.jsonl:1: expected a JSON object such as"]),
        ("sft", "rows.jsonl", "", ["rows.jsonl: the file has no rows"]),
        ("sft", "rows.jsonl", "\0\u0001\u0002", ["rows.jsonl"]),
        ("sft", "rows.jsonl", GoodRows + $"{{\"prompt\":\"c\",\"response\":\"{Long}\"}}\n", ["rows.jsonl:3: the row has ", "more than 64", "too_long"]),
        ("sft", "rows.jsonl", GoodRow, ["rows.jsonl", "validation.fraction"]),
        ("rm", "pairs.jsonl", GoodPair + "{\"prompt\":\"a\",\"chosen\":\"b\"}\n", ["pairs.jsonl:2: the row has no field 'rejected'"]),
        ("rm", "pairs.jsonl", "{\"prompt\":\"a\",\"chosen\":1,\"rejected\":\"c\"}\n", ["pairs.jsonl:1: the field 'chosen' is a JSON number: expected a string"]),
        ("rm", "pairs.jsonl", "{\"prompt\":\"a\",\"chosen\":\"b\",\"rejected\":\"c\",\"margin\":\"1\"}\n", ["pairs.jsonl:1: the field 'margin' is a JSON string: expected a finite number"]),
        ("rm", "pairs.jsonl", "{\"prompt\":\"a\",\"chosen\":\"b\",\"rejected\":\"c\",\"margin\":-2}\n", ["pairs.jsonl:1: the field 'margin' is -2: expected at least 0; swap the answers"]),
        ("rm", "pairs.jsonl", "{\"prompt\":\"a\",\"chosen\":\"b\",\"rejected\":\"b\"}\n", ["pairs.jsonl: in all 1 rows both answers are the same"]),
        ("rm", "pairs.jsonl", GoodPair + $"{{\"prompt\":\"b\",\"chosen\":\"{Long}\",\"rejected\":\"c\"}}\n", ["pairs.jsonl:2: ", "more than 64", "too_long"]),
        ("rm", "pairs.jsonl", "{\"prompt\":\"a\",\"chosen\":\"b\",\"rejected\":\"c\"", ["pairs.jsonl:1: the line is not JSON"]),
        ("rm", "pairs.jsonl", GoodPair, ["pairs.jsonl", "validation.fraction"]),
        ("ppo", "prompts.jsonl", GoodPrompt + "{\"prompt\":5}\n", ["prompts.jsonl:2: the field 'prompt' is a JSON number: expected a string"]),
        ("ppo", "prompts.jsonl", GoodPrompt + "{\"prompt\":\"\"}\n", ["prompts.jsonl:2: the field 'prompt' is empty"]),
        ("ppo", "prompts.jsonl", GoodPrompt + "{\"text\":\"b\"}\n", ["prompts.jsonl:2: ", "no field 'prompt' (it has 'text')", "name another field"]),
        ("ppo", "prompts.jsonl", GoodPrompt + "[]\n", ["prompts.jsonl:2: expected a JSON object such as"]),
        ("ppo", "prompts.jsonl", GoodPrompt + $"{{\"prompt\":\"{Long}\"}}\n", ["prompts.jsonl:2: ", "64"]),
        ("ppo", "prompts.jsonl", GoodPrompt + "{\"prompt\":\"\\udc00\"}\n", ["prompts.jsonl:2: ", "half a surrogate pair"]),
        ("eval", "prompts.jsonl", GoodPrompt + "{\"prompt\"\n", ["prompts.jsonl:2: the line is not JSON"]),
        ("eval", "prompts.jsonl", GoodPrompt + "{\"prompt\":true}\n", ["prompts.jsonl:2: the field 'prompt' is a JSON "]),
        ("eval", "prompts.jsonl", "\n\n", ["prompts.jsonl", "no prompts"]),
        ("eval", "prompts.jsonl", GoodPrompt + $"{{\"prompt\":\"{Long}\"}}\n", ["prompts.jsonl:2", "64"]),
    ];

    /// <summary>What the YAML names that is not there, or is something else.</summary>
    private static readonly (string Command, string From, string To, string[] Says)[] Sources =
    [
        ("sft", "rows.jsonl", "rows.xml", ["rows.xml: rows are read from .jsonl, .ndjson, .json, .csv, .tsv and .parquet files", "not from '.xml'", "convert or rename"]),
        ("sft", "rows.jsonl", "absent.jsonl", ["absent.jsonl", "does not exist"]),
        ("sft", "{fraction: 0.25}", "{path: absent.jsonl}", ["absent.jsonl", "does not exist"]),
        ("sft", "{fraction: 0.25}", "{path: pairs.jsonl}", ["pairs.jsonl:1: the row has no field 'response'"]),
        ("sft", "path: rows.jsonl", "path: rows.jsonl, fields: {response: answer}", ["rows.jsonl:1: the row has no field 'answer'"]),
        ("sft", "path: rows.jsonl", "path: rows.jsonl, max_tokens: 2, too_long: drop", ["rows.jsonl: all 6 rows were too long", "raise max_tokens, or set too_long to cut"]),
        ("sft", "path: rows.jsonl", "path: rows.jsonl, max_tokens: 65", ["max_tokens is 65, more than the model's context of 64"]),
        ("sft", "path: rows.jsonl", "path: rows.jsonl, end_token_id: 29", ["The end token 29 is none of the model's, 0 to 28: correct end_token_id"]),
        ("rm", "pairs.jsonl", "prompts.jsonl", ["prompts.jsonl:1: the row has no field 'chosen'"]),
        ("rm", "threads: 1", "normalization: {prompts: {path: pairs.jsonl, field: question}}", ["pairs.jsonl:1: ", "no field 'question'"]),
        ("ppo", "prompts.jsonl", "run.yaml", ["run.yaml", ".jsonl"]),
        ("ppo", "threads: 1", "validation: {prompts: absent.txt}", ["absent.txt", "does not exist"]),
        ("ppo", "threads: 1", "ptx: {path: prompts.jsonl}", ["prompts.jsonl:1: the row has no field 'response'"]),
        ("ppo", "max_new_tokens: 4", "max_new_tokens: 64", ["64 new tokens leave no room for a prompt in the model's context of 64: lower max_new_tokens"]),
        ("ppo", "max_new_tokens: 4", "max_new_tokens: 4, stop_token_ids: [29]", ["The stop token 29 is none of the model's, 0 to 28: correct stop_token_ids"]),
        ("eval", "prompts.jsonl", "rows.txt", ["rows.txt", "does not exist"]),
        ("eval", "max_new_tokens: 4", "max_new_tokens: 64", ["64"]),
    ];

    /// <summary>Rows that a reward cannot use, which shows only when it is asked.</summary>
    private static readonly (string Command, string From, string To, string[] Says)[] Answers =
    [
        ("ppo", "[{type: repetition}]", "[{type: exact_answer, field: solution}]", ["prompts.jsonl:", "has no field 'solution' (it has 'prompt', 'answer'): add it, or name another field"]),
        ("eval", "[{type: length}]", "[{type: exact_answer, field: solution}]", ["prompts.jsonl:1", "has no field 'solution'"]),
    ];

    private static IEnumerable<TestCaseData> BadAnswers => Answers.Select(row =>
        new TestCaseData(row.Command, row.From, row.To, row.Says).SetArgDisplayNames(row.Command, row.To));

    private static IEnumerable<TestCaseData> BadFiles => Files.Select((row, i) =>
        new TestCaseData(row.Command, row.File, row.Text, row.Says).SetArgDisplayNames(row.Command, $"{i}", row.Says[0]));

    private static IEnumerable<TestCaseData> BadSources => Sources.Select(row =>
        new TestCaseData(row.Command, row.From, row.To, row.Says).SetArgDisplayNames(row.Command, row.To));

    [TestCaseSource(nameof(BadFiles))]
    public void A_bad_row_is_named_with_file_and_line(string command, string file, string text, string[] says)
    {
        using TinyFolder folder = BadRun.CreateFolder();
        folder.Write(file, text);
        BadRun.Check(new BadInput(file, 3, tiny => BadRun.Of(tiny, command), says), folder);
        Assert.That(Directory.Exists(folder["out"]), Is.False, "nothing was begun");
    }

    [TestCaseSource(nameof(BadAnswers))]
    public void A_row_that_a_reward_cannot_use_is_named(string command, string from, string to, string[] says)
    {
        using TinyFolder folder = BadRun.CreateFolder();
        BadRun.Check(new BadInput(to, 4, tiny => BadRun.With(tiny, command, from, to), says), folder);
    }

    [TestCaseSource(nameof(BadSources))]
    public void A_source_that_cannot_be_used_is_named(string command, string from, string to, string[] says)
    {
        using TinyFolder folder = BadRun.CreateFolder();
        BadRun.Check(new BadInput(to, 3, tiny => BadRun.With(tiny, command, from, to), says), folder);
    }
}
