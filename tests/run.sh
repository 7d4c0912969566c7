# shellcheck shell=bash
# `./proximal test`: sourced by the script `proximal`, whose functions it uses.

readonly results="$root/build/test-results"
runner_seconds=1100 # a runner that takes longer hangs

test_help() {
  cat <<'TEXT'
Usage: ./proximal test [--filter NAME]... [--sanitize | --mutants | --long | --fuzz [SECONDS] | --cuda]

  --filter NAME   only tests whose full name contains NAME (several: any of them); with --mutants: patches by file name
  --sanitize      all tests over native code built with the address, leak and undefined-behaviour sanitizers, and
                  the kernels' threads over the thread sanitizer
  --long          only the experiments that take minutes each (managed tests of the category Long), which all else leaves out
  --fuzz [N]      only the fuzz targets of the parsers, N seconds each (default 600); see tests/fuzz/README.md
  --cuda          compiles every CUDA kernel for sm_80 and sm_90 and prints its registers and shared memory; one that spills
                  fails. Needs a CUDA toolkit (11.8 or newer), no device
  --mutants       proves that the tests notice broken numerics: applies each patch of tests/mutants to a scratch copy

The last line is `N passed, N failed, N skipped`; above it stands why a test failed or what it lacked.
Exit codes: 0 all passed or were skipped, 1 a test or the build failed, 2 usage or a missing package.
Golden files: PROXIMAL_GOLDEN (folders, separated by colons); models they name: PROXIMAL_DATA.
TEXT
}

run_tests() {
  local mode=everything filters=()
  while (($# > 0)); do
    case $1 in
      --filter)
        [[ -n "${2:-}" ]] || die "test: --filter needs a name"
        filters+=("$2")
        shift
        ;;
      --filter=?*) filters+=("${1#--filter=}") ;;
      --sanitize | --mutants | --long | --fuzz | --cuda)
        [[ $mode == everything ]] || die "test: --sanitize, --mutants, --long, --fuzz and --cuda exclude each other"
        mode=${1#--}
        if [[ $mode == fuzz && "${2:-}" =~ ^[0-9]+$ ]]; then
          export PROXIMAL_FUZZ_SECONDS=$2
          shift
        fi
        ;;
      -h | --help)
        test_help
        return
        ;;
      *) die "test: unknown argument $1; see ./proximal test --help" ;;
    esac
    shift
  done
  # The gate of the bindings reads the headers through libclang; python3 comes with it.
  more_packages=(python3-clang-14)
  bring_up
  case $mode in
    everything | long) test_everything ;;
    fuzz) test_fuzz ;;
    sanitize) test_sanitized ;;
    cuda) exec /usr/bin/python3 "$root/tests/cuda_resources.py" ${filters[@]+"${filters[@]}"} ;;
    mutants)
      # shellcheck source=mutants/run.sh
      source "$root/tests/mutants/run.sh"
      test_mutants
      ;;
  esac
}

# The functions below read `filters` of run_tests.

# The native tests have none that take long.
test_everything() {
  build_native "$native_build" everything
  build_managed Engine.sln "$managed_build/bin/Proximal.Tests/release/Proximal.Tests.dll"
  unlock
  rm -rf "$results"
  mkdir -p "$results"
  [[ $mode != long ]] || runner_seconds=3600
  if [[ $mode != long ]]; then
    run_native native "$native_build/bin/proximal_tests"
    run_native native-cuda "$native_build/bin/proximal_cuda_tests"
  fi
  local project
  for project in "$root"/tests/Proximal.*/; do run_managed "$(basename "$project")"; done
  report
}

# One target after the other, so that no input is slowed down by another target's.
test_fuzz() {
  export PROXIMAL_FUZZ_SECONDS="${PROXIMAL_FUZZ_SECONDS:-600}" PROXIMAL_FUZZ_LANES=1
  runner_seconds=$((PROXIMAL_FUZZ_SECONDS * 60 + 1100))
  filters+=(Fuzz.)
  test_everything
}

test_sanitized() {
  build_native "$native_build" everything
  build_native "$root/build/native-asan" everything -DPROXIMAL_SANITIZE=address
  build_native "$root/build/native-tsan" threads -DPROXIMAL_SANITIZE=thread
  build_managed Engine.sln "$managed_build/bin/Proximal.Tests/release/Proximal.Tests.dll"
  unlock
  rm -rf "$results"
  mkdir -p "$results"
  local suppressions="$root/tests/native/sanitizer"
  export ASAN_OPTIONS="detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1"
  export LSAN_OPTIONS="suppressions=$suppressions/lsan.supp:print_suppressions=0"
  export UBSAN_OPTIONS="suppressions=$suppressions/ubsan.supp:print_stacktrace=1:halt_on_error=1"
  local defect
  for defect in leak overflow undefined; do run_planted asan sanitizer_planted "$defect"; done
  run_planted tsan sanitizer_planted race
  run_planted asan cuda_sanitizer_planted shared-overflow
  run_planted tsan cuda_sanitizer_planted missing-barrier
  run_native native "$root/build/native-asan/bin/proximal_tests"
  run_native native-cuda "$root/build/native-asan/bin/proximal_cuda_tests"
  run_native native-threads "$root/build/native-tsan/bin/proximal_tests" 'Pool.*:All/Levels.*:Isa.*'
  run_native native-cuda-threads "$root/build/native-tsan/bin/proximal_cuda_tests"
  run_managed_sanitized
  report
}

# The managed tests over the sanitized library. The runtime keeps memory until its end and catches SIGSEGV itself, so
# leaks are the native tests' to find and that signal stays the runtime's.
run_managed_sanitized() {
  local library preload=""
  for library in libasan.so libubsan.so; do preload+="$("${CXX:-c++}" -print-file-name="$library") "; done
  (
    export LD_PRELOAD=$preload PROXIMAL_NATIVE_DIR="$root/build/native-asan/lib"
    export ASAN_OPTIONS="detect_leaks=0:handle_segv=0:use_sigaltstack=0:verify_asan_link_order=0"
    run_managed Proximal.Tests
  )
}

# run_planted BUILD PROGRAM DEFECT: a defect that the sanitizers have to see, under the options of all other tests.
run_planted() {
  local log="$results/planted-$3.log" code=0
  "$root/build/native-$1/bin/$2" "$3" >"$log" 2>&1 || code=$?
  printf '%s' "$code" >"$results/planted-$3.exit"
}

# run_native NAME PROGRAM [FILTER]: tests of GoogleTest; the thread sanitizer gets what runs on several threads and needs no
# LibTorch, by a filter of GoogleTest's.
run_native() {
  local log="$results/$1.log" filter="${3:-}" name code=0
  if [[ -z "$filter" ]]; then
    for name in ${filters[@]+"${filters[@]}"}; do filter+="${filter:+:}*$name*"; done
  fi
  say "running the native tests ($1)"
  (cd "$root" && exec timeout -k 10 "$runner_seconds" "$2" --gtest_color=no ${filter:+"--gtest_filter=$filter"}) \
    >"$log" 2>&1 </dev/null || code=$?
  printf '%s' "$code" >"$results/$1.exit"
}

run_managed() {
  local project=$1 filter="" category="TestCategory!=Long" name code=0
  [[ $mode != long ]] || category="TestCategory=Long"
  for name in ${filters[@]+"${filters[@]}"}; do
    # The filter language gives these characters a meaning.
    filter+="${filter:+|}FullyQualifiedName~$(sed -E 's/[\\()&|=!~]/\\&/g' <<<"$name")"
  done
  filter="$category${filter:+&($filter)}"
  say "running $project"
  (cd "$root" && exec timeout -k 10 "$runner_seconds" "$dotnet" test \
    "$managed_build/bin/$project/release/$project.dll" --filter "$filter" \
    --logger "trx;LogFileName=$project.trx" --logger "console;verbosity=normal" --results-directory "$results") \
    >"$results/$project.log" 2>&1 </dev/null || code=$?
  printf '%s' "$code" >"$results/$project.exit"
}

report() {
  local options=()
  ((${#filters[@]} == 0)) || options+=(--filtered)
  # With the shared folder beside the repository nothing but a GPU may be missing.
  [[ ! -d "$root/../shared" ]] || options+=(--only-gpu-may-lack)
  /usr/bin/python3 "$root/tests/report.py" ${options[@]+"${options[@]}"} "$results"
}
