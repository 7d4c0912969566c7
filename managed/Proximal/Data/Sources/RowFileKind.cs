namespace Proximal.Data.Sources;

/// <summary>How the rows of a file are written.</summary>
internal enum RowFileKind
{
    /// <summary>A JSON object a line.</summary>
    JsonLines,

    /// <summary>One JSON array of objects, or objects a line as data sets on the hub have them.</summary>
    Json,

    /// <summary>Cells between commas behind a line of names: RFC 4180.</summary>
    Csv,

    /// <summary>Cells between tabs behind a line of names.</summary>
    Tsv,

    /// <summary>Apache Parquet.</summary>
    Parquet,

    /// <summary>Any other text.</summary>
    Text,
}
