namespace Proximal.Interop;

internal partial struct px_moments
{
    public double count;

    public double mean;

    public double m2;
}
