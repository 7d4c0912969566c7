namespace Proximal.Configuration;

/// <summary>A place in a source; line and column from 1, or 0 for the whole of it.</summary>
internal readonly record struct ConfigurationPosition(ConfigurationSource Source, long Line, long Column)
{
    public override string ToString() =>
        Source.IsOverride || Line == 0 ? Source.Name : $"{Source.Name}:{Line}:{Column}";
}
