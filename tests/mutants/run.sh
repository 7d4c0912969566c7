# shellcheck shell=bash
# `./proximal test --mutants`: sourced by tests/run.sh.
#
# A patch starts with what it breaks and with the tests that have to notice, as --filter understands them:
#   breaks: the sign of k1
#   killed by: KlTests, Golden_rl
#   needs: amx_bf16                  (optional: a flag of the processor without which no test runs the line)
# Then follows a diff of one line. The scratch copy stays in build/mutants, so that only what a patch touches is built.

readonly scratch="$root/build/mutants"

test_mutants() {
  local patch name verdict survivors=0 killed=0 skipped=0 table=()
  command -v git >/dev/null || die "test --mutants needs git (apply)"
  mkdir -p "$scratch"
  exec 8>"$scratch/.lock"
  flock -n 8 || die "test --mutants: another run uses $scratch"
  prepare_scratch
  local patches=()
  for patch in "$root"/tests/mutants/*.patch; do
    name=$(basename "$patch" .patch)
    ! selected "$name" || patches+=("$patch")
  done
  ((${#patches[@]} > 0)) || die "test --mutants: no patch in tests/mutants has a name that --filter selects"

  say "mutants: the unpatched copy has to pass"
  local killers=()
  for patch in "${patches[@]}"; do mapfile -t -O "${#killers[@]}" killers < <(killers_of "$patch"); done
  run_scratch unpatched "${killers[@]}" || true
  if [[ "$(closing_line unpatched)" != *" 0 failed, "* || "$(closing_line unpatched)" == "0 passed"* ]]; then
    tail -n 40 "$scratch/unpatched.log"
    say "mutants: the unpatched copy does not pass; see above"
    printf '0 passed, 1 failed, 0 skipped\n'
    return 1
  fi

  for patch in "${patches[@]}"; do
    name=$(basename "$patch" .patch)
    verdict=$(try_mutant "$patch")
    say "mutant $name: $verdict"
    case $verdict in
      killed*) killed=$((killed + 1)) ;;
      skipped*) skipped=$((skipped + 1)) ;;
      *) survivors=$((survivors + 1)) ;;
    esac
    table+=("$(printf '%-34s %s' "$name" "$verdict")")
  done
  printf '%-34s %s\n' mutant result
  printf '%s\n' "${table[@]}"
  printf '%d passed, %d failed, %d skipped\n' "$killed" "$survivors" "$skipped"
  ((survivors == 0))
}

# selected NAME: one of run_tests' filters is part of it, or there is none.
selected() {
  local filter
  ((${#filters[@]} > 0)) || return 0
  for filter in "${filters[@]}"; do [[ $1 != *"$filter"* ]] || return 0; done
  return 1
}

# Brings the scratch copy to the state of the working tree. A file is written only where its content differs, and with
# a new time: one of an earlier mutant must not look older than what was built from it.
prepare_scratch() {
  local file
  mkdir -p "$scratch/tree"
  rm -f "$scratch/shared"
  [[ ! -d "$root/../shared" ]] || ln -s "$(readlink -f "$root/../shared")" "$scratch/shared"
  while IFS= read -r -d '' file; do
    [[ -f "$root/$file" ]] && ! cmp -s "$root/$file" "$scratch/tree/$file" || continue
    mkdir -p "$(dirname "$scratch/tree/$file")"
    cp "$root/$file" "$scratch/tree/$file"
  done < <(git -C "$root" ls-files -z --cached --others --exclude-standard)
  while IFS= read -r -d '' file; do
    [[ -f "$root/$file" ]] || rm -f "$scratch/tree/$file"
  done < <(cd "$scratch/tree" && find . -path ./build -prune -o -type f -printf '%P\0')
}

# Prints the names of the tests that have to notice, one a line.
killers_of() { sed -n 's/^killed by: *//p' "$1" | tr ',' '\n' | sed -E 's/^ +| +$//g; /^$/d'; }

# run_scratch NAME FILTER...: builds the copy and runs the tests of these names.
run_scratch() {
  local log="$scratch/$1.log" options=() filter
  shift
  for filter in "$@"; do options+=(--filter "$filter"); done
  # Without copies of the libraries a native mutant leaves the managed build as it is.
  PROXIMAL_NATIVE_DIR="$scratch/tree/build/native/lib" "$scratch/tree/proximal" test "${options[@]}" >"$log" 2>&1 </dev/null 8>&- 9>&-
}

closing_line() { grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$scratch/$1.log" | tail -n 1; }

# Applies a patch, runs its tests, takes it back; prints `killed by TEST` or what went wrong.
try_mutant() {
  local patch=$1 name file test flag killers=()
  name=$(basename "$patch" .patch)
  flag=$(sed -n 's/^needs: *//p' "$patch")
  if [[ -n "$flag" ]] && ! grep -qw -- "$flag" /proc/cpuinfo; then
    printf 'skipped: this processor has no %s\n' "$flag"
    return
  fi
  mapfile -t killers < <(killers_of "$patch")
  file=$(git apply --numstat "$patch" 2>/dev/null | sed -n 's/^1\t1\t//p')
  if ((${#killers[@]} == 0)) || [[ ! -f "$scratch/tree/$file" ]]; then
    printf 'BROKEN: names no test (killed by:) or does not change one line of one file\n'
    return
  fi
  # Outside of any repository git takes the paths as they are.
  if ! GIT_CEILING_DIRECTORIES="$scratch" git -C "$scratch/tree" apply "$patch" 2>"$scratch/$name.log" ||
    cmp -s "$root/$file" "$scratch/tree/$file"; then
    printf 'DOES NOT APPLY: %s\n' "$(head -n 1 "$scratch/$name.log")"
    return
  fi
  run_scratch "$name" "${killers[@]}" || true
  cp "$root/$file" "$scratch/tree/$file"
  test=$(sed -n 's/^FAILED //p' "$scratch/$name.log" | grep -v '^runner ' | head -n 1) || true
  if [[ -z "$(closing_line "$name")" ]]; then
    printf 'DOES NOT BUILD: see %s\n' "$scratch/$name.log"
  elif [[ -n "$test" ]]; then
    printf 'killed by %s\n' "$test"
  else
    printf 'SURVIVED: %s\n' "$(closing_line "$name")"
  fi
}
