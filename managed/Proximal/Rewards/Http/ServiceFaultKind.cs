namespace Proximal.Rewards.Http;

/// <summary>What may help after a failed request.</summary>
internal enum ServiceFaultKind
{
    /// <summary>Another try: the service was not there, or did not manage to answer.</summary>
    Transient,

    /// <summary>A repaired service: it answered, but not what was asked for.</summary>
    BadAnswer,

    /// <summary>Another configuration: the request as it is will never be served.</summary>
    Configuration,
}
