namespace Proximal.Tokenization.Text;

/// <summary>A Unicode normalisation form.</summary>
internal enum UnicodeForm
{
    /// <summary>Canonical composition.</summary>
    Nfc,

    /// <summary>Canonical decomposition.</summary>
    Nfd,

    /// <summary>Compatibility composition.</summary>
    Nfkc,

    /// <summary>Compatibility decomposition.</summary>
    Nfkd,
}
