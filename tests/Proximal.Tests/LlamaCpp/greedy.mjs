// What llama.cpp makes of a GGUF file. Standard input: {model, texts, prompts, count, control}; standard output: {texts, the ids of
// each text; greedy, for each prompt of ids the `count` likeliest continuations, each with its two best tokens and their
// probabilities; bos, eos, addBos; control, whether each of these ids is a control token}.
// Usage: node greedy.mjs FOLDER, where FOLDER/node_modules holds node-llama-cpp.
import {createRequire} from "node:module";
import {pathToFileURL} from "node:url";

const resolve = createRequire(process.argv[2] + "/").resolve;
const {getLlama, LlamaLogLevel} = await import(pathToFileURL(resolve("node-llama-cpp")));
const request = JSON.parse(await new Response(process.stdin).text());
const llama = await getLlama({gpu: false, build: "never", progressLogs: false, logLevel: LlamaLogLevel.error});
const model = await llama.loadModel({modelPath: request.model, gpuLayers: 0});
const context = await model.createContext({contextSize: request.context, threads: 1, batchSize: 64});
const sequence = context.getSequence();
const next = {generateNext: {token: true, probabilities: true, options: {temperature: 0}}};

async function continuation(prompt) {
  await sequence.clearHistory();
  const steps = [];
  let input = prompt.map((token, index) => (index + 1 === prompt.length ? [token, next] : token));
  while (steps.length < request.count) {
    const results = await sequence.controlledEvaluate(input);
    const step = results.filter((one) => one != null).at(-1).next;
    steps.push({token: step.token, top: [...step.probabilities].slice(0, 2)});
    input = [[step.token, next]];
  }
  return steps;
}

const answer = {
  texts: request.texts.map((text) => Array.from(model.tokenize(text, true, "trimLeadingSpace"))),
  greedy: [],
  bos: model.tokens.bos,
  eos: model.tokens.eos,
  addBos: model.tokens.shouldPrependBosToken,
  control: request.control.map((id) => model.isSpecialToken(id)),
};
for (const prompt of request.prompts) answer.greedy.push(await continuation(prompt));
process.stdout.write(JSON.stringify(answer));
process.exit(0);
