using System.Text.Json;
using NUnit.Framework;
using Proximal.ChatTemplates;
using Proximal.ChatTemplates.Jinja;

namespace Proximal.Tests.ChatTemplates;

/// <summary>
/// Every filter, method, test, operator and format of the language, on values at the ends of their ranges: each gives a
/// text or the template's own exception, and takes no more memory than a template may.
/// </summary>
[Parallelizable(ParallelScope.Children)]
public sealed class ExtremeValueTests
{
    // A value of the largest size, 2^24 characters, in a few copies.
    private const long MostAllocated = 1L << 28;

    private static readonly string[] Values =
    [
        "7", "-99999999999", "10 ** 400", "0.5", "'inf' | float", "'nan' | float", "''", "'a\\tb, c d'", "'\\ud800😀é'", "'-12 %c%d%x {} {:c}'",
        "none", "true", "missing", "[]", "[3, 'a', none]", "[0.5, 'nan' | float, 2]", "(1, 2)", "{'a': 1, 2: 'b'}", "range(3)", "dict", "'x' | safe",
    ];

    private static readonly string[] Few = ["-99999999999", "99999999999", "-1", "0", "2", "'a'", "''", "'nan' | float", "none", "[1]"];

    private static readonly string[] Pairs =
    [
        "-99999999999, 99999999999", "99999999999, -99999999999", "'a', 99999999999", "'a', -99999999999", "'a', 'b'", "'', ''", "none, none", "0, 0",
    ];

    private static readonly ChatRequest NoMessages = new() { Messages = JsonSerializer.SerializeToElement(Array.Empty<string>()) };

    private static IEnumerable<string> FilterNames => Filters.Names;

    private static IEnumerable<string> MethodNames =>
        [.. StringMethods.Names, "count", "index", "copy", "get", "items", "keys", "values"];

    private static IEnumerable<string> TestNames => Proximal.ChatTemplates.Jinja.Tests.Names;

    private static IEnumerable<string> FunctionNames => ["range", "dict", "namespace", "cycler", "joiner", "strftime_now", "lipsum", "raise_exception"];

    private static IEnumerable<string> Operators =>
        ["+", "-", "*", "/", "//", "%", "**", "~", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "and", "or"];

    private static IEnumerable<string> PercentDirectives =>
        from type in "sradiuxXofFeEgGc%q"
        from directive in new[] { $"%{type}", $"%-+#09.3{type}", $"%*.*{type}", $"%(a){type}" }
        select directive;

    private static IEnumerable<string> FormatSpecs =>
        from type in new[] { "", "d", "x", "X", "o", "b", "c", "n", "e", "E", "f", "g", "G", "%", "s", "q" }
        from spec in new[] { $"{{:{type}}}", $"{{0:*^+#09,.3{type}}}", $"{{:{{}}.{{}}{type}}}" }
        select spec;

    // What Python says to each.
    [TestCase("'%c' % 128512", "😀")]
    [TestCase("'{:c}'.format(128512)", "😀")]
    [TestCase("'%c|%3c' % ('é', 'a')", "é|  a")]
    [TestCase("(-1) ** 99999999999", "-1")]
    [TestCase("(-1) ** 10 ** 12", "1")]
    [TestCase("(0 ** 0, 0 ** 2, 1 ** 10 ** 12)", "(1, 0, 1)")]
    [TestCase("'a'.center(-99999999999) ~ 'b'.ljust(-99999999999) ~ 'c'.zfill(-5)", "abc")]
    [TestCase("'a b c'.split(' ', 99999999999)", "['a', 'b', 'c']")]
    [TestCase("'a b c'.rsplit(none, 99999999999)", "['a', 'b', 'c']")]
    [TestCase("'  a b  c   d '.rsplit(none, 2)", "['  a b', 'c', 'd']")]
    [TestCase("('  1  2   3  '.split(none, 1), '  1  2   3  '.split(none, 0), '  1 2 '.split(none, 2))", "(['1', '2   3  '], ['1  2   3  '], ['1', '2'])")]
    [TestCase("('  1  2  '.rsplit(none, 0), '  1 2 '.rsplit(none, 1), '  1 2 '.rsplit(none, 2))", "(['  1  2'], ['  1', '2'], ['1', '2'])")]
    [TestCase("('aaaa bb c dddddd' | wordwrap(4)).split('\\n')", "['aaaa', 'bb c', 'dddd', 'dd']")]
    [TestCase("'a😀bc'[1] ~ 'a😀bc'[-2] ~ 'abc'[1] ~ 'a😀bc'[1:3] ~ 'abc'[1:] ~ 'abc'[2:1] ~ 'abc'[::-1] ~ 'a😀b'[-9:9]", "😀bb😀bbccbaa😀b")]
    [TestCase("(range(3, 9, 2)[1], range(3)[-1], 'a😀b'.find('b'), 'abcb'.rfind('b', 0, 3), 'abc'.find('', 3))", "(5, 2, 2, 1, 3)")]
    [TestCase("1234 | round(-2) ~ ' ' ~ 5 | round(-99999)", "1200 0")]
    [TestCase("([] * 99999999999, '' * 99999999999, () * 99999999999)", "([], '', ())")]
    [TestCase("[3, 1, 2, 10] | sort", "[1, 2, 3, 10]")]
    [TestCase("['b', 'A', 'a', 'B'] | sort", "['A', 'a', 'b', 'B']")]
    [TestCase("['b', 'A', 'a', 'B'] | sort(reverse=true)", "['b', 'B', 'A', 'a']")]
    [TestCase("{'b': 1, 'a': 2} | dictsort", "[('a', 2), ('b', 1)]")]
    public void Ends_of_ranges_are_answered(string expression, string expected) =>
        Assert.That(ChatTemplate.Parse("{{ " + expression + " }}").Render(NoMessages).Text, Is.EqualTo(expected));

    [TestCase("'%c' % 1999999999", "%c arg not in range(0x110000)")]
    [TestCase("'{:c}'.format(-1)", "%c arg not in range(0x110000)")]
    [TestCase("'%c' % 'ab'", "%c requires int or char")]
    [TestCase("'%d' % ('inf' | float)", "cannot convert float infinity to integer")]
    [TestCase("'%d' % ('nan' | float)", "cannot convert float NaN to integer")]
    [TestCase("'%x' % 3.5", "%x format: an integer is required, not float")]
    [TestCase("[3, 'a'] | sort", "'<' not supported between instances of 'str' and 'int'")]
    public void Ends_of_ranges_are_refused_in_pythons_words(string expression, string expected) => Assert.That(
        () => ChatTemplate.Parse("{{ " + expression + " }}").Render(NoMessages),
        Throws.TypeOf<ChatTemplateException>().With.Message.Contains(expected));

    [TestCaseSource(nameof(FilterNames))]
    public void Filters_refuse_or_answer(string name) => RefuseOrAnswer(
        from value in Values from given in ArgumentLists() select $"({value}) | {name}{given}");

    [TestCaseSource(nameof(MethodNames))]
    public void Methods_refuse_or_answer(string name) => RefuseOrAnswer(
        from value in Values from given in ArgumentLists() select $"({value}).{name}{given}");

    [TestCaseSource(nameof(TestNames))]
    public void Tests_refuse_or_answer(string name) => RefuseOrAnswer(
        from value in Values from given in ArgumentLists() select $"({value}) is {name}{given}");

    [TestCaseSource(nameof(FunctionNames))]
    public void Functions_refuse_or_answer(string name) => RefuseOrAnswer(
        from given in ArgumentLists().Concat(from pair in Pairs from third in Few select $"({pair}, {third})")
        select $"{name}{given}");

    [TestCaseSource(nameof(Operators))]
    public void Operators_refuse_or_answer(string symbol) => RefuseOrAnswer(
        from left in Values from right in Values select $"({left}) {symbol} ({right})");

    [TestCaseSource(nameof(PercentDirectives))]
    public void Percent_formats_refuse_or_answer(string directive) => RefuseOrAnswer(
        from value in Values
        from expression in new[]
        {
            $"'{directive}' % ({value})", $"'{directive}' | format({value})", $"'{directive}' % (7, {value}, {value})",
            $"'{directive}' % ({value}, 3, 1999999999)", $"'{directive}' % {{'a': {value}}}",
        }
        select expression);

    [TestCaseSource(nameof(FormatSpecs))]
    public void Format_specifications_refuse_or_answer(string spec) => RefuseOrAnswer(
        from value in Values
        from expression in new[] { $"'{spec}'.format({value})", $"'{spec}'.format({value}, 9, 2)", $"'{spec}'.format(5, {value}, {value})" }
        select expression);

    [TestCaseSource(nameof(Values))]
    public void Items_and_slices_refuse_or_answer(string value) => RefuseOrAnswer(
        Values.SelectMany(key => new[]
        {
            $"({value})[{key}]", $"({value})[{key}:]", $"({value})[:{key}]", $"({value})[::{key}]", $"({value})[{key}:-1:{key}]", $"-({value})", $"+({value})",
        }));

    private static IEnumerable<string> ArgumentLists() =>
        ["", .. Few.Concat(Pairs).Select(given => $"({given})")];

    private static void RefuseOrAnswer(IEnumerable<string> expressions)
    {
        var findings = new List<string>();
        foreach (string expression in expressions)
        {
            // As text, and as a list where the value is an iterator that only works when it is gone through.
            if (Finding("{{ " + expression + " }}{% for x in " + expression + " %}{{ x }}{% endfor %}") is { } finding)
            {
                findings.Add($"{expression}: {finding}");
            }
        }

        Assert.That(findings, Is.Empty);
    }

    private static string? Finding(string source)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            ChatTemplate.Parse(source).Render(NoMessages);
        }
        catch (ChatTemplateException)
        {
            // A refusal in the template's own words.
        }
        catch (Exception exception)
        {
            return exception.GetType().Name + ": " + exception.Message;
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        return allocated > MostAllocated ? $"{allocated} bytes allocated" : null;
    }
}
