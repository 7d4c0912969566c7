#!/bin/bash
# Makes the demo's base model from nothing: samples stories, trains the tokenizer, pretrains, measures. Everything lies in
# runs/base-model; what is there already is not made again, and a pretraining that was interrupted goes on.
#
#   bench/base-model/reproduce.sh [DATA]      DATA: the folder with stories260K and tinystories, default ../shared/data
#
# The stages have fixed numbers of threads, so machines of one kind make the same bits.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
data=$(cd "${1:-$root/../shared/data}" && pwd)
out=$root/runs/base-model
teacher=$data/stories260K/hf
stories=$data/tinystories/tinystories_1000.json
mkdir -p "$out"
cd "$out"
proximal() { "$root/proximal" "$@"; }

# 1. The 632 stories that may be learned: those of prompts_train.jsonl below 900. Every twentieth is held out to watch the training.
jq -c --slurpfile index <(jq -c '.story | select(. < 900)' "$data/tinystories/prompts_train.jsonl") \
  '. as $all | $index[] | {text: $all[.]}' "$stories" > real.jsonl
awk 'NR % 20 != 7' real.jsonl > stories.jsonl
awk 'NR % 20 == 7' real.jsonl > held-out.jsonl

# 2. 24,000 stories of stories260K at temperature 1, from the begin token alone. Those that the context cut have no end, and an
# empty one is none.
if [ ! -f sampled.jsonl ]; then
  seq 0 23999 | jq -c '{id: ., tokens: [1]}' > begin.jsonl
  proximal generate --model "$teacher" --input begin.jsonl --output sampled-raw.jsonl \
    --temperature 1 --seed 1 --max-new-tokens 511 --max-batch 256 --threads 1
  jq -c 'select(.finish_reason == "stop" and .text != "") | {text}' sampled-raw.jsonl > sampled.tmp
  mv sampled.tmp sampled.jsonl
fi

# 3. The tokenizer.
[ -f tokenizer/tokenizer.json ] ||
  proximal tokenizer train real.jsonl sampled.jsonl --output tokenizer --vocab-size 1024 --bos '<s>' --eos '</s>' --add-bos

# 4. The model, in bf16.
proximal pretrain --config "$here/pretrain.yaml" --resume

# 5. Nats per character on the stories 900 to 999, each cut at 800 characters: of the model and of its teacher.
jq -c '.[900:1000][] | {text: .[0:800]}' "$stories" > test.jsonl
nats() {
  proximal score --model "$1" --input test.jsonl --output scores.jsonl --threads 1
  jq -n --slurpfile texts test.jsonl --slurpfile scores scores.jsonl \
    '-([$scores[].sum_logprob] | add) / ([$texts[].text | length] | add)'
}
echo "stories260K:    $(nats "$teacher") nats per character"
echo "the base model: $(nats "$out/run/model") nats per character, in $out/run/model"
sha256sum run/model/model.safetensors run/model/tokenizer.json
