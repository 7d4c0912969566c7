using System.Globalization;
using System.Reflection;
using System.Runtime.Loader;
using System.Text;
using System.Text.Json;
using NUnit.Framework;
using Proximal.Data;
using Proximal.Data.Sources;
using Proximal.Tests.Interop;

namespace Proximal.Tests.Data.Sources;

/// <summary>Rows come out of every kind of file the same.</summary>
public sealed class RowFilesTests
{
    private const string Line1 = """{"prompt":"a \"b\", c","response":"é\nx"}""";
    private const string Line2 = """{"prompt":"p2","response":"r2"}""";
    private const string Csv = "prompt,response\r\n\"a \"\"b\"\", c\",\"é\nx\"\r\np2,r2\r\n";

    private DataFolder _folder = null!;

    [SetUp]
    public void SetUp() => _folder = new DataFolder();

    [TearDown]
    public void TearDown() => _folder.Dispose();

    [TestCase("a.jsonl", Line1 + "\n\n" + Line2, 1, 3)]
    [TestCase("a.ndjson", "\uFEFF" + Line1 + "\r\n" + Line2 + "\r\n", 1, 2)]
    [TestCase("a.json", "[" + Line1 + ",\n" + Line2 + "]", 1, 2)]
    [TestCase("a.json", "\uFEFF [\n" + Line1 + "\n,\n\n" + Line2 + "\n]\n", 2, 5)]
    [TestCase("a.json", Line1 + "\n" + Line2, 1, 2)]
    [TestCase("a.csv", Csv, 2, 4)]
    [TestCase("a.csv", "\uFEFFprompt,response\n\"a \"\"b\"\", c\",\"é\nx\"\n\np2,r2", 2, 5)]
    [TestCase("a.tsv", "prompt\tresponse\n\"a \"\"b\"\", c\"\t\"é\nx\"\np2\tr2\n", 2, 4)]
    [TestCase("A.JSONL.GZ", Line1 + "\n" + Line2, 1, 2, true)]
    [TestCase("a.jsonl.gz", Line1 + "\n" + Line2, 1, 2)]
    [TestCase("a.json.gz", "[" + Line1 + ",\n" + Line2 + "]", 1, 2)]
    [TestCase("a.csv.gz", Csv, 2, 4)]
    [TestCase("a.jsonl.zst", Line1 + "\n" + Line2, 1, 2)]
    [TestCase("a.json.zst", "[" + Line1 + ",\n" + Line2 + "]", 1, 2)]
    [TestCase("a.tsv.zst", "prompt\tresponse\n\"a \"\"b\"\", c\"\t\"é\nx\"\np2\tr2\n", 2, 4)]
    public void Every_kind_of_file_holds_the_same_rows(string name, string text, int first, int second, bool upper = false)
    {
        string path = upper ? _folder.Write(name, DataFolder.Gzip(Encoding.UTF8.GetBytes(text))) : _folder.Write(name, text);
        IReadOnlyList<SftExample> rows = SftFile.Read(path);
        Assert.That(
            rows.Select(row => (row.Prompt, row.Response, row.Line)),
            Is.EqualTo(new[] { ((string?)"a \"b\", c", "é\nx", (int?)first), ("p2", "r2", second) }));
    }

    [Test]
    public void Parquet_holds_lists_structs_and_numbers()
    {
        string path = _folder.Parquet("a[1]*?.parquet", """
            SELECT [{'role': 'user', 'content': 'q' || i}] AS prompt, {'ground_truth': i, 'style': 'rule'} AS reward_model, 'NaN "NaN' AS t,
              'nan'::DOUBLE AS d, '-inf'::FLOAT AS f, NULL::INTEGER AS n, true AS b FROM range(3) r(i)
            """);
        IReadOnlyList<Prompt> prompts = PromptFile.Read(path);
        JsonElement row = prompts[2].Metadata!.Value;
        Assert.Multiple(() =>
        {
            Assert.That(prompts.Select(prompt => prompt.Line), Is.EqualTo(new[] { 1, 2, 3 }));
            Assert.That(prompts[2].Conversation!.Messages[0].GetProperty("content").GetString(), Is.EqualTo("q2"));
            Assert.That(row.GetProperty("reward_model").GetProperty("ground_truth").GetInt32(), Is.EqualTo(2));
            Assert.That(row.GetProperty("t").GetString(), Is.EqualTo("NaN \"NaN"));
            Assert.That(row.GetRawText(), Does.Contain("\"d\":null,\"f\":null,\"n\":null,\"b\":true"));
        });
    }

    [Test]
    public void Rows_of_parquet_keep_their_order_over_row_groups()
    {
        string path = _folder.Parquet("a.parquet", "SELECT 'p' || i AS prompt FROM range(20000) r(i)", ", ROW_GROUP_SIZE 2048");
        Assert.That(
            PromptFile.Read(path).Select(prompt => prompt.Text),
            Is.EqualTo(Enumerable.Range(0, 20000).Select(i => string.Create(CultureInfo.InvariantCulture, $"p{i}"))));
    }

    [Test]
    public void Cells_are_texts_and_numbers_where_numbers_are_wanted()
    {
        string path = _folder.Write("a.csv", "prompt,chosen,rejected,margin,id\n7,true,,1.5,x\n8,\"\",b,,y\n");
        Assert.That(() => PreferenceFile.Read(path, out _), Throws.TypeOf<DataFileException>().With.Message.Contains("a.csv:2: the field 'rejected' is a JSON null"));
        PreferencePair pair = PreferenceFile.Read(_folder.Write("b.csv", "prompt,chosen,rejected,margin\n7,true,12,1.5\n8,c,d,\n"), out _)[0];
        Assert.That((pair.Prompt, pair.Chosen, pair.Rejected, pair.Margin), Is.EqualTo(("7", "true", "12", 1.5)));
        Assert.That(
            () => PreferenceFile.Read(_folder.Write("c.csv", "prompt,chosen,rejected,margin\n7,a,b,much\n"), out _),
            Throws.TypeOf<DataFileException>().With.Message.Contains("c.csv:2: the field 'margin' is a JSON string: expected a finite number"));
    }

    [Test]
    public void A_cell_can_hold_messages()
    {
        string path = _folder.Write("a.csv", "messages,note\n\"[{\"\"role\"\":\"\"user\"\",\"\"content\"\":\"\"hi\"\"}]\",[1]\n");
        Prompt prompt = PromptFile.Read(path)[0];
        Assert.That(prompt.Conversation!.Messages[0].GetProperty("content").GetString(), Is.EqualTo("hi"));
        Assert.That(prompt.Metadata!.Value.GetProperty("note").GetString(), Is.EqualTo("[1]"));
    }

    [TestCase("prompt,response\na\n", "a.csv:2: the row has 1 cells, the first line names 2")]
    [TestCase("prompt,response\na,b\n\"a,b\nc,d", "a.csv:3: a quoted cell does not end")]
    [TestCase("prompt,response\n\"a\"b,c\n", "a.csv:2: something stands behind the quote that ends a cell")]
    [TestCase("prompt,prompt\na,b\n", "a.csv:1: the first line names 'prompt' twice")]
    [TestCase("prompt,,\na,b,c\n", "a.csv:1: some fields have no name")]
    [TestCase("prompt;response\na;b\n", "a.csv:1: the names of the fields stand between semicolons")]
    [TestCase("", "the file has no rows")]
    [TestCase("prompt,response\n", "the file has no rows")]
    public void A_bad_file_of_cells_is_named(string text, string says) => Assert.That(
        () => SftFile.Read(_folder.Write("a.csv", text)), Throws.TypeOf<DataFileException>().With.Message.Contains(says));

    [Test]
    public void Reading_goes_on_behind_a_bad_record()
    {
        string path = _folder.Write("a.csv", "prompt\n\"a\"b\nc\nd,e\n\"f\"\n");
        var refused = new List<int?>();
        JsonRow[] rows = [.. JsonRows.Stream(path, "The file", "{}", exception => refused.Add(exception.Line))];
        Assert.That(rows.Select(row => (row.Line, row.Object.GetProperty("prompt").GetString())), Is.EqualTo(new[] { (3, "c"), (5, "f") }));
        Assert.That(refused, Is.EqualTo(new[] { 2, 4 }));
    }

    /// <summary>The reader looks at blocks: every place where one can end is tried.</summary>
    [Test]
    public void Where_a_block_ends_does_not_matter([Values(32766, 32767, 32768, 32769)] int length, [Values("\n", "\r\n")] string end)
    {
        string filler = new('x', length - 7);
        string text = $"prompt{end}{filler}{end}\"a\"\"{end}b\"{end}c\rd{end}";
        Assert.That(
            PromptFile.Read(_folder.Write("a.csv", text)).Select(prompt => prompt.Text), Is.EqualTo(new[] { filler, $"a\"{end}b", "c\rd" }));
    }

    [Test]
    public void Elements_of_an_array_may_be_larger_than_a_block()
    {
        string[] texts = [new('a', 65530), "b", new('é', 200_000), "c"];
        string json = "[" + string.Join(",\n", texts.Select(text => JsonSerializer.Serialize(new { text }))) + "\n]  \n";
        Assert.That(SftFile.Read(_folder.Write("a.json", json)).Select(row => (row.Response, row.Line)), Is.EqualTo(texts.Select((text, i) => (text, (int?)(i + 1)))));
    }

    [TestCase("a.jsonl.gz", 12)]
    [TestCase("a.jsonl.gz", 1)]
    [TestCase("a.jsonl.zst", 3)]
    public void A_file_that_was_cut_off_is_named(string name, int less)
    {
        string path = _folder.Write(name, string.Concat(Enumerable.Range(0, 500).Select(i => $"{{\"text\":\"{i * 7919 % 1000} {i}\"}}\n")));
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^less]);
        Assert.That(() => SftFile.Read(path), Throws.TypeOf<DataFileException>().With.Message.Contains($"{name}: The file of examples is damaged"));
    }

    [TestCase("a.jsonl.gz")]
    [TestCase("a.jsonl.zst")]
    public void A_file_that_is_not_compressed_is_named(string name)
    {
        File.WriteAllText(_folder[name], Line1);
        Assert.That(() => SftFile.Read(_folder[name]), Throws.TypeOf<DataFileException>().With.Message.Contains($"{name}: The file of examples is damaged, or not compressed as its name says"));
    }

    [Test]
    public void A_gzip_file_may_have_members()
    {
        byte[] bytes = [.. DataFolder.Gzip(Encoding.UTF8.GetBytes(Line1 + "\n")), .. DataFolder.Gzip(Encoding.UTF8.GetBytes(Line2 + "\n"))];
        File.WriteAllBytes(_folder["a.jsonl.gz"], bytes);
        Assert.That(SftFile.Read(_folder["a.jsonl.gz"]), Has.Count.EqualTo(2));
    }

    [Test]
    public void A_parquet_file_that_is_none_or_not_whole_is_named()
    {
        byte[] whole = File.ReadAllBytes(_folder.Parquet("whole.parquet", "SELECT 'p' AS prompt"));
        Refused([], "does not begin and end with PAR1");
        Refused(whole[..^1], "does not begin and end with PAR1");
        Refused([.. "XAR1"u8, .. whole[4..]], "does not begin and end with PAR1");
        Refused([.. whole[..^4], .. "PARE"u8], "encrypted");
        Refused([.. whole[..^8], 255, 255, 255, 255, .. whole[^4..]], "its description takes 4294967295 bytes");

        void Refused(byte[] bytes, string text)
        {
            string path = _folder["part.parquet"];
            File.WriteAllBytes(path, bytes);
            Assert.That(() => PromptFile.Read(path), Throws.TypeOf<DataFileException>().With.Message.Contains("part.parquet: ").And.Message.Contains(text));
        }
    }

    [Test]
    public void Decimals_below_one_are_numbers()
    {
        string path = _folder.Parquet("a.parquet", "SELECT 'a.b' AS prompt, 0.5::DECIMAL(1,1) AS half, -0.25::DECIMAL(2,2) AS less, [0.75::DECIMAL(2,2), 1.5] AS list, 'nan'::DOUBLE AS odd");
        Assert.That(
            JsonRows.Stream(path, "it", "{}", exception => throw exception).Single().Object.GetRawText(),
            Is.EqualTo("""{"prompt":"a.b","half":0.5,"less":-0.25,"list":[0.75,1.5],"odd":null}"""));
    }

    [Test]
    public void A_parquet_file_that_changes_is_read_anew()
    {
        for (int i = 0; i < 5; i++)
        {
            string path = _folder.Parquet("changes.parquet", $"SELECT 'p{i}' AS prompt");
            Assert.That(PromptFile.Read(path)[0].Text, Is.EqualTo($"p{i}"));
        }
    }

    [Test]
    public void A_damaged_parquet_file_is_named()
    {
        string path = _folder.Parquet("a.parquet", "SELECT 'p' AS prompt");
        byte[] bytes = File.ReadAllBytes(path);
        bytes.AsSpan(bytes.Length - 40, 30).Fill(0xff);
        File.WriteAllBytes(path, bytes);
        Assert.That(() => PromptFile.Read(path), Throws.TypeOf<DataFileException>().With.Message.Contains("a.parquet: the file is no Parquet file, or damaged, from row 1 on: "));
        Assert.That(() => PromptFile.Read(_folder["b.parquet"]), Throws.TypeOf<DataFileException>().With.Message.Contains("b.parquet: The prompt file does not exist"));
    }

    [Test]
    public void A_folder_and_a_pattern_are_their_files_in_order()
    {
        _folder.Write("d/b.jsonl", """{"prompt":"2"}""");
        _folder.Write("d/a.csv", "prompt\n1\n");
        _folder.Write("d/sub/c.json.gz", """[{"prompt":"3"}]""");
        _folder.Write("d/README.md", "no data");
        _folder.Write("d/.hidden.jsonl", "{}");
        _folder.Write("d/dataset_info.json", "{}");
        _folder.Write("d/z.txt", "4\n");
        Assert.Multiple(() =>
        {
            Assert.That(Texts(_folder["d"]), Is.EqualTo("1,2,3,4"));
            Assert.That(Texts(_folder["d", "*.jsonl"]), Is.EqualTo("2"));
            Assert.That(Texts(_folder["d", "?.*"]), Is.EqualTo("1,2,4"));
            Assert.That(Texts(_folder["*", "**", "*.gz"]), Is.EqualTo("3"));
            Assert.That(Texts(_folder["**", "c.json*"]), Is.EqualTo("3"));
            Assert.That(() => Texts(_folder["d", "*.xml"]), Throws.TypeOf<DataFileException>().With.Message.Contains("no file has such a name"));
            Assert.That(() => Texts(_folder["none", "*.csv"]), Throws.TypeOf<DataFileException>().With.Message.Contains("there is no folder"));
        });

        static string Texts(string path) => string.Join(',', PromptFile.Read(path).Select(prompt => prompt.Text));
    }

    [Test]
    public void A_folder_of_several_splits_is_refused()
    {
        _folder.Write("d/train-00000-of-00002.jsonl", Line1);
        _folder.Write("d/train-00001-of-00002.jsonl", Line2);
        Assert.That(SftFile.Read(_folder["d"]), Has.Count.EqualTo(2));
        _folder.Write("d/test-00000-of-00001.jsonl", Line2);
        Assert.That(
            () => SftFile.Read(_folder["d"]),
            Throws.TypeOf<DataFileException>().With.Message.Contains("the files are of several splits (test-00000-of-00001.jsonl, train-00000-of-00002.jsonl): name those of one"));
        Assert.That(SftFile.Read(_folder["d", "train*"]), Has.Count.EqualTo(2));
        Directory.CreateDirectory(_folder["empty"]);
        Assert.That(() => SftFile.Read(_folder["empty"]), Throws.TypeOf<DataFileException>().With.Message.Contains("is a folder without any data file"));
    }

    [Test]
    public void Documents_and_tokenizers_read_the_same_files()
    {
        _folder.Write("d/a.csv", "text\none\n");
        _folder.Write("d/b.txt.gz", "two");
        _folder.Write("d/c.jsonl.zst", """{"text":"three"}""");
        Assert.That(TextDocuments.Read(_folder["d"], "text", separator: null).Select(part => part.Text), Is.EqualTo(new[] { "one", "two", "three" }));
    }

    [Test]
    public void Without_DuckDB_the_message_names_the_package()
    {
        string path = _folder.Parquet("a.parquet", "SELECT 'p' AS prompt");
        var bare = new WithoutDuckDb();
        MethodInfo read = bare.LoadFromAssemblyPath(typeof(PromptFile).Assembly.Location).GetType(typeof(PromptFile).FullName!)!.GetMethod(nameof(PromptFile.Read))!;
        Assert.Multiple(() =>
        {
            Assert.That(
                () => read.Invoke(null, [path, "prompt"]),
                Throws.TypeOf<TargetInvocationException>().With.InnerException.Message.Contains("a.parquet: Parquet is read through DuckDB, which this program does not have: add the package DuckDB.NET.Data.Full"));
            Assert.That(() => read.Invoke(null, [_folder.Write("a.jsonl", """{"prompt":"x"}"""), "prompt"]), Throws.Nothing, "others are read without it");
        });
        bare.Unload();
    }

    [Test, Category("Long")]
    public void A_million_rows_of_parquet_are_read_in_bounded_memory()
    {
        string path = _folder.Parquet("a.parquet", "SELECT [{'role': 'user', 'content': 'Question ' || i || repeat(' word', 20)}] AS prompt, {'ground_truth': i::VARCHAR} AS reward_model FROM range(1000000) r(i)");
        long most = 0;
        int rows = 0;
        var clock = System.Diagnostics.Stopwatch.StartNew();
        foreach (JsonRow row in JsonRows.Stream(path, "The file", "{}", exception => throw exception))
        {
            rows++;
            if (rows % 10_000 == 0)
            {
                most = Math.Max(most, Environment.WorkingSet);
            }
        }

        TestContext.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{rows} rows in {clock.Elapsed.TotalSeconds:F1} s, at most {most >> 20} MiB in memory"));
        Assert.That(rows, Is.EqualTo(1_000_000));
        Assert.That(most, Is.LessThan(1L << 30));
    }

    private sealed class WithoutDuckDb() : AssemblyLoadContext("without DuckDB", isCollectible: true)
    {
        protected override Assembly? Load(AssemblyName assemblyName) =>
            assemblyName.Name!.StartsWith("DuckDB", StringComparison.Ordinal) ? throw new FileNotFoundException(assemblyName.Name) : null;
    }
}
