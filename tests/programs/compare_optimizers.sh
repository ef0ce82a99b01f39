#!/usr/bin/env bash
# compare_optimizers: tables, report, the same bits again from the manifest, after a kill and for any
# number of threads, and what it refuses.
# shellcheck source=tests/support/script.sh
source "$PLUMB_SOURCE_DIR/tests/support/script.sh"
program=$PLUMB_BIN_DIR/compare_optimizers

start=$SECONDS
"$program" --smoke --out "$work/smoke" >"$work/out"
((SECONDS - start < 60)) || fail "--smoke took $((SECONDS - start)) s"
grep -q '^against sgd:momentum=0.9, seed by seed' "$work/out" || fail "no comparison"
grep -Eq '(better|worse|undecided)' "$work/out" || fail "no verdict"
if grep -q $'[\r\033]' "$work/out"; then fail "control characters outside a terminal"; fi
[[ $(wc -l <"$work/smoke/runs.csv") == 73 ]] || fail "not 3 * 2 * (4 + 8) runs"
grep -q '^! --smoke: too little training' "$work/out" || fail "a smoke test looks like evidence"
grep -q 'class=notice>--smoke: too little' "$work/smoke/report.html" || fail "so does its report"

# Nor does it when the report is made later, without the flag; a folder from before says so from now on.
sed -i '/^made-small/d' "$work/smoke/manifest.ini"
"$program" --smoke --out "$work/smoke" >/dev/null
grep -q '^made-small=true' "$work/smoke/manifest.ini" || fail "the manifest keeps quiet"
"$program" --manifest "$work/smoke/manifest.ini" --out "$work/smoke" >"$work/later"
grep -q '^! --smoke: too little training' "$work/later" || fail "later a smoke test looks like evidence"
cmp "$work/out" "$work/later" || fail "later it says something else"

# The report stands alone: no address but the name spaces of SVG.
report=$work/smoke/report.html
grep -q 'prefers-color-scheme: dark' "$report" || fail "the report is always light"
if grep -Eo '(src|href)=["'"'"']?[a-z]+:[^ >]*|https?://[^ "'"'"'>]*' "$report" | grep -v 'www.w3.org'; then
  fail "the report refers to something else"
fi

# Killed half-way, by a signal that cannot be caught: what is finished is kept, and no bit changes.
# Signals that can be caught end it with their code.
small=(--task spiral --samples 2000 --trials 4 --studies 2 --seeds 7 --inside 0 --optimizer sgd --optimizer adam)
for signal in KILL TERM; do
  killed_half_way $signal 4 runs.csv "${small[@]}" --epochs 20
  "$program" "${small[@]}" --epochs 20 --out "$work/$signal" >"$work/$signal.txt"
done
"$program" --manifest "$work/KILL/manifest.ini" --threads 1 --out "$work/again" >/dev/null
for folder in KILL TERM again; do
  sed 's/,[^,]*,[^,]*$//' "$work/$folder/summary.csv" >"$work/$folder/untimed.csv"
done
for file in runs.csv curves.csv untimed.csv; do
  cmp "$work/KILL/$file" "$work/TERM/$file" || fail "stopped elsewhere, another $file"
  cmp "$work/KILL/$file" "$work/again/$file" || fail "the manifest gives another $file"
done

# One optimizer under two names differs nowhere.
"$program" "${small[@]::12}" --epochs 2 --optimizer one@sgd --optimizer other@sgd --out "$work/twins" \
  >"$work/twins.txt"
grep -Eq '^other +\+0\.0000 .* 1 +1 +undecided' "$work/twins.txt" ||
  fail "twins differ: $(cat "$work/twins.txt")"

# What diverges is marked and counts as the untrained model.
"$program" --task quadratic --samples 200 --search lr --inside 4 --seeds 8 --trials 3 --epochs 20 --optimizer sgd:lr=0.1 \
  --optimizer wild@sgd:lr=100 --out "$work/wild" >"$work/wild.txt"
grep -q '^! wild: 8 evaluation runs diverged' "$work/wild.txt" || fail "divergence is not told"
grep -Eq '^wild .* worse' "$work/wild.txt" || fail "divergence is not worse"

# Every task runs, and ends below the loss that it began with.
for task in two-moons logistic linear quadratic; do
  "$program" --task "$task" --samples 300 --epochs 2 --trials 2 --studies 1 --seeds 2 --anyway --inside 2 --evaluations 2 --optimizer adam \
    --optimizer sgd:momentum=0.9,debias=1 --out "$work/$task" >/dev/null
  awk -F, '/^evaluation/ {step = $(NF - 4); loss = $(NF - 1)
      if (step == 0) begin = loss; else if (loss < begin) better = 1}
    END {exit !better}' "$work/$task/curves.csv" || fail "$task does not learn"
done

# Rules for matrices, with AdamW beside them.
"$program" --task gpt --samples 60 --epochs 2 --trials 2 --studies 1 --seeds 2 --anyway --inside 2 --batch-size 8 \
  --optimizer muon:schedule=linear --optimizer soap --out "$work/matrices" >"$work/matrices.txt"
grep -q 'Muon+AdamW .*adamw_beta1=0.9.*adamw_ratio in 0.01..1' "$work/matrices.txt" || fail "no Muon with AdamW"
grep -q 'study 1: lr=.*, momentum=.*, adamw_ratio=.*, warm_up=' "$work/matrices.txt" || fail "no choice of Muon"

# A GPT's activation has no second derivatives in float32. What was kept before there was another way says so.
if grep -q ',nan$' "$work"/matrices/runs/inside-*.csv; then fail "no sharpness"; fi
sed -i '2,$s/[^,]*$/nan/' "$work"/matrices/runs/inside-*.csv
"$program" --anyway --manifest "$work/matrices/manifest.ini" --out "$work/matrices" >"$work/later"
grep -q '^! no sharpness was measured' "$work/later" || fail "nobody is told that sharpness is missing"

refused 1 "[Muon] the model has no hidden matrix" --task logistic --samples 100 --anyway --optimizer sgd --optimizer muon \
  --out "$work/refused_muon"

# The whole space of a rule: other betas, another course.
"$program" --task spiral --samples 300 --epochs 2 --studies 1 --trials 4 --seeds 7 --inside 0 \
  --optimizer adam --optimizer sgd:momentum=0.8..0.99 --out "$work/space" >"$work/space.txt"
grep -q 'study 1: lr=.*, momentum=0\..*, warm_up=.*, schedule=co' "$work/space.txt" ||
  fail "no configuration: $(cat "$work/space.txt")"

refused 2 "--frobnicate" --frobnicate
refused 2 "expected a whole number in [2, 64], got '-5'" --seeds -5
refused 2 "got '010'" --epochs 010
refused 2 "no rule named 'sdg'" --optimizer sdg
refused 2 "[SGD] no option named 'momentun'" --optimizer sgd:momentun=0.9
refused 2 "[SGD] momentum must be in [0, 1), got 1.5" --optimizer sgd:momentum=1.5
refused 2 "momentum must be a number, got 'nan'" --optimizer sgd:momentum=nan
refused 2 "expected NAME=VALUE" --optimizer sgd:momentum
refused 2 "lr must be LOW..HIGH" --optimizer sgd:lr=1..0.1
refused 2 "there twice" --optimizer sgd --optimizer sgd
refused 2 "no optimizer 'adam' to be the baseline" --optimizer sgd --baseline adam
refused 1 "/nonexistent" --data /nonexistent --out "$work/refused"
refused 1 "$work/err/below" --smoke --out "$work/err/below"
refused 1 "no verdict can come of this: 5 seeds give no p below 0.25 with 4 comparisons" --seeds 5
refused 2 "momentum must be LOW..HIGH" --optimizer sgd:momentum=0.9..0.5
sed '/^format/d; /^studies/d; /^search/d' "$work/smoke/manifest.ini" >"$work/old.ini"
refused 2 "the manifest is of format 0, this program reads 2" --manifest "$work/old.ini"
refused 1 "holds another comparison: it has 'seeds=8', this is 'seeds=9'" --manifest \
  "$work/smoke/manifest.ini" --seeds 9 --out "$work/smoke"
grep -v '^made-small' "$work/smoke/manifest.ini" >"$work/quiet.ini"
refused 1 "it has 'made-small=true', this is 'nothing'" --manifest "$work/quiet.ini" --out "$work/smoke"
"$program" --manifest "$work/linear/manifest.ini" --out "$work/linear" >"$work/later"
grep -q '^! no verdict can come of this' "$work/later" || fail "--anyway is not in the manifest"

code=0
"$program" --smoke --out "$work/smoke" >/dev/full 2>"$work/err" || code=$?
[[ $code == 1 ]] || fail "a full disk exited $code"
