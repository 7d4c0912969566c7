using Proximal;
using Proximal.Data;
using Proximal.Models;
using Proximal.Rewards;
using Proximal.Rollouts;
using Proximal.Tokenization;
using Proximal.Training;
using Proximal.Training.Ppo;
using Proximal.WarmStories;

// The reward is any function of a response. This one wants stories in which somebody is kind.
string[] kind = ["hug", "smile", "help", "thank", "kind", "love", "share", "friend"];
double Kindness(string story) => Math.Min(4, kind.Count(word => story.Contains(word, StringComparison.OrdinalIgnoreCase)));

// A model: any Llama-family, Qwen or GPT-2 folder. This small one comes with the library.
string folder = WarmStoriesModel.WriteTo(Path.Combine(Path.GetTempPath(), "warm-stories"));
var tokenizer = Tokenizer.Load(folder);
using var engine = new Engine();
using LanguageModel model = LanguageModel.Load(engine, folder);

var options = new PpoOptions
{
    Steps = args is [var steps, ..] ? int.Parse(steps, null) : 20,
    MaxNewTokens = 48,
    MissingEndPenalty = 0, // the first 48 tokens of a story are enough here
    Actor = new OptimizerOptions { LearningRate = 1e-3 },
    Critic = new OptimizerOptions { LearningRate = 1e-3 },
};
IReadOnlyList<Prompt> prompts = PromptEncoder.Encode(
    [new Prompt { Text = "One day, a little girl" }, new Prompt { Text = "Tom saw a sad bird" }, new Prompt { Text = "Mia dropped her cup" }],
    tokenizer, model.Info.ContextLength, options.MaxNewTokens);
var reward = new DelegateReward("kindness", row => Kindness(row.ResponseText));
using var trainer = new PpoTrainer(new PpoSetup { Actor = model, Reward = reward, Prompts = prompts, Tokenizer = tokenizer, Options = options });

Console.WriteLine($"before: {Tell()}");
await foreach (PpoStep step in trainer.RunAsync())
{
    Console.WriteLine($"step {step.Step}: reward {step.Metrics["objective/scores"]:0.00}, KL {step.Metrics["objective/kl"]:0.0} nats");
}

Console.WriteLine($"after: {Tell()}");

// The mean reward of 60 stories, drawn with the same random numbers each time, and the first of them.
string Tell()
{
    using var generator = new Generator(model);
    string[] stories = [.. generator.Generate([.. Enumerable.Range(0, 60).Select(Request)]).Select(story => tokenizer.Decode(story.Tokens))];
    return $"reward {stories.Average(Kindness):0.00}\n  {prompts[0].Text}{stories[0]}";
}

GenerationRequest Request(int i) => new()
{
    SampleId = (ulong)i,
    Prompt = prompts[i % prompts.Count].Tokens,
    MaxNewTokens = options.MaxNewTokens,
    StopTokens = trainer.StopTokenIds,
};
