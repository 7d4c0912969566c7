using Microsoft.Extensions.Options;

namespace Proximal.DependencyInjection;

/// <summary>Lets the options of a model through whose files are there and whose generator can be made.</summary>
internal sealed class ProximalModelOptionsValidator : IValidateOptions<ProximalModelOptions>
{
    public ValidateOptionsResult Validate(string? name, ProximalModelOptions options)
    {
        List<string> faults = [.. Faults(name, options)];
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }

    private static IEnumerable<string> Faults(string? name, ProximalModelOptions options)
    {
        if (string.IsNullOrWhiteSpace(options.Path))
        {
            yield return $"Model '{name}': Path is empty: set it to a Hugging Face folder, or to a .gguf or .bin file.";
        }
        else if (!Path.Exists(options.Path))
        {
            yield return $"Model '{name}': Path is '{options.Path}', and nothing is at {Path.GetFullPath(options.Path)}: "
                + "set it to a Hugging Face folder, or to a .gguf or .bin file.";
        }

        if (options.TokenizerPath is { } tokenizer && !Path.Exists(tokenizer))
        {
            yield return $"Model '{name}': TokenizerPath is '{tokenizer}', and nothing is at {Path.GetFullPath(tokenizer)}: "
                + "set it to a folder or file of a tokenizer, or leave it out for the one beside the model.";
        }

        if (GeneratorFault(name, options) is { } fault)
        {
            yield return fault;
        }
    }

    private static string? GeneratorFault(string? name, ProximalModelOptions options)
    {
        try
        {
            options.ToGeneratorOptions().Validate();
            return null;
        }
        catch (ArgumentOutOfRangeException exception)
        {
            return OptionFault.Describe($"Model '{name}': {exception.ParamName}", exception);
        }
    }
}
