using NUnit.Framework;
using Proximal.Tests.Models;

namespace Proximal.Tests.Cli;

/// <summary><c>proximal chat</c> as somebody at a terminal sees it.</summary>
public sealed class ChatTerminalTests
{
    private const string Template =
        "{% if messages | length > 3 %}{{ raise_exception('three messages at most') }}{% endif %}"
        + "{% for m in messages %}{{ m.content }} {% endfor %}{% if add_generation_prompt %}a{% endif %}";

    private TinyFolder _folder = null!;

    [OneTimeSetUp]
    public void Write()
    {
        _folder = new TinyFolder(new TinyModel { Context = 40_000 });
        File.WriteAllText(Path.Combine(_folder.Model, "chat_template.jinja"), Template);
    }

    [OneTimeTearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public void Two_turns_commands_and_the_end_of_the_input()
    {
        using PseudoTerminal terminal = Chat(newTokens: 4);
        string greeting = terminal.WaitFor("> ");
        string first = Answer(terminal, "ab");
        string second = Answer(terminal, "ab");
        string third = Answer(terminal, "ab");
        terminal.Type("/what\n");
        string unknown = terminal.WaitFor("\r\n> ");
        terminal.Type("/help\n");
        string help = terminal.WaitFor("\r\n> ");
        terminal.Type("/reset\n");
        terminal.WaitFor("> ");
        string again = Answer(terminal, "ab");
        terminal.Type(PseudoTerminal.CtrlD);
        (int code, string rest) = terminal.End();
        Assert.Multiple(() =>
        {
            Assert.That(greeting, Does.Contain("/reset begins anew"));
            Assert.That(first, Is.Not.Empty);
            Assert.That(first, Does.Contain("cut at 4 tokens"));
            Assert.That(second, Is.Not.Empty.And.Not.Contain("refuses"));
            Assert.That(third, Does.Contain("three messages at most"), "the turns before it are part of the conversation");
            Assert.That(again, Is.EqualTo(first), "after /reset they are not");
            Assert.That(unknown, Does.Contain("/what is no command: /reset begins anew"));
            Assert.That(help, Does.Contain("/quit ends"));
            Assert.That(code, Is.EqualTo(3), $"a message was refused: {terminal.Screen}");
            Assert.That(rest, Does.EndWith("\r\n"), "what comes next stands on a line of its own");
        });
    }

    [Test]
    public void Ctrl_C_ends_the_answer_and_at_the_prompt_the_program()
    {
        using PseudoTerminal terminal = Chat(newTokens: 30_000);
        terminal.WaitFor("> ");
        terminal.Type("ab\n");
        string cut = WaitForBeginning(terminal, "ab\r\n");
        terminal.Type(PseudoTerminal.CtrlC);
        terminal.WaitFor("\r\n> ");
        terminal.Type("/reset\n");
        terminal.WaitFor("> ");
        terminal.Type(PseudoTerminal.CtrlC);
        (int code, string rest) = terminal.End();
        Assert.Multiple(() =>
        {
            Assert.That(cut, Is.Not.Empty);
            Assert.That(code, Is.EqualTo(130), terminal.Screen);
            Assert.That(rest, Does.EndWith("\r\ninterrupted\r\n"));
            Assert.That(terminal.Screen.Length, Is.LessThan(30_000), "the answer did not come to its end");
        });
    }

    [Test]
    public void Quit_ends_it()
    {
        using PseudoTerminal terminal = Chat(newTokens: 4);
        terminal.WaitFor("> ");
        terminal.Type("/quit\n");
        Assert.That(terminal.End().Code, Is.Zero, terminal.Screen);
    }

    private PseudoTerminal Chat(int newTokens)
    {
        Assume.That(File.Exists("/usr/bin/script"), "this system has no util-linux script");
        return new PseudoTerminal(
            [.. CliProcess.Command(["chat", _folder.Model, "--temperature", "0", "--stop-token-ids", "0", "--max-new-tokens", $"{newTokens}", "--threads", "1"])]);
    }

    private static string Answer(PseudoTerminal terminal, string line)
    {
        terminal.Type(line + "\n");
        terminal.WaitFor(line + "\r\n");
        string answer = terminal.WaitFor("\r\n> ");

        // What is typed before the program has begun to read is shown by the terminal, and again by the program.
        return answer[(answer.LastIndexOf(line + "\r\n", StringComparison.Ordinal) is >= 0 and int at ? at + line.Length + 2 : 0)..];
    }

    /// <summary>Waits for the first letters of an answer.</summary>
    private static string WaitForBeginning(PseudoTerminal terminal, string line) => terminal.WaitUntil($"an answer to '{line}'", screen =>
    {
        int at = screen.LastIndexOf(line, StringComparison.Ordinal);
        string answer = at < 0 ? string.Empty : screen[(at + line.Length)..];
        return answer.Length >= 5 ? answer : null;
    });
}
