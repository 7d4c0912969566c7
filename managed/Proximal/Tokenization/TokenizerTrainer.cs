using System.Collections.Concurrent;
using System.Text.Json;
using Proximal.Data;
using Proximal.Tokenization.Loading;
using Proximal.Tokenization.Training;

namespace Proximal.Tokenization;

/// <summary>Trains a byte-level BPE tokenizer: counts the words of texts, then merges the most frequent pair again and again.</summary>
/// <remarks>
/// On the same texts the merges are those of Hugging Face's trainer: of pairs with equal counts the one of the smaller ids goes
/// first. So the result depends neither on the number of threads nor on the order of texts and files. Special tokens in a text
/// count as text, as they do there. Any text can be encoded and comes back unchanged, since every byte has a token. One caller
/// at a time. Source: Sennrich et al. 2016 (1508.07909); bytes as in GPT-2.
/// </remarks>
public sealed class TokenizerTrainer
{
    private const int MergesPerReport = 64;

    private readonly TokenizerTrainerOptions _options;
    private readonly Tokenizer _splitter;
    private readonly WordCounter _words;

    /// <summary>Makes a trainer that has seen no text.</summary>
    /// <param name="options">What to make.</param>
    /// <exception cref="ArgumentException">The options contradict themselves; the text says what is expected.</exception>
    public TokenizerTrainer(TokenizerTrainerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
        _splitter = Splitter(options);
        _words = new WordCounter(_splitter);
    }

    /// <summary>How many different words were counted.</summary>
    public int DistinctWords => _words.Counts.Count;

    /// <summary>Counts the words of a text.</summary>
    /// <param name="text">The text; an unpaired surrogate counts as U+FFFD.</param>
    public void Add(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        _words.Add(text);
    }

    /// <summary>Counts the words of files, with the threads of the options.</summary>
    /// <param name="paths">
    /// Files, or folders, of which every .txt, .md, .jsonl, .ndjson and .json file is read, at any depth. JSON rows hold their text
    /// in a field; any other file is text in UTF-8.
    /// </param>
    /// <param name="text">What is one text; <see langword="null"/>: lines, and the field <c>text</c> of rows.</param>
    /// <param name="progress">Receives the bytes that are counted, from any thread.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="DataFileException">A file cannot be used; the text names file, line and the fix, and nothing was counted.</exception>
    public void AddFiles(
        IEnumerable<string> paths,
        TextFileOptions? text = null,
        IProgress<TokenizerTrainingProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(paths);
        text ??= new TextFileOptions();
        IReadOnlyList<string> files = TextFiles.Find(paths);
        var batches = new TextBatches(text);
        long total = files.Sum(file => new FileInfo(file).Length);
        long done = 0;
        Count(
            files.SelectMany(batches.Read),
            batch => progress?.Report(
                new TokenizerTrainingProgress(TokenizerTrainingPhase.Counting, Interlocked.Add(ref done, batch.Bytes), total)),
            cancellation);
    }

    /// <summary>Makes a tokenizer of the words that were counted so far.</summary>
    /// <param name="progress">Receives the number of merges, on this thread.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="ArgumentException">No word was counted, or there are too many.</exception>
    public TrainedTokenizer Train(IProgress<TokenizerTrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        if (DistinctWords == 0)
        {
            throw new ArgumentException("The text has no words, so there is nothing to learn: give files with text.");
        }

        var vocabulary = new ByteLevelVocabulary(_options.AllSpecialTokens);
        var merger = new PairMerger(_words.Counts, vocabulary);
        long wanted = _options.VocabularySize - vocabulary.Tokens.Count;
        while (vocabulary.Tokens.Count < _options.VocabularySize && merger.TryMerge(_options.MinFrequency))
        {
            cancellation.ThrowIfCancellationRequested();
            if (vocabulary.Merges.Count % MergesPerReport == 0)
            {
                progress?.Report(new TokenizerTrainingProgress(TokenizerTrainingPhase.Merging, vocabulary.Merges.Count, wanted));
            }
        }

        return new TrainedTokenizer(_options, vocabulary);
    }

    /// <summary>A tokenizer without merges: it divides text as the trained one will.</summary>
    private static Tokenizer Splitter(TokenizerTrainerOptions options)
    {
        using JsonDocument document = JsonDocument.Parse(ByteLevelJson.Tokenizer(options, new ByteLevelVocabulary(options.AllSpecialTokens)));
        return new Tokenizer(TokenizerJson.Read(new JsonPlace(document.RootElement, "the tokenizer", "$")), SpecialTokens.None);
    }

    private void Count(IEnumerable<TextBatch> batches, Action<TextBatch> counted, CancellationToken cancellation)
    {
        var options = new ParallelOptions
        {
            MaxDegreeOfParallelism = _options.Threads > 0 ? _options.Threads : Environment.ProcessorCount,
            CancellationToken = cancellation,
        };
        var counters = new ConcurrentBag<WordCounter>();
        try
        {
            Parallel.ForEach(
                Partitioner.Create(batches, EnumerablePartitionerOptions.NoBuffering),
                options,
                () => new WordCounter(_splitter),
                (batch, _, counter) =>
                {
                    foreach (string text in batch.Texts)
                    {
                        counter.Add(text);
                    }

                    counted(batch);
                    return counter;
                },
                counters.Add);
        }
        catch (AggregateException exception)
        {
            throw First(exception);
        }

        foreach (WordCounter counter in counters)
        {
            _words.Add(counter);
        }
    }

    /// <summary>What is wrong with the earliest line, so that the message does not depend on threads.</summary>
    private static Exception First(AggregateException exception) =>
        exception.Flatten().InnerExceptions.OfType<DataFileException>().OrderBy(inner => inner.Path, StringComparer.Ordinal).ThenBy(inner => inner.Line).FirstOrDefault()
        ?? exception.Flatten().InnerExceptions[0];
}
