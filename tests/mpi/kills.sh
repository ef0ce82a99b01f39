#!/usr/bin/env bash
# A random rank of four dies, or is stopped, at a random moment: the others name it and end, what was saved last
# loads, and no process is left behind. PLUMB_KILLS="20 20" kills 20 runs and stops 20 in place of one and one; a line
# each says what came of it: when mpirun ended, in milliseconds after the signal.
# shellcheck source=tests/support/ranks.sh
source "$PLUMB_SOURCE_DIR/tests/support/ranks.sh"
read -r kills stops <<<"${PLUMB_KILLS:-1 1}"
limit=${PLUMB_STALL_SECONDS:-4}  # in which a rank has to come; more where the machine is busy
options=(--model lenet --samples 3000 --test-samples 1000 --threads 1 --stall-seconds "$limit")

# lose SIGNAL NUMBER WORDS SECONDS
lose() {
  local folder=$work/$1$2 rank=$((RANDOM % 4)) moment=$((RANDOM % 2500 + 10)) pid sent last said=no
  begins "$folder" 4 "${options[@]}" --epochs 1000 --save-every 4
  sleep "$(printf '%d.%03d' $((moment / 1000)) $((moment % 1000)))"
  pid=$(process_of "$rank" "$folder")
  sent=$(milliseconds)
  kill "-$1" "$pid" || fail "the run has ended by itself: $(cat "$folder.err")"
  ended "$4" "$folder"
  ((code != 0)) || fail "a run that lost a rank ends as if nothing had been"
  if grep -qE "\\[distributed\\] rank $rank \\(process $pid on .*\\) $3" "$folder.err"; then said=yes; fi
  last=$(newest "$folder")
  printf '%-5s rank %d (%s) after %4d ms, %-24s ended in %5d ms, named: %s\n' \
    "$1" "$rank" "$pid" "$moment" "$(basename "$last")" $((over - sent)) "$said"
  [[ $said == yes ]] || fail "rank $rank is not named: $(cat "$folder.err")"
  "$PLUMB_BUILD_DIR/tests/load_file" "$last" >/dev/null || fail "$last is damaged"
  rm -rf "$folder"
}
for ((i = 0; i < stops; ++i)); do lose STOP $i "has (not come to|stalled)" $((limit + 8)); done
for ((i = 0; i < kills; ++i)); do lose KILL $i "has died" 10; done
