using Microsoft.Extensions.Options;

namespace Proximal.DependencyInjection;

/// <summary>Lets the engine's options through that the engine itself accepts.</summary>
internal sealed class ProximalOptionsValidator : IValidateOptions<ProximalOptions>
{
    public ValidateOptionsResult Validate(string? name, ProximalOptions options)
    {
        try
        {
            options.ToEngineOptions().Validate();
            return ValidateOptionsResult.Success;
        }
        catch (ArgumentOutOfRangeException exception)
        {
            return ValidateOptionsResult.Fail(
                OptionFault.Describe($"{ProximalOptions.Section}:{exception.ParamName}", exception));
        }
    }
}
