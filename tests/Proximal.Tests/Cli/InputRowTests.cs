using System.Text;
using NUnit.Framework;
using Proximal.Cli.Rows;
using Proximal.Data;

namespace Proximal.Tests.Cli;

public sealed class InputRowTests
{
    [TestCase("""{"id":7}""", "7")]
    [TestCase("""{"id":"a\"é"}""", "\"a\\\"é\"")]
    [TestCase("""{"id":1e400}""", "1e400")]
    [TestCase("""{"id":12345678901234567890123}""", "12345678901234567890123")]
    [TestCase("""{"id":[1, {"a": null}]}""", "[1, {\"a\": null}]")]
    [TestCase("""{"id":false}""", "false")]
    [TestCase("""{"id":null}""", "null")]
    [TestCase("""{"x":1}""", "null")]
    [TestCase("{\"id\":[1,\r\t2]}", "[1,  2]")]
    [TestCase("""{"id":"\ud800"}""", "\"\\ud800\"")]
    [TestCase("""{"id":5,"a":1,"a":2}""", "5")]
    [TestCase("""[1]""", "null")]
    [TestCase("""{"id":5""", "null")]
    [TestCase("""{"\ud800":5}""", "null")]
    public void The_id_comes_back_as_it_was(string line, string id) => Assert.That(Parse(line).Id, Is.EqualTo(id));

    [TestCase("""{"id":5""", "line 3: not valid JSON")]
    [TestCase("""{"a":1} x""", "line 3: not valid JSON at byte 9")]
    [TestCase("""NaN""", "line 3: not valid JSON")]
    [TestCase("""[1]""", "line 3: the line is a list: expected a JSON object")]
    [TestCase("""{"t":1,"t":2}""", "line 3: a name is given twice")]
    [TestCase("""{"x":1}""", "line 3: 't' is missing: add it")]
    [TestCase("""{"t":1}""", "'t' is a number: expected a text")]
    [TestCase("""{"t":null}""", "'t' is null: expected a text")]
    [TestCase("""{"t":"\ud800"}""", "'t' has half of a surrogate pair")]
    [TestCase("""{"\ud800es":1}""", "line 3: the name of a field holds half a surrogate pair")]
    [TestCase("""{"a":1,"a":2,"\ud800t":3}""", "line 3: the name of a field holds half a surrogate pair")]
    public void A_text_that_cannot_be_read_says_why(string line, string message) =>
        Assert.That(() => Parse(line).Text("t"), Throws.TypeOf<RowException>().With.Message.Contains(message));

    [TestCase("""{"t":"1,2"}""", "'t' is a text: expected a list of token ids")]
    [TestCase("""{"t":[]}""", "'t' is empty")]
    [TestCase("""{"t":[1,"2"]}""", "'t[1]' is a text: expected a token id")]
    [TestCase("""{"t":[1.5]}""", "'t[0]' is 1.5: expected a token id")]
    [TestCase("""{"t":[99999999999]}""", "'t[0]' is 99999999999: expected a token id")]
    public void Tokens_that_cannot_be_read_say_which(string line, string message) =>
        Assert.That(() => Parse(line).Tokens("t"), Throws.TypeOf<RowException>().With.Message.Contains(message));

    [Test]
    public void Bytes_that_are_not_utf8_are_an_error_of_the_row()
    {
        InputRow row = InputRow.Parse(new RawLine(1, new byte[] { (byte)'{', 0xFF, (byte)'}' }, IsTooLong: false, 3), 0);
        Assert.That(row.Require, Throws.TypeOf<RowException>().With.Message.Contains("line 1: the line is not UTF-8"));
    }

    [Test]
    public void A_byte_order_mark_is_no_part_of_the_first_row()
    {
        InputRow row = InputRow.Parse(new RawLine(1, Encoding.UTF8.GetBytes("\uFEFF{\"t\":\"x\"}"), IsTooLong: false, 3), 0);
        Assert.That(row.Text("t"), Is.EqualTo("x"));
    }

    [Test]
    public void Deep_nesting_is_an_error_of_the_row() =>
        Assert.That(
            Parse($"{{\"t\":{new string('[', 100_000)}").Require, Throws.TypeOf<RowException>().With.Message.Contains("not valid JSON"));

    private static InputRow Parse(string line) => InputRow.Parse(new RawLine(3, Encoding.UTF8.GetBytes(line), IsTooLong: false, 0), 0);
}
