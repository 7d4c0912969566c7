using System.Text.Json;
using NUnit.Framework;

namespace Proximal.Tests.Cli;

public sealed class TokenizeCommandTests
{
    private TinyFolder _tiny = null!;

    [OneTimeSetUp]
    public void Write_the_model() => _tiny = new TinyFolder();

    [OneTimeTearDown]
    public void Remove_it() => _tiny.Dispose();

    [Test]
    public void Texts_become_ids_in_order_with_their_rows_ids()
    {
        CliRun run = CliRun.Of("{\"id\":\"b\",\"text\":\"ab a\"}\n\n{\"id\":[2],\"text\":\"\"}\n", "tokenize", "--model", _tiny.Model, "--input", "-");
        Assert.That(run, Is.EqualTo(new CliRun(0, "{\"id\":\"b\",\"ids\":[1,3,4,5,3,4]}\n{\"id\":[2],\"ids\":[1]}\n", string.Empty)));
    }

    [Test]
    public void Without_special_tokens_the_start_is_missing() =>
        Assert.That(
            CliRun.Of("{\"text\":\"a\"}", "tokenize", "-m", _tiny.Model, "-i", "-", "--no-special").Output,
            Is.EqualTo("{\"id\":null,\"ids\":[3,4]}\n"));

    [TestCase("--decode", "<s> ab</s>")]
    [TestCase("--decode --no-special", "ab")]
    public void Ids_become_texts(string options, string text)
    {
        CliRun run = CliRun.Of("{\"ids\":[1,3,4,5,2]}", ["tokenize", "-m", _tiny.Model, "-i", "-", .. options.Split(' ')]);
        Assert.That(run.Rows[0].GetProperty("text").GetString(), Is.EqualTo(text), run.Error);
    }

    [Test]
    public void Bad_rows_are_answered_and_the_exit_code_says_so()
    {
        CliRun run = CliRun.Of("{\"id\":1}\n{\"id\":2,\"text\":\"a\"}\n{\"id\":3,\"text\":4}\n", "tokenize", "-m", _tiny.Model, "-i", "-");
        Assert.Multiple(() =>
        {
            Assert.That(run.Code, Is.EqualTo(3));
            Assert.That(run.Error, Is.Empty);
            Assert.That(run.Rows.Select(row => row.GetProperty("id").GetInt32()), Is.EqualTo(new[] { 1, 2, 3 }));
            Assert.That(run.Rows.Select(row => row.TryGetProperty("error", out JsonElement _)), Is.EqualTo(new[] { true, false, true }));
            Assert.That(run.Rows[0].EnumerateObject().Select(field => field.Name), Is.EqualTo(new[] { "id", "error" }));
        });
    }

    [Test]
    public void Rows_come_from_files_of_cells_and_from_several_files_too()
    {
        _tiny.Write("cells.csv", "id,text\n1,ab a\n2,\"a\"\n3,a,b\n4,a\n");
        _tiny.Write("more.jsonl", "{\"id\":5,\"text\":\"a\"}\n");
        CliRun run = CliRun.Of(string.Empty, "tokenize", "-m", _tiny.Model, "-i", _tiny["*or*.jsonl"]);
        Assert.That(run.Output, Is.EqualTo("{\"id\":5,\"ids\":[1,3,4]}\n"), run.Error);
        run = CliRun.Of(string.Empty, "tokenize", "-m", _tiny.Model, "-i", _tiny["cells.csv"]);
        Assert.That(run.Code, Is.EqualTo(3));
        Assert.That(
            run.Output,
            Is.EqualTo("{\"id\":\"1\",\"ids\":[1,3,4,5,3,4]}\n{\"id\":\"2\",\"ids\":[1,3,4]}\n"
                + "{\"id\":null,\"error\":\"line 4: the row has 3 cells, the first line names 2: put a cell that holds a separator or a line end in quotes\"}\n{\"id\":\"4\",\"ids\":[1,3,4]}\n"));
    }

    [Test]
    public void A_tokenizer_alone_is_enough_and_stop_tokens_are_accepted()
    {
        string path = Path.Combine(_tiny.Model, "tokenizer.json");
        CliRun run = CliRun.Of("{\"text\":\"a\"}", "tokenize", "--tokenizer", path, "--input", "-", "--stop-token-ids", "1,2");
        Assert.That(run, Is.EqualTo(new CliRun(0, "{\"id\":null,\"ids\":[1,3,4]}\n", string.Empty)));
    }

    [Test]
    public void Files_in_and_out_leave_standard_output_alone()
    {
        string input = _tiny.Write("rows.jsonl", "{\"text\":\"a\"}\n{\"text\":\"b\"}");
        CliRun run = CliRun.Of(string.Empty, "tokenize", "-m", _tiny.Model, "-i", input, "-o", _tiny["out.jsonl"]);
        Assert.Multiple(() =>
        {
            Assert.That(run, Is.EqualTo(new CliRun(0, string.Empty, string.Empty)));
            Assert.That(File.ReadAllLines(_tiny["out.jsonl"]), Has.Length.EqualTo(2));
        });
    }

    [Test]
    public void Many_rows_stay_in_order()
    {
        const int Count = 5000;
        string input = string.Concat(Enumerable.Range(0, Count).Select(i => $"{{\"id\":{i},\"text\":\"a\"}}\n"));
        CliRun run = CliRun.Of(input, "tokenize", "-m", _tiny.Model, "-i", "-");
        Assert.That(run.Rows.Select(row => row.GetProperty("id").GetInt32()), Is.EqualTo(Enumerable.Range(0, Count)));
    }
}
