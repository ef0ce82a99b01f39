#!/usr/bin/env bash
# batch_size: tables and pictures, equal bits for any number of threads, after a kill and from the
# manifest, micro-batches under a memory limit, and what it refuses.
# shellcheck source=tests/support/script.sh
source "$PLUMB_SOURCE_DIR/tests/support/script.sh"
program=$PLUMB_BIN_DIR/batch_size

small=(--anyway --task spiral --samples 1000 --seeds 2 --epochs 2 --steps 30 --batch-sizes 4,64,512 --target 60
  --lr 0.3)
"$program" "${small[@]}" --threads 1 --out "$work/one" >"$work/one.txt"
if grep -q $'[\r\033]' "$work/one.txt"; then fail "control characters outside a terminal"; fi
grep -q '^! no verdict can come of this: 2 seeds' "$work/one.txt" || fail "a caveat is not told"
grep -q 'class=notice>no verdict can come of this' "$work/one/report.html" || fail "nor in the report"
if grep -Eo 'https?://[^ "'"'"'>]*' "$work/one/report.html" | grep -v 'www.w3.org'; then
  fail "the report refers to something else"
fi
[[ $(wc -l <"$work/one/steps_sqrt.csv") == 4 ]] || fail "not three batch sizes"

# Killed on the way, by a signal that cannot be caught and by one that can: what is finished is kept.
for signal in KILL TERM; do
  killed_half_way $signal 2 steps_none.csv "${small[@]}" --threads 2 --evaluations 400
  "$program" "${small[@]}" --threads 2 --evaluations 400 --out "$work/$signal" >"$work/$signal.txt"
done
"$program" --manifest "$work/KILL/manifest.ini" --threads 1 --out "$work/again" >"$work/again.txt"

# same FOLDER FOLDER: all tables but the times.
same() {
  for table in "$work/$1"/*.csv; do
    if [[ $table == *_seconds.csv || $table == *_rates.csv ]]; then continue; fi
    cmp "$table" "$work/$2/${table##*/}" || fail "$1 and $2 differ"
  done
}
same KILL TERM
same KILL again
grep -q '^! no verdict can come of this' "$work/again.txt" || fail "the manifest does not say that it is no evidence"

# lr at 512 is 0.3 * 8, 0.3 * sqrt 8 and 0.3.
for expected in linear:2.4 sqrt:0.848 none:0.3; do
  awk -F, -v lr="${expected#*:}" '$1 == 512 {found = $2 - lr < 0.001 && lr - $2 < 0.001}
    END {exit !found}' "$work/one/steps_${expected%:*}.csv" || fail "lr does not scale: $expected"
done
if command -v gnuplot >/dev/null; then
  for picture in error_epochs samples_per_second_steps noise_scale; do
    grep -q '</svg>' "$work/one/$picture.svg" || fail "no picture $picture"
  done
fi

# What no run reaches, and where all diverge, has no picture, and is no error.
"$program" --anyway --task quadratic --samples 200 --seeds 2 --epochs 2 --steps 9 --batch-sizes 4,8 --base 8 \
  --lr 1000000 --optimizer sgd --target 0 --out "$work/wild" >"$work/wild.txt"
grep -Eq '^ +8 .* 0%  never  2 diverged$' "$work/wild.txt" || fail "divergence is not told"
grep -Eq '^ +8  - ' "$work/wild.txt" || fail "what diverged has a rate: $(cat "$work/wild.txt")"

# A limit that holds 64 samples of 1056 bytes and not 512: the same errors, but for rounding.
"$program" "${small[@]}" --memory-limit 0.07 --out "$work/parts" >"$work/parts.txt"
[[ $(grep -c '^ *512 .* in parts of 64$' "$work/parts.txt") == 6 ]] ||
  fail "512 samples are not in parts of 64: $(cat "$work/parts.txt")"
if grep -q '^ *64 .* in parts' "$work/parts.txt"; then fail "64 samples fit"; fi
paste -d, <(grep '^512' "$work/one/steps_none.csv") <(grep '^512' "$work/parts/steps_none.csv") |
  awk -F, '{off = $4 - $15; exit !(off < 0.5 && off > -0.5)}' || fail "parts give another error"

refused 2 "--frobnicate" --out "$work/refused" --frobnicate
refused 2 "got '0'" --out "$work/refused" --batch-sizes 1,0
refused 2 "got 'inf'" --out "$work/refused" --lr inf
refused 2 "no rule named 'sdg'" --out "$work/refused" --optimizer sdg
refused 2 "batch size 4 is there twice" --out "$work/refused" --batch-sizes 4,8,4
refused 1 "one sample takes 1056 bytes, the memory limit is 0.001 MB" --anyway --out "$work/refused" --task spiral --memory-limit 0.001
cp "$work/one/manifest.ini" "$work/refused"
refused 1 "holds another comparison: it has 'seeds=2', this is 'seeds=3'" --out "$work/refused" \
  --manifest "$work/one/manifest.ini" --seeds 3 --anyway
refused 1 "no verdict can come of this: 6 seeds give no p below 2.1875 with 70 comparisons" --seeds 6
refused 2 "searches nothing; 'sgd:momentum=0.5..0.9' has a range of momentum" --optimizer sgd:momentum=0.5..0.9
