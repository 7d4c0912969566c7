namespace Proximal.Evaluation.Judging;

/// <summary>A pair as it is shown: nothing of it says which response is whose.</summary>
public sealed class BlindPair
{
    private readonly EvaluationPair _pair;
    private readonly bool _modelFirst;

    internal BlindPair(EvaluationPair pair, bool modelFirst)
    {
        _pair = pair;
        _modelFirst = modelFirst;
    }

    /// <summary>What both were asked.</summary>
    public string Prompt => _pair.PromptText;

    /// <summary>The response that is shown first.</summary>
    public string First => _modelFirst ? _pair.Model.Text : _pair.Baseline.Text;

    /// <summary>The response that is shown second.</summary>
    public string Second => _modelFirst ? _pair.Baseline.Text : _pair.Model.Text;

    /// <summary>The prompt's place and the sample: what votes name a pair by.</summary>
    internal (int Prompt, int Sample) Id => (_pair.Prompt, _pair.Sample);

    /// <summary>The vote that an answer comes to.</summary>
    /// <param name="question">What was asked.</param>
    /// <param name="preferred">1: the first response; 2: the second; 0: neither.</param>
    /// <param name="at">When.</param>
    internal Vote Decide(JudgeQuestion question, int preferred, DateTimeOffset at) => new()
    {
        Prompt = _pair.Prompt,
        Sample = _pair.Sample,
        Question = question,
        Choice = preferred == 0 ? Choice.Tie : (preferred == 1) == _modelFirst ? Choice.Model : Choice.Baseline,
        ModelFirst = _modelFirst,
        At = at,
    };
}
