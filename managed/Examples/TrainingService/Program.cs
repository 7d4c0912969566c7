using Microsoft.AspNetCore.Http.HttpResults;
using Proximal.DependencyInjection;
using Proximal.WarmStories;
using TrainingService;

WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
TrainingOptions training = builder.Configuration.GetSection(TrainingOptions.Section).Get<TrainingOptions>() ?? new TrainingOptions();
string model = WarmStoriesModel.WriteTo(Path.Combine(training.Folder, "base"));

// The library: one engine, one model and its generator for all callers. Its options: section "Proximal".
builder.Services.Configure<ProximalOptions>(builder.Configuration.GetSection(ProximalOptions.Section));
builder.Services.AddProximal().AddModel(StoryTeller.BaseModel, options => options.Path = model);

// The service: a training run in the background, what it says, and stories.
builder.Services.AddSingleton(training);
builder.Services.AddSingleton<TrainingFeed>();
builder.Services.AddSingleton<StoryTeller>();
builder.Services.AddHostedService<TrainingJob>();
builder.Services.AddHealthChecks().AddCheck<TrainingHealth>("training");

// Time to finish a micro-batch and write a checkpoint before the process ends.
builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromMinutes(1));
builder.Services.AddProblemDetails();

WebApplication app = builder.Build();
app.UseExceptionHandler();
app.UseStatusCodePages();
app.MapHealthChecks("/health");

// Every committed step, from the first one on, and then live: `curl -N http://localhost:5000/metrics`.
app.MapGet("/metrics", (TrainingFeed feed, CancellationToken cancellationToken) =>
    TypedResults.ServerSentEvents(feed.ReadAsync(cancellationToken), eventType: "step"));

app.MapPost("/generate", async Task<Results<Ok<Story>, ValidationProblem>> (
    StoryRequest request, StoryTeller teller, CancellationToken cancellationToken) =>
    teller.Validate(request) is { Count: > 0 } errors
        ? TypedResults.ValidationProblem(errors)
        : TypedResults.Ok(await teller.TellAsync(request, cancellationToken)));

await app.RunAsync();
