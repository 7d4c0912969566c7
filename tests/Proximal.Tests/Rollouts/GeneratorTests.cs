using System.Runtime.CompilerServices;
using NUnit.Framework;
using Proximal.Models;
using Proximal.Rollouts;
using Proximal.Tests.Interop;
using Proximal.Tests.Models;
using Proximal.Training;

namespace Proximal.Tests.Rollouts;

public sealed class GeneratorTests
{
    private const int Vocabulary = 37;
    private const int Context = 2048;
    private const int Endless = Context; // tokens: seconds of work

    private TemporaryFolder _folder = null!;
    private Engine _engine = null!;
    private LanguageModel _model = null!;
    private string _path = null!;

    [OneTimeSetUp]
    public void MakeModel()
    {
        _folder = new TemporaryFolder();
        _path = new TinyModel { Vocabulary = Vocabulary, Hidden = 16, Context = Context }.Write(_folder["model"]);
        _engine = new Engine(new EngineOptions { Threads = 1 });
        _model = LanguageModel.Load(_engine, _path);
    }

    [OneTimeTearDown]
    public void Clean()
    {
        _model.Dispose();
        _engine.Dispose();
        _folder.Dispose();
    }

    [Test]
    public void Responses_come_in_the_order_of_the_requests_with_the_log_probs_of_scoring()
    {
        using var generator = new Generator(_model, new GeneratorOptions { MaxBatch = 5, Seed = 3 });
        List<GenerationRequest> requests = Requests(20, maxNewTokens: 12, temperature: 0.8);
        var progress = new LastProgress();
        IReadOnlyList<Generation> generations = generator.Generate(requests, progress);
        Assert.That(generations.Select(generation => generation.SampleId), Is.EqualTo(requests.Select(request => request.SampleId)));
        Assert.That(progress.Last, Is.EqualTo(new GenerationProgress(20, 20, 20 * 12)));

        PackedBatch batch = PackedBatch.Pack([.. generations.Select(generation => (int[])[.. generation.Prompt, .. generation.Tokens])]);
        ModelScores scored = _model.Score(batch, ScoreOutputs.LogProbs | ScoreOutputs.Entropies, temperature: 0.8);
        Assert.Multiple(() =>
        {
            for (int s = 0; s < generations.Count; s++)
            {
                Assert.That(generations[s].FinishReason, Is.EqualTo(FinishReason.Length));
                Range response = ((int)batch.Offsets[s] + generations[s].Prompt.Length)..(int)batch.Offsets[s + 1];
                Assert.That(generations[s].LogProbs, Is.EqualTo(scored.LogProbs[response]));
                Assert.That(generations[s].Entropies, Is.EqualTo(scored.Entropies[response]));
            }
        });
    }

    [Test]
    public void Responses_pause_where_the_cache_ends_and_are_the_same()
    {
        List<GenerationRequest> requests = Requests(6, maxNewTokens: 150);
        using var roomy = new Generator(_model);
        using var alone = new Generator(_model, new GeneratorOptions { MaxBatch = 1 });
        IReadOnlyList<Generation> expected = roomy.Generate(requests);
        alone.Generate(requests[..1]);
        long needed = alone.Counts.CacheBytes;
        using var tight = new Generator(_model, new GeneratorOptions { CacheBytes = 2 * needed });
        IReadOnlyList<Generation> got = tight.Generate(requests);
        GeneratorCounts counts = tight.Counts;
        Assert.Multiple(() =>
        {
            Assert.That(got.Select(generation => generation.Tokens), Is.EqualTo(expected.Select(generation => generation.Tokens)));
            Assert.That(got.Select(generation => generation.LogProbs), Is.EqualTo(expected.Select(generation => generation.LogProbs)));
            Assert.That(counts.DrawnTokens, Is.EqualTo(6 * 150));
            Assert.That(counts.Pauses, Is.Positive);
            Assert.That(counts.CacheBytes, Is.LessThanOrEqualTo(2 * needed));
            Assert.That(roomy.Counts.Pauses, Is.Zero);
            Assert.That(
                () => tight.Generate([requests[0] with { MaxNewTokens = 1000 }]),
                Throws.InstanceOf<ArgumentException>().With.Message.Contains("cache_bytes"));
        });
    }

    [Test]
    public void Samples_of_one_prompt_compute_it_once()
    {
        int[] prompt = [.. Enumerable.Range(0, 100).Select(i => i % Vocabulary)];
        using var generator = new Generator(_model);
        generator.Generate(
            [.. Enumerable.Range(0, 8).Select(i => new GenerationRequest { SampleId = (ulong)i, Prompt = prompt, MaxNewTokens = 1 })]);
        Assert.That(generator.Counts, Is.EqualTo(new GeneratorCounts(1, 8, 100, 700, 0, generator.Counts.CacheBytes)));
    }

    [Test]
    public void What_is_drawn_depends_on_seed_and_id_only()
    {
        List<GenerationRequest> requests = Requests(12, maxNewTokens: 10);
        string[] Draw(int maxBatch, ulong seed, IEnumerable<GenerationRequest> order)
        {
            using var generator = new Generator(_model, new GeneratorOptions { MaxBatch = maxBatch, Seed = seed });
            return [.. generator.Generate([.. order]).OrderBy(generation => generation.SampleId).Select(generation => string.Join(' ', generation.Tokens))];
        }

        string[] expected = Draw(64, 1, requests);
        Assert.Multiple(() =>
        {
            Assert.That(Draw(1, 1, requests), Is.EqualTo(expected));
            Assert.That(Draw(3, 1, requests.AsEnumerable().Reverse()), Is.EqualTo(expected));
            Assert.That(Draw(64, 2, requests), Is.Not.EqualTo(expected));
        });
    }

    [Test]
    public async Task Ten_concurrent_callers_get_what_they_would_get_alone()
    {
        List<GenerationRequest> requests = Requests(80, maxNewTokens: 8);
        Generation[] alone;
        using (var generator = new Generator(_model))
        {
            alone = [.. requests.Select(request => generator.Generate([request])[0])];
        }

        using (var generator = new Generator(_model, new GeneratorOptions { MaxBatch = 7 }))
        {
            Generation[][] together = await Task.WhenAll(requests.Chunk(8).Select(chunk => Task.Run(
                async () => await Task.WhenAll(chunk.Select(request => generator.GenerateAsync(request))))));
            Assert.That(
                together.SelectMany(generations => generations).Select(generation => generation.Tokens),
                Is.EqualTo(alone.Select(generation => generation.Tokens)));
        }
    }

    [Test]
    public void Greedy_takes_the_most_probable_token_and_a_stop_token_is_the_last()
    {
        using var generator = new Generator(_model);
        var request = new GenerationRequest
        {
            SampleId = 1, Prompt = [3, 4], MaxNewTokens = 8, Sampling = new SamplingOptions { Temperature = 0 },
        };
        Generation greedy = generator.Generate([request])[0];
        PackedBatch candidates = PackedBatch.Pack([.. Enumerable.Range(0, Vocabulary).Select(token => (int[])[3, 4, token])]);
        float[] logProbs = _model.Score(candidates, ScoreOutputs.LogProbs).LogProbs;
        Assert.That(greedy.Tokens[0], Is.EqualTo(Enumerable.Range(0, Vocabulary).MaxBy(token => logProbs[(3 * token) + 2])));

        int stop = greedy.Tokens[3];
        Generation stopped = generator.Generate([request with { StopTokens = [stop] }])[0];
        Assert.Multiple(() =>
        {
            Assert.That(stopped.FinishReason, Is.EqualTo(FinishReason.Stop));
            Assert.That(stopped.Tokens, Is.EqualTo(greedy.Tokens[..(Array.IndexOf(greedy.Tokens, stop) + 1)]));
        });
    }

    [Test]
    public async Task A_cancelled_response_ends_and_the_others_go_on()
    {
        using var generator = new Generator(_model);
        using var cancellation = new CancellationTokenSource();
        Task<Generation> cancelled = generator.GenerateAsync(Request(1, Endless), cancellation.Token);
        Task<Generation> other = generator.GenerateAsync(Request(2, 20), CancellationToken.None);
        await cancellation.CancelAsync();
        Assert.That(async () => await cancelled, Throws.InstanceOf<OperationCanceledException>());
        Assert.That((await other).Tokens, Has.Length.EqualTo(20));
        Assert.That(cancelled.IsCanceled);
        Assert.That(
            async () => await generator.GenerateAsync(Request(3, 5), cancellation.Token),
            Throws.InstanceOf<OperationCanceledException>(),
            "cancelled before it starts");
        Assert.That((await generator.GenerateAsync(Request(1, 3))).Tokens, Has.Length.EqualTo(3), "the id is free");
    }

    [Test]
    public void A_cancelled_batch_leaves_nothing_under_way()
    {
        using LanguageModel model = LanguageModel.Load(_engine, _path);
        using var generator = new Generator(model, new GeneratorOptions { MaxBatch = 4 });
        using var trainer = new Trainer(model);
        for (int i = 0; i < 5; i++)
        {
            using var cancellation = new CancellationTokenSource(TimeSpan.FromMilliseconds(5 * i));
            Assert.That(
                () => generator.Generate(Requests(20, Endless), cancellationToken: cancellation.Token),
                Throws.InstanceOf<OperationCanceledException>());
            Assert.That(() => trainer.Step(0), Throws.Nothing);
        }
    }

    [Test]
    public void Disposal_ends_what_runs_with_object_disposed()
    {
        var generator = new Generator(_model, new GeneratorOptions { MaxBatch = 2 });
        Task<Generation>[] running = [.. Requests(6, Endless).Select(request => generator.GenerateAsync(request))];
        generator.Dispose();
        generator.Dispose();
        Assert.Multiple(() =>
        {
            foreach (Task<Generation> task in running)
            {
                Assert.That(async () => await task, Throws.InstanceOf<ObjectDisposedException>());
            }

            Assert.That(() => generator.Generate([Request(1, 1)]), Throws.InstanceOf<ObjectDisposedException>());
        });
    }

    [Test]
    public async Task A_stream_hands_out_the_tokens_of_the_response()
    {
        using var generator = new Generator(_model);
        Generation expected = await generator.GenerateAsync(Request(5, 9));
        var tokens = new List<GeneratedToken>();
        await foreach (GeneratedToken token in generator.StreamAsync(Request(5, 9)))
        {
            tokens.Add(token);
        }

        Assert.Multiple(() =>
        {
            Assert.That(tokens.Select(token => token.Token), Is.EqualTo(expected.Tokens));
            Assert.That(tokens.Select(token => token.Index), Is.EqualTo(Enumerable.Range(0, 9)));
            Assert.That(tokens.Select(token => token.FinishReason), Is.EqualTo(
                Enumerable.Repeat(FinishReason.None, 8).Append(FinishReason.Length)));
        });
    }

    [Test]
    public async Task Leaving_a_stream_early_ends_the_response()
    {
        using LanguageModel model = LanguageModel.Load(_engine, _path);
        using var generator = new Generator(model);
        using var trainer = new Trainer(model);
        for (int i = 0; i < 3; i++)
        {
            await foreach (GeneratedToken token in generator.StreamAsync(Request(5, Endless)))
            {
                if (token.Index == 2)
                {
                    break;
                }
            }

            Assert.That(() => trainer.Step(0), Throws.Nothing, "nothing is unfinished");
        }
    }

    [Test]
    public void A_cancelled_stream_throws()
    {
        using var generator = new Generator(_model);
        using var cancellation = new CancellationTokenSource();
        int seen = 0;
        Assert.That(
            async () =>
            {
                await foreach (GeneratedToken token in generator.StreamAsync(Request(5, Endless), cancellation.Token))
                {
                    seen++;
                    if (token.Index == 2)
                    {
                        await cancellation.CancelAsync();
                    }
                }
            },
            Throws.InstanceOf<OperationCanceledException>());
        Assert.That(seen, Is.EqualTo(3));
    }

    [Test]
    public async Task An_id_in_use_is_refused_and_the_first_goes_on()
    {
        using var generator = new Generator(_model);
        Task<Generation> first = generator.GenerateAsync(Request(8, 200));
        Assert.That(
            async () => await generator.GenerateAsync(Request(8, 5)), Throws.ArgumentException.With.Message.Contains("Sample id 8"));
        Assert.That(
            () => generator.Generate([Request(9, 200), Request(10, 200), Request(9, 200)]),
            Throws.ArgumentException.With.Message.Contains("Sample id 9"));
        Assert.That((await first).Tokens, Has.Length.EqualTo(200));
        Assert.That(generator.Generate([Request(9, 2), Request(10, 2)]), Has.Count.EqualTo(2));
    }

    [Test]
    public void Requests_that_do_not_fit_are_refused_in_managed_code()
    {
        using var generator = new Generator(_model);
        using LanguageModel scalar = LanguageModel.Load(_engine, _path, ModelHead.Scalar, HeadInitialization.Zero);
        GenerationRequest request = Request(1, 4);
        void Refused(GenerationRequest bad, string what) =>
            Assert.That(() => generator.Generate([bad]), Throws.InstanceOf<ArgumentException>().With.Message.Contains(what), what);
        Assert.Multiple(() =>
        {
            Refused(request with { Prompt = [] }, "has 0 tokens");
            Refused(request with { Prompt = new int[Context] }, $"has {Context} tokens; expected 1 to {Context - 1}");
            Refused(request with { Prompt = [1, Vocabulary] }, $"token {Vocabulary} at place 1");
            Refused(request with { MaxNewTokens = 0 }, "MaxNewTokens");
            Refused(request with { Sampling = new SamplingOptions { Temperature = -1 } }, "Temperature");
            Refused(request with { Sampling = new SamplingOptions { TopP = 0 } }, "TopP");
            Refused(request with { Sampling = new SamplingOptions { TopK = -1 } }, "TopK");
            Refused(request with { Sampling = new SamplingOptions { MinP = 2 } }, "MinP");
            Refused(request with { StopTokens = [-4] }, "stop_tokens[0]");
            Assert.That(() => new Generator(scalar), Throws.ArgumentException.With.Message.Contains("language-model head"));
            Assert.That(() => new Generator(_model, new GeneratorOptions { MaxBatch = 0 }), Throws.InstanceOf<ArgumentException>());
            Assert.That(() => new Generator(_model, new GeneratorOptions { CacheBytes = -1 }), Throws.InstanceOf<ArgumentException>());
            Assert.That(generator.Generate([]), Is.Empty);
        });
    }

    [Test]
    public void Logits_that_are_not_finite_fail_the_response_and_cancel_its_batch()
    {
        using LanguageModel model = LanguageModel.Load(_engine, _path);
        float[] huge = model.ReadTensor("model.norm.weight");
        Array.Fill(huge, float.MaxValue);
        model.WriteTensor("model.norm.weight", huge);
        using var generator = new Generator(model);
        Assert.That(
            () => generator.Generate(Requests(3, 5)),
            Throws.InstanceOf<ProximalException>()
                .With.Property(nameof(ProximalException.Status)).EqualTo(ProximalStatus.NotFinite)
                .And.Message.Contains("not finite"));
        using var trainer = new Trainer(model);
        Assert.That(() => trainer.Step(0), Throws.Nothing, "nothing is unfinished");
    }

    [TestCase("engine", "model", "generator")]
    [TestCase("engine", "generator", "model")]
    [TestCase("model", "engine", "generator")]
    [TestCase("model", "generator", "engine")]
    [TestCase("generator", "engine", "model")]
    [TestCase("generator", "model", "engine")]
    public void The_order_of_disposal_is_free_and_twice_is_once(params string[] order)
    {
        var engine = new Engine(new EngineOptions { Threads = 1 });
        LanguageModel model = LanguageModel.Load(engine, _path);
        var generator = new Generator(model);
        var objects = new Dictionary<string, IDisposable> { ["engine"] = engine, ["model"] = model, ["generator"] = generator };
        Task<Generation> running = generator.GenerateAsync(Request(1, Endless));
        bool generates = true;
        foreach (string name in order)
        {
            objects[name].Dispose();
            objects[name].Dispose();
            generates &= name != "generator";
            if (generates)
            {
                Assert.That(generator.Generate([Request(2, 3)])[0].Tokens, Has.Length.EqualTo(3));
            }
        }

        Assert.That(async () => await running, Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public void Garbage_collection_does_not_disturb_generation_and_finalises_abandoned_generators()
    {
        IReadOnlyDictionary<string, long> before = Engine.LiveHandles();
        using (var generator = new Generator(_model))
        {
            Task<Generation>[] running = [.. Requests(16, 100).Select(request => generator.GenerateAsync(request))];
            for (int i = 0; i < 20; i++)
            {
                Abandon();
                GC.Collect();
            }

            Task.WaitAll(running);
            Assert.That(running.Select(task => task.Result.Tokens.Length), Is.All.EqualTo(100));
        }

        LifetimeTests.Collect();
        Assert.That(NoLeakedHandlesAttribute.Leaks(before), Is.Empty);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Abandon()
    {
        var generator = new Generator(_model);
        Assert.That(generator.Generate([Request(1, 2)]), Has.Count.EqualTo(1));
    }

    private static GenerationRequest Request(ulong id, int maxNewTokens) =>
        new() { SampleId = id, Prompt = [1, 2, 3], MaxNewTokens = maxNewTokens };

    private static List<GenerationRequest> Requests(int count, int maxNewTokens, double temperature = 1)
    {
        var random = new Random(count);
        return
        [
            .. Enumerable.Range(0, count).Select(i => new GenerationRequest
            {
                SampleId = (ulong)(100 + i),
                Prompt = [.. Enumerable.Range(0, 1 + random.Next(8)).Select(_ => random.Next(Vocabulary))],
                MaxNewTokens = maxNewTokens,
                Sampling = new SamplingOptions { Temperature = temperature },
            }),
        ];
    }

    /// <summary>Remembers the last report; called on the reporting thread.</summary>
    private sealed class LastProgress : IProgress<GenerationProgress>
    {
        public GenerationProgress Last { get; private set; }

        public void Report(GenerationProgress value) => Last = value;
    }
}
