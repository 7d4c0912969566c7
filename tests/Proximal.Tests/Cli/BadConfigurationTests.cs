using NUnit.Framework;

namespace Proximal.Tests.Cli;

/// <summary>Values that a YAML file may not have: the message names file, line, column and key, what was expected and what came.</summary>
public sealed class BadConfigurationTests
{
    private static readonly (string Command, string From, string To, string[] Says)[] Table =
    [
        // What every run has.
        ("sft", "threads: 1", "threads: 5000", ["run.yaml:6:10: threads: expected a whole number from 0 to ", "got 5000"]),
        ("sft", "threads: 1", "threads: -1", ["run.yaml:6:10: threads: expected a whole number from 0 to ", "got -1"]),
        ("sft", "threads: 1", "seed: -1", ["run.yaml:6:7: seed: expected a whole number from 0 to 18446744073709551615, got '-1'"]),
        ("sft", "threads: 1", "seed: one", ["run.yaml:6:7: seed: expected a whole number, got 'one'", "write it in digits"]),
        ("sft", "output: out", "output: ''", ["run.yaml:2:9: output: is no path", "write the name of a file or folder"]),
        ("sft", "model: model", "model:", ["run.yaml:1:7: model: has no value"]),
        ("sft", "threads: 1", "save_as: int4", ["run.yaml:6:10: save_as: expected one of float32, bfloat16, float16, got 'int4'"]),
        ("sft", "threads: 1", "overwrite: maybe", ["run.yaml:6:12: overwrite: expected true or false, got 'maybe'"]),
        ("sft", "{every: 1}", "{every: -1}", ["run.yaml:7:22: checkpoints.every: expected a whole number of at least 0; got -1"]),
        ("sft", "{every: 1}", "{keep_last: 0}", ["run.yaml:7:26: checkpoints.keep_last: expected a whole number of at least 1; got 0"]),
        ("sft", "{every: 1}", "{keep_best: {metric: ''}}", ["run.yaml:7:35: checkpoints.keep_best.metric: ", "name a curve such as validation/reward_mean"]),
        ("sft", "{every: 1}", "{keep_best: {}}", ["run.yaml:7:26: checkpoints.keep_best.metric: missing; add 'metric:'"]),
        ("sft", "{every: 1}", "{on_failure: ignore}", ["run.yaml:7:27: checkpoints.on_failure: expected one of stop, continue, got 'ignore'"]),
        ("sft", "{every: 1}", "3", ["run.yaml:7:14: checkpoints: expected a mapping", "its keys are every, keep_last, keep_best, on_failure"]),

        // Supervised runs.
        ("sft", "batch_size: 3", "batch_size: 0", ["run.yaml:5:30: sft.batch_size: expected a whole number of at least 1; got 0"]),
        ("sft", "batch_size: 3", "epochs_: 3", ["run.yaml:5:18: sft.epochs_: unknown key; did you mean 'epochs'?"]),
        ("sft", "batch_size: 3", "micro_batch_tokens: 0", ["run.yaml:5:38: sft.micro_batch_tokens: expected a whole number of at least 1; got 0"]),
        ("sft", "batch_size: 3", "patience: -2", ["run.yaml:5:28: sft.patience: expected a whole number of at least 0; got -2"]),
        ("sft", "batch_size: 3", "optimizer: {warmup_fraction: 2}", ["run.yaml:5:47: sft.optimizer.warmup_fraction: expected a number from 0 to 1; got 2"]),
        ("sft", "batch_size: 3", "optimizer: {learning_rate: -1}", ["run.yaml:5:45: sft.optimizer.learning_rate: expected a finite number of at least 0; got -1"]),
        ("sft", "batch_size: 3", "optimizer: {learning_rate: fast}", ["sft.optimizer.learning_rate: expected a number, got 'fast'", "write it as 0.5 or 1e-5"]),
        ("sft", "batch_size: 3", "optimizer: {schedule: quadratic}", ["sft.optimizer.schedule: expected one of linear, constant, cosine, got 'quadratic'"]),
        ("sft", "batch_size: 3", "optimizer: {adamw: {beta1: 1}}", ["run.yaml:5:45: sft.optimizer.adamw.beta1: expected a number strictly between 0 and 1; got 1"]),
        ("sft", "batch_size: 3", "optimizer: {adamw: {epsilon: 0}}", ["sft.optimizer.adamw.epsilon: expected a finite number above 0; got 0"]),
        ("sft", "batch_size: 3", "optimizer: {adamw: {weight_decay: -0.1}}", ["sft.optimizer.adamw.weight_decay: expected a finite number of at least 0; got -0.1"]),
        ("sft", "batch_size: 3", "optimizer: {adamw: {max_gradient_norm: 0}}", ["sft.optimizer.adamw.max_gradient_norm: expected a number above 0; infinity switches it off; got 0"]),
        ("sft", "path: rows.jsonl", "path: rows.jsonl, max_tokens: -1", ["run.yaml:3:38: data.max_tokens: ", "got -1"]),
        ("sft", "path: rows.jsonl", "path: rows.jsonl, too_long: shorten", ["data.too_long: expected one of refuse, drop, cut, got 'shorten'"]),
        ("sft", "path: rows.jsonl", "path: rows.jsonl, fields: {prompt: ''}", ["run.yaml:3:", "data.fields.prompt: ", "give it a value"]),
        ("sft", "path: rows.jsonl", "path: rows.jsonl, separator: [a]", ["data.separator: expected a text, got a list of 1"]),
        ("sft", "fraction: 0.25", "fraction: 0", ["run.yaml:4:24: validation.fraction: expected a number strictly between 0 and 1; got 0"]),
        ("rm", "batch_size: 3", "center_coefficient: .inf", ["run.yaml:5:37: rm.center_coefficient: expected a finite number of at least 0; got .inf"]),
        ("rm", "threads: 1", "normalization: {temperature: 0}", ["run.yaml:6:30: normalization.temperature: expected a finite number above 0; got 0"]),
        ("rm", "threads: 1", "normalization: {samples: 0}", ["normalization.samples: expected a whole number of at least 1; got 0"]),
        ("rm", "threads: 1", "normalization: {prompts: {path: p.txt, field: ''}}", ["normalization.prompts.field: ", "give it a value"]),
        ("rm", "threads: 1", "normalization: {prompts: p.txt}", ["run.yaml:6:26: normalization.prompts: expected a mapping", "its keys are path, sources, mixing, format"]),
        ("rm", "threads: 1", "normalization: {model: {}}", ["run.yaml:6:24: normalization.model: expected either a path"]),

        // PPO.
        ("ppo", "steps: 2", "steps: 0", ["run.yaml:5:14: ppo.steps: expected a whole number of at least 1; got 0"]),
        ("ppo", "steps: 2", "steps: 2, minibatches: 3", ["run.yaml:5:30: ppo.minibatches: expected a whole number from 1 to 2; got 3"]),
        ("ppo", "steps: 2", "steps: 2, critic_warmup_steps: 2", ["ppo.critic_warmup_steps: expected a whole number from 0 to 1; got 2"]),
        ("ppo", "steps: 2", "gamma: 1.5", ["run.yaml:5:14: ppo.gamma: expected a number from 0 to 1; got 1.5"]),
        ("ppo", "steps: 2", "lambda: -0.1", ["ppo.lambda: expected a number from 0 to 1; got -0.1"]),
        ("ppo", "steps: 2", "dual_clip: 1", ["ppo.dual_clip: expected a number above 1; infinity switches it off; got 1"]),
        ("ppo", "steps: 2", "value_clip: 0", ["ppo.value_clip: expected a number above 0; infinity switches it off; got 0"]),
        ("ppo", "steps: 2", "reward_clip: -1", ["ppo.reward_clip: expected a number above 0; infinity switches it off; got -1"]),
        ("ppo", "steps: 2", "entropy_coefficient: .inf", ["ppo.entropy_coefficient: expected a finite number; got .inf"]),
        ("ppo", "steps: 2", "reduction: fixed", ["ppo.reduction: expected one of token_mean, ", "got 'fixed'"]),
        ("ppo", "steps: 2", "ema: {decay: 1}", ["run.yaml:5:20: ppo.ema.decay: expected a number strictly between 0 and 1; got 1"]),
        ("ppo", "steps: 2", "ema: true", ["run.yaml:5:12: ppo.ema: expected a mapping", "its keys are decay"]),
        ("ppo", "steps: 2", "kl: {adaptive: true, coefficient: 0}", ["ppo.kl.coefficient: the adaptive controller multiplies the coefficient: expected a number above 0; got 0"]),
        ("ppo", "steps: 2", "kl: {target: 0}", ["ppo.kl.target: expected a finite number above 0; got 0"]),
        ("ppo", "steps: 2", "kl: {estimator: k4}", ["ppo.kl.estimator: expected one of k1, k2, k3, got 'k4'"]),
        ("ppo", "steps: 2", "sampling: {temperature: 0}", ["run.yaml:5:31: ppo.sampling.temperature: expected a finite number above 0; got 0"]),
        ("ppo", "steps: 2", "sampling: {top_p: 0}", ["ppo.sampling.top_p: expected a number above 0 and at most 1; got 0"]),
        ("ppo", "steps: 2", "sampling: {top_k: -1}", ["ppo.sampling.top_k: expected a whole number of at least 0; got -1"]),
        ("ppo", "steps: 2", "stop_token_ids: [end]", ["run.yaml:5:24: ppo.stop_token_ids[0]: expected a whole number, got 'end'"]),
        ("ppo", "steps: 2", "stop_token_ids: 1", ["ppo.stop_token_ids: expected a list, got '1'", "write it as [a, b]"]),
        ("ppo", "steps: 2", "critic: {adamw: {beta2: 0}}", ["run.yaml:5:31: ppo.critic.adamw.beta2: expected a number strictly between 0 and 1; got 0"]),
        ("ppo", "threads: 1", "critic_from: reward_model", ["run.yaml:6:14: critic_from: ", "no reward is of type model: add one"]),
        ("ppo", "threads: 1", "ptx: {path: rows.jsonl, coefficient: 0}", ["run.yaml:6:38: ptx.coefficient: expected a finite number above 0; got 0"]),
        ("ppo", "threads: 1", "validation: {prompts: prompts.jsonl, samples: 0}", ["run.yaml:6:47: validation.samples: expected a whole number of at least 1; got 0"]),
        ("ppo", "threads: 1", "validation: {prompts: prompts.jsonl, every: 0}", ["validation.every: expected a whole number of at least 1; got 0"]),
        ("ppo", "threads: 1", "samples_every: -1", ["run.yaml:6:16: samples_every: expected a whole number of at least 0; got -1"]),
        ("ppo", "path: prompts.jsonl", "path: prompts.jsonl, field: ' '", ["run.yaml:3:", "prompts.field: ", "give it a value"]),

        // Rewards.
        ("ppo", "[{type: repetition}]", "{type: repetition}", ["run.yaml:4:10: rewards: expected a list", "with a dash before each item"]),
        ("ppo", "{type: repetition}", "repetition", ["run.yaml:4:11: rewards[0]: expected a mapping", "start with 'type:' and one of model, lexicon"]),
        ("ppo", "{type: repetition}", "{weight: 2}", ["rewards[0].type: missing; add 'type:' with one of model, lexicon"]),
        ("ppo", "{type: repetition}", "{type: repetition, target: 3}", ["rewards[0].target: unknown key; use one of: name, weight, n"]),
        ("ppo", "{type: repetition}", "{type: repetition, n: 0}", ["run.yaml:4:33: rewards[0].n: ", "got 0"]),
        ("ppo", "{type: repetition}", "{type: repetition, weight: .inf}", ["run.yaml:4:38: rewards[0].weight: expected a finite number; got .inf"]),
        ("ppo", "{type: repetition}", "{type: length, target: 0}", ["rewards[0].target: ", "got 0"]),
        ("ppo", "{type: repetition}", "{type: overlong, maximum: 3}", ["rewards[0].buffer: missing; add 'buffer:' with a whole number"]),
        ("ppo", "{type: repetition}", "{type: format, pattern: '('}", ["run.yaml:4:35: rewards[0].pattern: "]),
        ("ppo", "{type: repetition}", "{type: format, pattern: '(?=a)b'}", ["rewards[0].pattern: ", "lookaround"]),
        ("ppo", "{type: repetition}", "{type: exact_answer, pattern: '['}", ["rewards[0].pattern: "]),
        ("ppo", "{type: repetition}", "{type: http}", ["rewards[0].url: missing; add 'url:' with a text"]),
        ("ppo", "{type: repetition}", "{type: http, url: 'ftp://localhost/'}", ["run.yaml:4:29: rewards[0].url: ", "http"]),
        ("ppo", "{type: repetition}", "{type: http, url: 'http://me:secret@localhost/'}", ["rewards[0].url: ", "environment variable"]),
        ("ppo", "{type: repetition}", "{type: http, url: 'http://localhost/', timeout_seconds: 0}", ["rewards[0].timeout_seconds: expected seconds from 0.01 to 86400; got 0"]),
        ("ppo", "{type: repetition}", "{type: http, url: 'http://localhost/', headers: [a]}", ["rewards[0].headers: expected a mapping of names and values, got a list of 1"]),
        ("ppo", "{type: repetition}", "{type: http, url: 'http://localhost/', on_failure: use_value, failure_value: .inf}", ["rewards[0].failure_value: ", "finite"]),
        ("ppo", "{type: repetition}", "{type: http, url: 'http://localhost/', headers: {Authorization: PROXIMAL_TEST_NOT_SET}}", ["PROXIMAL_TEST_NOT_SET", "not set"]),
        ("ppo", "{type: repetition}", "{type: repetition, name: 'a b'}", ["a b"]),
        ("ppo", "{type: repetition}", "{type: repetition}, {type: repetition}", ["repetition", "name"]),
        ("ppo", "{type: repetition}", "{type: model, path: model}", ["model has no reward_normalization.json", "proximal rm"]),
        ("ppo", "{type: repetition}", "{type: model, path: model, normalize: off}", ["model has no scalar head", "name a reward model"]),

        // Evaluation.
        ("eval", "samples: 1", "resamples: 0", ["run.yaml:5:25: evaluation.resamples: expected a whole number of at least 1; got 0"]),
        ("eval", "samples: 1", "sampling: {min_p: 2}", ["evaluation.sampling.min_p: expected a number from 0 to 1; got 2"]),
        ("eval", "samples: 1", "toxicity_sample: 1", ["evaluation.toxicity_sample: unknown key; did you mean 'toxicity_samples'?"]),
        ("eval", "threads: 1", "judge: {type: modell, path: model}", ["run.yaml:6:15: judge.type: expected one of model, ", "did you mean 'model'?"]),
        ("eval", "threads: 1", "judge: model", ["run.yaml:6:8: judge: expected a mapping", "start with 'type:'"]),
        ("eval", "{type: length}", "{type: length, target: -3}", ["rewards[0].target: ", "got -3"]),
        ("eval", "baseline: model", "baseline: ''", ["run.yaml:1:11: baseline: is no path"]),
        ("eval", "path: prompts.jsonl", "path: prompts.jsonl, field: ''", ["prompts.field: ", "give it a value"]),
    ];

    private static IEnumerable<TestCaseData> Cases => Table.Select(row =>
        new TestCaseData(row.Command, row.From, row.To, row.Says).SetArgDisplayNames(row.Command, row.To));

    [TestCaseSource(nameof(Cases))]
    public void A_bad_value_is_named_with_its_place(string command, string from, string to, string[] says)
    {
        using TinyFolder folder = BadRun.CreateFolder();
        BadRun.Check(new BadInput(to, 3, tiny => BadRun.With(tiny, command, from, to), says), folder);
    }
}
