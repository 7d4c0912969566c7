namespace Proximal.DependencyInjection;

/// <summary>What a host says of an option that cannot be used: the key, the value and what can be.</summary>
internal static class OptionFault
{
    public static string Describe(string key, ArgumentOutOfRangeException exception)
    {
        // The exception's own text ends in lines that name the parameter and its value again.
        string reason = exception.Message.Split(" (Parameter '", 2)[0];
        return $"{key} is {exception.ActualValue}, which cannot be used: {reason}";
    }
}
