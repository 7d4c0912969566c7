#!/bin/bash
# Makes the data of the sentiment pipeline from the shared data (first argument, default ../../../shared/data) in runs/sentiment/data:
# stories.jsonl   the training stories as texts
# pairs-a.jsonl, pairs-b.jsonl   a prompt of the stories, a positive sentence (chosen) and a negative one (rejected) of
#                 rt-polarity; a: the odd sentences, b: the even ones, so that no sentence is in both
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
shared=${1:-$here/../../../shared/data}
out=$here/../../runs/sentiment/data
mkdir -p "$out"

jq -c --slurpfile train <(jq -c .story "$shared/tinystories/prompts_train.jsonl") \
  '. as $stories | $train[] | {text: $stories[.]}' "$shared/tinystories/tinystories_1000.json" > "$out/stories.jsonl"

half() {  # odd or even lines, UTF-8, without the space at their end
  iconv -f latin1 -t utf-8 "$1" | awk "NR % 2 == $2" | sed 's/ *$//' | jq -R .
}
pairs() {
  paste -d '\n' <(half "$shared/rt-polarity/rt-polarity.pos" "$1") <(half "$shared/rt-polarity/rt-polarity.neg" "$1") |
    jq -cs --slurpfile prompts "$shared/tinystories/prompts_train.jsonl" '
      . as $lines | range(0; length / 2 | floor) | . as $i |
      {prompt: $prompts[$i % ($prompts | length)].prompt, chosen: (" " + $lines[2 * $i]), rejected: (" " + $lines[2 * $i + 1])}'
}
pairs 1 > "$out/pairs-a.jsonl"
pairs 0 > "$out/pairs-b.jsonl"
wc -l "$out"/*.jsonl
