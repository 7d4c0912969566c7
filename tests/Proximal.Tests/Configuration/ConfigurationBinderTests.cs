using NUnit.Framework;
using Proximal.Configuration;

namespace Proximal.Tests.Configuration;

public sealed class ConfigurationBinderTests
{
    private static readonly int[] ThreeAndFour = [3, 4];

    [Test]
    public void Keys_left_out_keep_the_records_defaults()
    {
        Recipe recipe = Parse("model: m");
        Assert.Multiple(() =>
        {
            Assert.That(recipe.MaxNewTokens, Is.EqualTo(64));
            Assert.That(recipe.Note, Is.EqualTo("none yet"));
            Assert.That(recipe.Watch, Is.EqualTo(new Watch("every", 2)));
            Assert.That(recipe.StopTokenIds, Is.EqualTo(new Recipe { Model = "m" }.StopTokenIds));
        });
    }

    [Test]
    public void Every_kind_of_value_binds()
    {
        Recipe recipe = Parse(
            """
            model: "m"
            note: 12
            max_new_tokens: 1e3
            seed: 18446744073709551615
            whiten: off
            dual_clip: infinity
            share: 1e-5
            target: off
            flavour: salty
            oven: {temperature: .5}
            watch:
              name: each
              every: 7
            stop_token_ids: [3, 4]
            spices:
              - type: pepper
                grind: 5
              - {type: herb, plant: thyme, weight: -2}
            weights: {a b: 1, c: 2.5}
            files: [x, /y]
            """);
        Assert.Multiple(() =>
        {
            Assert.That(recipe.Note, Is.EqualTo("12"));
            Assert.That(recipe.MaxNewTokens, Is.EqualTo(1000));
            Assert.That(recipe.Seed, Is.EqualTo(ulong.MaxValue));
            Assert.That(recipe.Whiten, Is.False);
            Assert.That(recipe.DualClip, Is.EqualTo(double.PositiveInfinity));
            Assert.That(recipe.Share, Is.EqualTo(1e-5f));
            Assert.That(recipe.Target, Is.Null);
            Assert.That(recipe.Flavour, Is.EqualTo(Flavour.Salty));
            Assert.That(recipe.Oven.Temperature, Is.EqualTo(0.5));
            Assert.That(recipe.Watch, Is.EqualTo(new Watch("each", 7, 0.5)));
            Assert.That(recipe.StopTokenIds, Is.EqualTo(ThreeAndFour));
            Assert.That(recipe.Spices, Is.EqualTo(new Spice[] { new Pepper { Grind = 5 }, new Herb { Plant = "thyme", Weight = -2 } }));
            Assert.That(recipe.Weights["a b"] + recipe.Weights["c"], Is.EqualTo(3.5));
            Assert.That(recipe.Files, Is.EqualTo(new[] { "/recipes/x", "/y" }));
        });
    }

    [TestCase("deep_sweet")]
    [TestCase("deep-sweet")]
    [TestCase("Deep_Sweet")]
    public void Enums_are_written_in_snake_case_or_with_dashes(string text) =>
        Assert.That(Parse($"model: m\nflavour: {text}").Flavour, Is.EqualTo(Flavour.DeepSweet));

    [TestCase("watch: off")]
    [TestCase("watch: none")]
    [TestCase("watch: null")]
    [TestCase("watch:")]
    public void What_may_be_null_can_be_switched_off(string line) =>
        Assert.That(Parse($"model: m\n{line}").Watch, Is.Null);

    [Test]
    public void Relative_paths_start_at_the_files_folder_and_those_of_overrides_at_the_current_one()
    {
        string here = Directory.GetCurrentDirectory();
        Assert.Multiple(() =>
        {
            Assert.That(Parse("model: ../m").Model, Is.EqualTo("/m"));
            Assert.That(Parse("model: m", "model=m").Model, Is.EqualTo(Path.Combine(here, "m")));
            Assert.That(Parse("model: m", "files[0]=f").Files, Is.EqualTo(new[] { Path.Combine(here, "f") }));
        });
    }

    [Test]
    public void Overrides_replace_add_index_and_append()
    {
        Recipe recipe = Parse(
            "model: m\nspices: [{type: pepper}, {type: herb, plant: thyme}]\n",
            "oven.temperature=0.25",
            "spices[1].weight=3",
            "spices.0.grind=9",
            "spices[2]={type: pepper}",
            "watch={name: x, every: 1}",
            "watch.every=4",
            "stop_token_ids=[3, 4]",
            "weights.new=7",
            "note=a=b");
        Assert.Multiple(() =>
        {
            Assert.That(recipe.Oven.Temperature, Is.EqualTo(0.25));
            Assert.That(
                recipe.Spices,
                Is.EqualTo(new Spice[] { new Pepper { Grind = 9 }, new Herb { Plant = "thyme", Weight = 3 }, new Pepper() }));
            Assert.That(recipe.Watch, Is.EqualTo(new Watch("x", 4)));
            Assert.That(recipe.StopTokenIds, Is.EqualTo(ThreeAndFour));
            Assert.That(recipe.Weights["new"], Is.EqualTo(7));
            Assert.That(recipe.Note, Is.EqualTo("a=b"));
        });
    }

    [Test]
    public void An_alias_stands_for_its_anchor() =>
        Assert.That(Parse("model: &m x\nnote: *m").Note, Is.EqualTo("x"));

    [TestCase("model: m\nmax_new_token: 3", "r.yaml:2:1: max_new_token: unknown key; did you mean 'max_new_tokens'?")]
    [TestCase("model: m\nzzzzzzzz: 3", "r.yaml:2:1: zzzzzzzz: unknown key; use one of: model, note, max_new_tokens")]
    [TestCase("model: m\noven: {temprature: 3}", "r.yaml:2:8: oven.temprature: unknown key; did you mean 'temperature'?")]
    [TestCase("note: m", "r.yaml:1:1: model: missing; add 'model:' with a text")]
    [TestCase("", "r.yaml:1:1: model: missing")]
    [TestCase("# nothing\n", "r.yaml:1:1: model: missing")]
    [TestCase("model:", "r.yaml:1:7: model: has no value")]
    [TestCase("model: [a]", "r.yaml:1:8: model: expected a text, got a list of 1")]
    [TestCase("model: m\nmax_new_tokens: many", "r.yaml:2:17: max_new_tokens: expected a whole number, got 'many'")]
    [TestCase("model: m\nmax_new_tokens: 1.5", "expected a whole number, got '1.5'")]
    [TestCase("model: m\nmax_new_tokens: 1e12", "expected a whole number from -2147483648 to 2147483647, got '1e12'")]
    [TestCase("model: m\nmax_new_tokens: '3'", "got the text '3'; remove the quotes")]
    [TestCase("model: m\nmax_new_tokens: 0", "r.yaml:2:17: max_new_tokens: expected a whole number of at least 1; got 0")]
    [TestCase("model: m\nmax_new_tokens: off", "max_new_tokens: expected a whole number, got 'off'")]
    [TestCase("model: m\ndual_clip: 1", "r.yaml:2:12: dual_clip: expected a number above 1; infinity switches it off; got 1")]
    [TestCase("model: m\ndual_clip: .nan", "dual_clip: expected a number, got '.nan'")]
    [TestCase("model: m\ndual_clip: 1e999", "dual_clip: expected a number, got '1e999'")]
    [TestCase("model: m\noven: {temperature: inf}", "r.yaml:2:21: oven.temperature: expected a finite number of at least 0; got .inf")]
    [TestCase("model: m\nwhiten: 1", "whiten: expected true or false, got '1'")]
    [TestCase("model: m\nflavour: swet", "flavour: expected one of salty, deep_sweet, got 'swet'")]
    [TestCase("model: m\nflavour: salti", "did you mean 'salty'?")]
    [TestCase("model: m\nseed: 1e-30", "seed: expected a whole number, got '1e-30'")]
    [TestCase("model: m\nseed: -1", "seed: expected a whole number from 0")]
    [TestCase("model: m\noven: hot", "r.yaml:2:7: oven: expected a mapping of keys and values, got 'hot'; its keys are temperature")]
    [TestCase("model: m\nwatch: {every: 3}", "r.yaml:2:8: watch.name: missing")]
    [TestCase("model: m\nspices: {type: pepper}", "spices: expected a list, got a mapping (keys: type)")]
    [TestCase("model: m\nspices:\n- grind: 3", "r.yaml:3:3: spices[0].type: missing; add 'type:' with one of pepper, herb")]
    [TestCase("model: m\nspices:\n- type: peper", "spices[0].type: expected one of pepper, herb, got 'peper'; did you mean 'pepper'?")]
    [TestCase("model: m\nspices:\n- type: herb", "spices[0].plant: missing")]
    [TestCase("model: m\nspices: [{type: herb, plant: x, grind: 1}]", "spices[0].grind: unknown key")]
    [TestCase("model: m\nstop_token_ids: 3", "stop_token_ids: expected a list, got '3'")]
    [TestCase("model: m\nstop_token_ids: [3, x]", "r.yaml:2:21: stop_token_ids[1]: expected a whole number")]
    [TestCase("model: m\ncallback: x", "callback: unknown key")]
    [TestCase("model: m\nderived: 3", "derived: unknown key")]
    [TestCase("- model", "r.yaml:1:1: expected a mapping of keys and values, got a list of 1")]
    [TestCase("model: a\nmodel: b", "r.yaml:2:1: model: given twice (first in line 1); keep one of them")]
    [TestCase("model: a\noven:\n\ttemperature: 1", "r.yaml:3:1: a tab in the indentation; indent with spaces")]
    [TestCase("model: [a", "not valid YAML")]
    [TestCase("model: 'a", "not valid YAML")]
    [TestCase("model: a\n  note: b", "r.yaml:2:")]
    [TestCase("model: a\n---\nmodel: b", "a second document")]
    [TestCase("model: !!str a", "the tag tag:yaml.org,2002:str is not used here; remove it")]
    [TestCase("model: *x", "r.yaml:1:8: the alias *x has no anchor before it")]
    [TestCase("? [a]\n: b", "a key that is not a word")]
    [TestCase("<<: {model: a}", "<<: unknown key")]
    public void A_mistake_is_named_with_place_and_fix(string yaml, string message) =>
        Assert.That(() => Parse(yaml), Throws.TypeOf<ConfigurationException>().With.Message.Contains(message));

    [TestCase("oven", "--set oven: expected KEY=VALUE")]
    [TestCase("=3", "--set =3: expected KEY=VALUE")]
    [TestCase("oven.temprature=3", "--set oven.temprature=3: oven.temprature: unknown key; did you mean 'temperature'?")]
    [TestCase("spices[3].weight=1", "spices: is a list of 0 and has no item '3'")]
    [TestCase("spices[99999999999].weight=1", "has no item '99999999999'")]
    [TestCase("max_new_tokens=x", "--set max_new_tokens=x: max_new_tokens: expected a whole number, got 'x'")]
    [TestCase("max_new_tokens=", "max_new_tokens: has no value")]
    [TestCase("max_new_tokens=0", "--set max_new_tokens=0: max_new_tokens: expected a whole number of at least 1")]
    [TestCase("note=[", "--set note=[: not valid YAML")]
    public void A_mistake_in_an_override_names_the_override(string text, string message)
    {
        var failure = Assert.Throws<ConfigurationException>(() => Parse("model: m", text));
        Assert.Multiple(() =>
        {
            Assert.That(failure.Message, Does.Contain(message));
            Assert.That(failure.IsOverride, Is.True);
        });
    }

    [Test]
    public void Place_and_key_are_properties_too()
    {
        var failure = Assert.Throws<ConfigurationException>(() => Parse("model: m\noven: {temperature: -1}"));
        Assert.That((failure.File, failure.Line, failure.Column, failure.Key), Is.EqualTo(("r.yaml", 2L, 21L, "oven.temperature")));
    }

    [Test]
    public void Aliases_cannot_grow_without_bound()
    {
        string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + string.Concat(Enumerable.Range(1, 12).Select(i =>
            $"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))}]\n"));
        Assert.That(
            () => Parse(bomb),
            Throws.TypeOf<ConfigurationException>().With.Message.Contains("once aliases are expanded"));
    }

    [Test]
    public void Deep_nesting_ends_with_a_message() =>
        Assert.That(
            () => Parse("model: " + new string('[', 100_000)),
            Throws.TypeOf<ConfigurationException>().With.Message.Contains("nested more than 32 deep"));

    [Test]
    public void A_very_long_key_is_refused_quickly() =>
        Assert.That(
            () => Parse($"{new string('k', 1000)}: 1"),
            Throws.TypeOf<ConfigurationException>().With.Message.Contains("unknown key"));

    private static Recipe Parse(string yaml, params string[] overrides) =>
        ConfigurationBinder.Parse<Recipe>(yaml, "r.yaml", "/recipes", overrides);
}
