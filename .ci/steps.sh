# Steps of a gate: run, timed, counted. Sourced by run and long.
#
# A step that ends with the summary of Node's test runner counts with the tests of that summary, any other step as
# one. Everything runs even after a failure, so that one run shows all that is wrong.

set -u
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT" || exit 1
CACHE=${STELE_CI_CACHE:-$HOME/.cache/stele-ci}
mkdir -p "$CACHE"
LOGS=$(mktemp -d)
trap 'rm -rf "$LOGS"' EXIT
PASSED=0
FAILED=0
SKIPPED=0
FAILED_STEPS=()
LOUD=()

say() { printf '[%s] %s\n' "$(date -u +%H:%M:%S)" "$*"; }

# Remembers a sentence that must not be overlooked and prints it now and at the end.
loud() {
  say "!!! $*"
  LOUD+=("$*")
}

# The number behind WORD in the last summary of Node's test runner in FILE, in either of its two spellings.
tally() { grep -aE "^(#|ℹ) $2 [0-9]+$" "$1" | tail -n 1 | grep -oE '[0-9]+$'; }

# step NAME SECONDS COMMAND…: runs it with a time limit, shows and counts it.
step() {
  local name=$1 seconds=$2 log=$LOGS/step started=$SECONDS code pass fail skip
  shift 2
  say "=== $name"
  timeout --kill-after=20 "$seconds" "$@" 2>&1 | tee "$log"
  code=${PIPESTATUS[0]}
  [ "$code" -eq 124 ] && loud "$name: not done after $seconds s"
  pass=$(tally "$log" pass)
  fail=$(tally "$log" fail)
  skip=$(tally "$log" skipped)
  if [ -n "$pass" ]; then
    PASSED=$((PASSED + pass))
    FAILED=$((FAILED + ${fail:-0}))
    SKIPPED=$((SKIPPED + ${skip:-0}))
    # A runner that ends badly without a failed test (or without any test) still fails.
    [ "$code" -ne 0 ] && [ "${fail:-0}" -eq 0 ] && FAILED=$((FAILED + 1))
    [ "${skip:-0}" -gt 0 ] && loud "$name: $skip tests SKIPPED: not proved here"
    [ "$code" -eq 0 ] && [ "$pass" -eq 0 ] && { code=1; FAILED=$((FAILED + 1)); }
  elif [ "$code" -eq 0 ]; then
    PASSED=$((PASSED + 1))
  else
    FAILED=$((FAILED + 1))
  fi
  [ "$code" -ne 0 ] && FAILED_STEPS+=("$name")
  say "--- $name: exit $code, $((SECONDS - started)) s"
  return "$code"
}

# The last lines: what must not be overlooked, the failed steps, the counts. Ends the program.
finish() {
  local each
  for each in "${LOUD[@]:-}"; do [ -n "$each" ] && echo "!!! $each"; done
  for each in "${FAILED_STEPS[@]:-}"; do [ -n "$each" ] && echo "FAILED STEP: $each"; done
  say "done in $SECONDS s"
  if [ "$SKIPPED" -gt 0 ]; then echo "$SKIPPED skipped"; fi
  echo "$PASSED passed, $FAILED failed"
  [ "$FAILED" -eq 0 ] && [ "${#FAILED_STEPS[@]}" -eq 0 ]
  exit $?
}
