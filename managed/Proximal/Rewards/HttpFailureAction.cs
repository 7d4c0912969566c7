namespace Proximal.Rewards;

/// <summary>What a run does when a reward service gives no usable answer.</summary>
public enum HttpFailureAction
{
    /// <summary>Stops: the step is discarded, what was committed before is kept.</summary>
    Stop = 0,

    /// <summary>Goes on: the responses of the failed request get a score that the options name.</summary>
    UseValue = 1,
}
