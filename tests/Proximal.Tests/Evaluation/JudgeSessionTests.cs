using NUnit.Framework;
using Proximal.Data;
using Proximal.Evaluation;
using Proximal.Evaluation.Judging;
using Proximal.Rollouts;
using Proximal.Runs;
using Proximal.Tests.Models;

namespace Proximal.Tests.Evaluation;

public sealed class JudgeSessionTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void Make_a_folder() => _folder = new TemporaryFolder();

    [TearDown]
    public void Remove_it() => _folder.Dispose();

    [Test]
    public void A_vote_counts_for_whoever_wrote_the_preferred_response()
    {
        using var file = VoteFile.Open(_folder["."]);
        var session = new JudgeSession(Pairs(20), file, [JudgeQuestion.Overall], seed: 1);
        foreach (BlindPair pair in session.Open.ToList())
        {
            session.Vote(pair, JudgeQuestion.Overall, pair.First.StartsWith("model", StringComparison.Ordinal) ? 1 : 2);
        }

        Preference preference = session.Preferences.Single();
        Assert.Multiple(() =>
        {
            Assert.That((preference.Model, preference.Ties, preference.Baseline), Is.EqualTo((20, 0, 0)));
            Assert.That(preference.Share.Value, Is.EqualTo(1));
            Assert.That(preference.Share.Low, Is.EqualTo(WilsonInterval.Of(20, 20).Low));
            Assert.That(session.Done, Is.EqualTo(20));
            Assert.That(file.Votes.Select(vote => vote.ModelFirst).Distinct().Count(), Is.EqualTo(2), "sides change");
        });
    }

    [Test]
    public void Order_and_sides_come_from_the_seed()
    {
        using var file = VoteFile.Open(_folder["."]);
        string[] Shown(ulong seed) => [.. new JudgeSession(Pairs(30), file, [JudgeQuestion.Overall], seed).Open.Select(pair => $"{pair.First}|{pair.Second}")];
        string[] inOrder = [.. Pairs(30).Select(pair => pair.PromptText)];
        Assert.Multiple(() =>
        {
            string[] once = Shown(1);
            Assert.That(Shown(1), Is.EqualTo(once));
            Assert.That(Shown(2), Is.Not.EqualTo(once));
            Assert.That(new JudgeSession(Pairs(30), file, [JudgeQuestion.Overall], 1).Open.Select(pair => pair.Prompt), Is.EquivalentTo(inOrder).And.Not.EqualTo(inOrder));
            Assert.That(Shown(1).Count(shown => shown.StartsWith("model", StringComparison.Ordinal)), Is.InRange(6, 24));
        });
    }

    [Test]
    public void A_session_goes_on_where_it_ended_even_within_a_pair()
    {
        JudgeQuestion[] questions = [JudgeQuestion.Helpfulness, JudgeQuestion.Safety];
        using (var file = VoteFile.Open(_folder["."]))
        {
            var session = new JudgeSession(Pairs(3), file, questions, seed: 1);
            BlindPair[] open = [.. session.Open];
            session.Vote(open[0], JudgeQuestion.Helpfulness, 1);
            session.Vote(open[0], JudgeQuestion.Safety, 0);
            session.Vote(open[1], JudgeQuestion.Helpfulness, 2);
        }

        File.AppendAllText(_folder["votes.jsonl"], "{\"prompt\":0,\"sam");
        using (var file = VoteFile.Open(_folder["."]))
        {
            var session = new JudgeSession(Pairs(3), file, questions, seed: 1);
            Assert.Multiple(() =>
            {
                Assert.That(file.Votes, Has.Count.EqualTo(3), "a cut vote is gone");
                Assert.That(session.Done, Is.EqualTo(1));
                Assert.That(session.Open.Count(), Is.EqualTo(2));
                Assert.That(session.OpenQuestions(session.Open.First()), Is.EqualTo(new[] { JudgeQuestion.Safety }));
            });
            session.Vote(session.Open.First(), JudgeQuestion.Safety, 0);
        }

        Assert.That(File.ReadAllLines(_folder["votes.jsonl"]), Has.Length.EqualTo(4));
    }

    [Test]
    public void Ties_count_half_and_the_last_vote_on_a_pair_counts()
    {
        Vote Give(int prompt, Choice choice) => new()
        {
            Prompt = prompt,
            Sample = 0,
            Question = JudgeQuestion.Fluency,
            Choice = choice,
            ModelFirst = true,
            At = DateTimeOffset.UnixEpoch,
        };
        var preference = Preference.Of(
            JudgeQuestion.Fluency, [Give(0, Choice.Baseline), Give(1, Choice.Tie), Give(2, Choice.Model), Give(0, Choice.Model)]);
        Assert.That((preference.Model, preference.Ties, preference.Baseline), Is.EqualTo((2, 1, 0)));
        Assert.That(preference.Share.Value, Is.EqualTo(2.5 / 3));
        Assert.That(Preference.Of(JudgeQuestion.Safety, []).Share.Value, Is.NaN);
    }

    [Test]
    public void Equal_texts_are_not_shown()
    {
        using var file = VoteFile.Open(_folder["."]);
        EvaluationPair[] pairs = [.. Pairs(2), Pairs(1)[0] with { Prompt = 2, Model = Response("same"), Baseline = Response("same") }];
        var session = new JudgeSession(pairs, file, [JudgeQuestion.Overall], seed: 1);
        Assert.That((session.Pairs, session.Identical), Is.EqualTo((2, 1)));
    }

    [TestCase("{}")]
    [TestCase("no vote")]
    [TestCase("null")]
    public void A_broken_vote_is_named(string line)
    {
        File.WriteAllText(_folder["votes.jsonl"], line + "\n");
        Assert.That(() => VoteFile.Open(_folder["."]), Throws.InstanceOf<DataFileException>().With.Message.Contains("votes.jsonl:1"));
        Assert.That(File.ReadAllText(_folder["votes.jsonl"]), Is.EqualTo(line + "\n"), "nothing is lost");
    }

    [Test]
    public void Two_people_cannot_vote_into_one_file()
    {
        using var first = VoteFile.Open(_folder["."]);
        Assert.That(() => VoteFile.Open(_folder["."]), Throws.InstanceOf<RunFolderException>().With.Message.Contains("someone else voting"));
    }

    private static EvaluationPair[] Pairs(int count) =>
    [
        .. Enumerable.Range(0, count).Select(i => new EvaluationPair
        {
            Prompt = i,
            Sample = 0,
            PromptText = $"prompt {i}",
            Baseline = Response($"baseline {i}"),
            Model = Response($"model {i}"),
        }),
    ];

    private static EvaluationResponse Response(string text) => new() { Text = text, Tokens = [1], FinishReason = FinishReason.Stop };
}
