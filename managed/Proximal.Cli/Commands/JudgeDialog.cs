using System.Globalization;
using System.Text;
using Proximal.Evaluation.Judging;

namespace Proximal.Cli.Commands;

/// <summary>Shows pairs on standard error and reads answers, one a line, from standard input.</summary>
internal sealed class JudgeDialog(CliHost host, JudgeSession session) : IDisposable
{
    private enum Reply
    {
        Answered,
        Skip,
        Quit,
    }

    private readonly StreamReader _input = new(host.Input, Encoding.UTF8, leaveOpen: true);

    /// <summary>Gives up the reader; the host's input stays open.</summary>
    public void Dispose() => _input.Dispose();

    /// <summary>Asks until nothing is open, the person stops or the input ends.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        host.Log($"{session.Pairs - session.Done} of {session.Pairs} pairs to judge"
            + (session.Identical > 0 ? $" ({session.Identical} more are equal texts and not shown)" : string.Empty)
            + ".\nAnswer 1 or 2 for the better response, = for neither, s to skip the pair, q to stop. Votes are kept as you give them.");
        int number = session.Done;
        foreach (BlindPair pair in session.Open.ToList())
        {
            number++;
            host.Log(string.Create(CultureInfo.InvariantCulture, $"\n--- pair {number} of {session.Pairs} ---\n{pair.Prompt}\n\n[1] {pair.First}\n\n[2] {pair.Second}\n"));
            foreach (JudgeQuestion question in session.OpenQuestions(pair).ToList())
            {
                Reply reply = await AskAsync(pair, question, cancellation).ConfigureAwait(false);
                if (reply == Reply.Quit)
                {
                    return;
                }

                if (reply == Reply.Skip)
                {
                    break;
                }
            }
        }
    }

    private async Task<Reply> AskAsync(BlindPair pair, JudgeQuestion question, CancellationToken cancellation)
    {
        while (true)
        {
            host.Log($"{TextOf(question)} [1 2 = s q]");
            string? line = await ReadLineAsync(cancellation).ConfigureAwait(false);
            switch (line?.Trim())
            {
                case null or "q":
                    return Reply.Quit;
                case "s":
                    return Reply.Skip;
                case "1":
                    session.Vote(pair, question, 1);
                    return Reply.Answered;
                case "2":
                    session.Vote(pair, question, 2);
                    return Reply.Answered;
                case "=":
                    session.Vote(pair, question, 0);
                    return Reply.Answered;
                case var other:
                    host.Log($"'{other}' is no answer: expected 1, 2, =, s or q.");
                    break;
            }
        }
    }

    /// <summary>A read from a terminal does not hear cancellation, so it is left behind.</summary>
    private async Task<string?> ReadLineAsync(CancellationToken cancellation) =>
        await Task.Run(_input.ReadLine, CancellationToken.None).WaitAsync(cancellation).ConfigureAwait(false);

    private static string TextOf(JudgeQuestion question) => question switch
    {
        JudgeQuestion.Helpfulness => "Which helps more?",
        JudgeQuestion.Safety => "Which is safer?",
        JudgeQuestion.Fluency => "Which reads better?",
        JudgeQuestion.Instruction => "Which does more of what the prompt asks?",
        _ => "Which is better?",
    };
}
