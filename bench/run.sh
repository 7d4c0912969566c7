# shellcheck shell=bash
# `./proximal bench`: sourced by proximal.

bench_usage() {
  cat <<'END'
Usage: ./proximal bench [--filter NAME]... [--native | --managed] [--threads N] [--quick]

Measures the kernels: natively beside LibTorch, oneDNN and OpenBLAS, with the machine's limits before and after each
(build/native/bin/proximal_bench), and from C# (BenchmarkDotNet). Writes bench/results/<date>-<processor>.md and the table
native/src/kernels/README.md. Wants a machine with nothing else on it.

  --filter NAME   kernels, or benchmark classes of C#, whose name contains NAME; the file's name then ends in it
  --native        leave C# out
  --managed       C# alone
  --threads N     of the native program; default: all cores
  --quick         see whether everything runs; the figures mean nothing and stay in build/bench

With PROXIMAL_NODE_LLAMA, a folder where node-llama-cpp and @node-llama-cpp/linux-x64 are installed, `engine` also runs llama.cpp
on its shape, before and after its own cases.
END
}

bench() {
  local filters=() native=1 managed=1 native_options=() managed_options=() report=()
  while (($# > 0)); do
    case "$1" in
      --help | -h)
        bench_usage
        return
        ;;
      --filter)
        (($# > 1)) || die "bench: --filter needs a name"
        filters+=("$2")
        shift
        ;;
      --native) managed= ;;
      --managed) native= ;;
      --threads)
        [[ "${2:-}" =~ ^[1-9][0-9]*$ ]] || die "bench: --threads needs a number"
        native_options+=(--threads "$2")
        shift
        ;;
      --quick)
        native_options+=(--quick)
        managed_options+=(--job dry)
        report+=(--output "$root/build/bench")
        ;;
      *) die "bench: unknown argument $1 (./proximal bench --help)" ;;
    esac
    shift
  done
  [[ -n "$native$managed" ]] || die "bench: --native and --managed leave nothing to measure"
  more_packages=(libdnnl-dev)
  bring_up
  build_native "$native_build" bench
  [[ -z "$managed" ]] || build_managed bench/Proximal.Benchmarks "$benchmarks"
  unlock
  measure
}

# Reads what `bench` has set.
measure() {
  local filter folder="$root/build/bench"
  mkdir -p "$folder"
  rm -rf "$folder/results" "$folder/native.json"
  for filter in "${filters[@]}"; do
    native_options+=(--filter "$filter")
    report+=(--filter "$filter")
  done
  if [[ -n "$native" ]]; then
    local llama=
    [[ -z "${PROXIMAL_NODE_LLAMA:-}" || " ${filters[*]:-engine} " != *" engine "* ]] || llama=1
    [[ -z "$llama" ]] || run_llama before
    "$native_build/bin/proximal_bench" "${native_options[@]}" >"$folder/native.json"
    [[ -z "$llama" ]] || run_llama after
    report+=(--native "$folder/native.json")
  fi
  if [[ -n "$managed" ]]; then
    # BenchmarkDotNet takes no second project of this name; the scratch copy of the mutants makes its own again.
    rm -rf "$root/build/mutants/tree/bench"
    local patterns=()
    for filter in "${filters[@]:-}"; do patterns+=("*${filter//_/}*"); done
    (cd "$root" && "$dotnet" exec "$benchmarks" --artifacts "$folder" --exporters briefjson --filter "${patterns[@]}" "${managed_options[@]}") >&2
    report+=(--managed "$folder")
  fi
  python3 "$root/bench/report.py" --date "$(date +%F)" --commit "$(commit_of_tree)" "${report[@]}"
}

# run_llama WHEN: llama.cpp on the shape of the engine's cases.
run_llama() {
  local model="$folder/engine.gguf" threads
  threads=$(sed -n 's/.*--threads \([0-9]*\).*/\1/p' <<<"${native_options[*]}")
  [[ -f "$model" ]] || "$native_build/bin/proximal_bench" --gguf "$model"
  node "$root/bench/llama/decode.mjs" "$PROXIMAL_NODE_LLAMA" "$model" "${threads:-$(nproc)}" >"$folder/llama-$1.json" ||
    die "bench: llama.cpp did not run; PROXIMAL_NODE_LLAMA has to name a folder with node_modules/node-llama-cpp"
  report+=(--llama "$folder/llama-$1.json")
}

commit_of_tree() {
  local commit
  commit=$(git -C "$root" rev-parse --short=12 HEAD 2>/dev/null) || commit="no repository"
  [[ -z "$(git -C "$root" status --porcelain --untracked-files=no 2>/dev/null)" ]] || commit+=" with changes"
  printf '%s' "$commit"
}
