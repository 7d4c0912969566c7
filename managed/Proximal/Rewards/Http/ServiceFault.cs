namespace Proximal.Rewards.Http;

/// <summary>A request to a reward service came to nothing.</summary>
/// <param name="kind">What may help.</param>
/// <param name="reason">What happened, as the end of the sentence "URL ...".</param>
/// <param name="inner">What was thrown.</param>
internal sealed class ServiceFault(ServiceFaultKind kind, string reason, Exception? inner = null) : Exception(reason, inner)
{
    public ServiceFaultKind Kind => kind;
}
