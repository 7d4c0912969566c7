using NUnit.Framework;
using Proximal.Cli;
using Proximal.Cli.Models;
using Proximal.Tests.Models;

namespace Proximal.Tests.Cli;

public sealed class StopTokensTests
{
    [TestCase("""{"eos_token_id": 7}""", """{"eos_token_id": 2}""", "7")]
    [TestCase("""{"eos_token_id": [7, 8]}""", """{"eos_token_id": 2}""", "7,8")]
    [TestCase("""{"eos_token_id": null}""", """{"eos_token_id": 2}""", "2")]
    [TestCase("""{}""", """{"eos_token_id": 2}""", "2")]
    [TestCase(null, """{"eos_token_id": [2]}""", "2")]
    [TestCase(null, """{}""", "")]
    [TestCase(null, null, "")]
    public void Generation_config_comes_before_config(string? generation, string? config, string expected)
    {
        using var folder = new TemporaryFolder();
        Write(folder["generation_config.json"], generation);
        Write(folder["config.json"], config);
        Assert.That(string.Join(',', StopTokens.OfModel(folder.Path)), Is.EqualTo(expected));
    }

    [TestCase("""{"eos_token_id": "</s>"}""", "eos_token_id: expected a token id or a list of them, got \"</s>\"")]
    [TestCase("""{"eos_token_id": [-1]}""", "got -1")]
    [TestCase("""[]""", "is no JSON object")]
    [TestCase("""{""", "is no valid JSON")]
    [TestCase("""{"\ud800eos_token_id": 1}""", "is no valid JSON")]
    public void A_broken_file_is_named(string generation, string message)
    {
        using var folder = new TemporaryFolder();
        Write(folder["generation_config.json"], generation);
        Assert.That(
            () => StopTokens.OfModel(folder.Path),
            Throws.TypeOf<CommandException>().With.Message.Contains(message).And.Message.Contains("generation_config.json"));
    }

    [Test]
    public void A_file_that_is_no_utf8_is_refused()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["generation_config.json"], [.. """{"eos_token_id": "#"}"""u8.ToArray().Select(b => b == '#' ? (byte)0xDD : b)]);
        Assert.That(() => StopTokens.OfModel(folder.Path), Throws.TypeOf<CommandException>().With.Message.Contains("is no text in UTF-8"));
    }

    [Test]
    public void A_file_of_gigabytes_is_refused_before_it_is_read()
    {
        using var folder = new TemporaryFolder();
        using (FileStream sparse = File.Create(folder["blob"]))
        {
            sparse.SetLength(1L << 40);
        }

        File.CreateSymbolicLink(folder["generation_config.json"], "blob");
        Assert.That(
            () => StopTokens.OfModel(folder.Path),
            Throws.TypeOf<CommandException>().With.Message.Contains("generation_config.json: 1099511627776 bytes are more"));
    }

    [Test]
    public void A_file_has_none() => Assert.That(StopTokens.OfModel("/dev/null"), Is.Empty);

    private static void Write(string path, string? text)
    {
        if (text is not null)
        {
            File.WriteAllText(path, text);
        }
    }
}
