// How fast llama.cpp decodes and reads prompts, on the shapes of `./proximal bench --filter engine`.
// Usage: node decode.mjs FOLDER MODEL.gguf THREADS, where FOLDER/node_modules holds node-llama-cpp. Prints JSON: what llama.cpp
// says of the machine, and for each case the median seconds of a step.
import {createRequire} from "node:module";
import {pathToFileURL} from "node:url";

const [folder, path, threads] = process.argv.slice(2);
const resolve = createRequire(folder + "/").resolve;
const {getLlama, LlamaLogLevel} = await import(pathToFileURL(resolve("node-llama-cpp")));
const llama = await getLlama({gpu: false, build: "never", progressLogs: false, logLevel: LlamaLogLevel.error, maxThreads: Number(threads)});
const model = await llama.loadModel({modelPath: path, gpuLayers: 0});
const promptLength = 128, steps = 24, vocabulary = 49152;
const next = {generateNext: {token: true, options: {temperature: 0}}};

let state = 88172645463325252n;
function randomToken() {
  state ^= (state << 13n) & 0xffffffffffffffffn;
  state ^= state >> 7n;
  state ^= (state << 17n) & 0xffffffffffffffffn;
  return 100 + Number(state % BigInt(vocabulary - 100));
}

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

async function timed(work) {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

async function measure(count) {
  const context = await model.createContext({
    contextSize: 192, sequences: count, threads: Number(threads), batchSize: Math.max(512, count), flashAttention: true,
  });
  const sequences = Array.from({length: count}, () => context.getSequence());
  const prompts = sequences.map(() => Array.from({length: promptLength}, randomToken));
  const prefill = await timed(() => Promise.all(sequences.map((sequence, i) => sequence.evaluateWithoutGeneratingNewTokens(prompts[i]))));
  const seconds = [];
  for (let step = 0; step < steps; step++)
    seconds.push(await timed(() => Promise.all(sequences.map((sequence) => sequence.controlledEvaluate([[randomToken(), next]])))));
  await context.dispose();
  return {sequences: count, prefill, step: median(seconds.slice(2))};
}

const cases = [];
for (const count of [1, 8, 32, 64]) cases.push(await measure(count));
process.stdout.write(JSON.stringify({system: llama.systemInfo, cases}));
process.exit(0);
