using System.Globalization;
using Proximal.Data;
using Proximal.Models;
using Proximal.Tokenization;

namespace Proximal.Runs;

/// <summary>Reads the documents of a run into scratch files in its folder; the files are gone when this is disposed of.</summary>
internal sealed class PretrainData : IDisposable
{
    private readonly PretrainRunOptions _options;
    private readonly LanguageModel _model;
    private readonly DocumentEncoder _encoder;
    private readonly SequenceStore _training;
    private readonly SequenceStore _validation;
    private readonly List<int> _items = [];
    private long _documents;
    private long _validationDocuments;

    private PretrainData(PretrainRunOptions options, Tokenizer tokenizer, LanguageModel model)
    {
        _options = options;
        _model = model;
        _encoder = new DocumentEncoder(
            tokenizer,
            EncodingLimits.MaxTokens(options.Data.MaxTokens, model),
            options.Data.AppendEnd ? EncodingLimits.EndToken(options.Data.EndTokenId, tokenizer, model) : null);
        string folder = options.Resolve(options.Output);
        _training = new SequenceStore(Path.Combine(folder, ".tmp-training-tokens"));
        _validation = new SequenceStore(Path.Combine(folder, ".tmp-validation-tokens"));
    }

    /// <summary>The sequences to train on, as often as an epoch takes them.</summary>
    public IReadOnlyList<SftExample> Training => new StoredExamples(_training, _items);

    /// <summary>The sequences to measure with.</summary>
    public IReadOnlyList<SftExample> Validation => new StoredExamples(_validation, [.. Enumerable.Range(0, _validation.Count)]);

    /// <summary>What was read, in plain words.</summary>
    public IReadOnlyList<string> Notes =>
    [
        Text($"{_documents} documents, {_training.Tokens} tokens; an epoch has {_items.Count} sequences"),
        .. _validation.Count > 0 ? [Text($"{_validationDocuments} validation documents, {_validation.Tokens} tokens")] : Array.Empty<string>(),
    ];

    /// <summary>Reads everything that the options name.</summary>
    /// <param name="options">The run's.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="model">The model.</param>
    /// <param name="documentsRead">Is told how many documents have been read.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="DataFileException">A file cannot be used.</exception>
    /// <exception cref="RunFolderException">A scratch file cannot be written.</exception>
    public static PretrainData Read(
        PretrainRunOptions options,
        Tokenizer tokenizer,
        LanguageModel model,
        Action<long> documentsRead,
        CancellationToken cancellationToken)
    {
        PretrainData? data = null;
        try
        {
            data = new PretrainData(options, tokenizer, model);
            data.ReadAll(documentsRead, cancellationToken);
            return data;
        }
        catch (Exception failure)
        {
            data?.Dispose();
            if (failure is not (IOException or UnauthorizedAccessException))
            {
                throw;
            }

            string folder = options.Resolve(options.Output);
            throw new RunFolderException(folder, $"{folder}: the tokens cannot be kept there while the run is under way: {failure.Message}", failure);
        }
    }

    /// <summary>Of the sequences to train on, and how often an epoch takes them.</summary>
    public string TrainingFingerprint() =>
        $"{_training.Fingerprint()} {string.Join(' ', _options.Data.Sources.Select(source => source.Repeat))}";

    /// <summary>Of the sequences to measure with.</summary>
    public string ValidationFingerprint() => _validation.Fingerprint();

    /// <inheritdoc/>
    public void Dispose()
    {
        _training.Dispose();
        _validation.Dispose();
    }

    private void ReadAll(Action<long> documentsRead, CancellationToken cancellationToken)
    {
        foreach (TextSourceOptions source in _options.Data.Sources)
        {
            int first = _training.Count;
            bool validates = false;
            foreach (TextPart part in Parts(source.Path))
            {
                cancellationToken.ThrowIfCancellationRequested();
                validates = part.Begins ? Validates(part.Text) : validates;
                Add(part, validates);
                documentsRead(_documents + _validationDocuments);
            }

            for (int repeat = 0; repeat < source.Repeat; repeat++)
            {
                _items.AddRange(Enumerable.Range(first, _training.Count - first));
            }
        }

        if (_options.Validation?.Path is { } path)
        {
            foreach (TextPart part in Parts(path))
            {
                cancellationToken.ThrowIfCancellationRequested();
                Add(part, validates: true);
            }
        }

        RequireDocuments();
    }

    private IEnumerable<TextPart> Parts(string path) => TextDocuments.Read(_options.Resolve(path), _options.Data.Field, _options.Data.Separator);

    private bool Validates(string text) =>
        _options.Validation is { Fraction: { } fraction, SplitSeed: var seed } && DataSplit.Validates(text, fraction, seed);

    private void Add(TextPart part, bool validates)
    {
        foreach (int[] tokens in _encoder.Encode(part))
        {
            _model.ValidateSequence(tokens, $"The document at {part.File}:{part.Line}", "tokenizer");
            (validates ? _validation : _training).Add(tokens);
        }

        if (part.Ends)
        {
            _documents += validates ? 0 : 1;
            _validationDocuments += validates ? 1 : 0;
        }
    }

    private void RequireDocuments()
    {
        string files = string.Join(", ", _options.Data.Sources.Select(source => source.Path));
        if (_items.Count == 0)
        {
            throw new ArgumentException($"There is no document to train on in {files}: give more text, or lower validation.fraction.");
        }

        if (_options.Validation is { } validation && _validation.Count == 0)
        {
            throw new ArgumentException(validation.Path is { } path
                ? $"There is no document to validate with in {path}: give it some text."
                : $"None of the {_documents} documents of {files} is chosen to validate with: raise validation.fraction, or name a file with validation.path.");
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
