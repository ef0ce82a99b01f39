#!/usr/bin/env bash
# The figures of optimizers.md: optimizers.sh OUT. Stopped, it goes on where it was.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
out=${1:?usage: optimizers.sh OUT}

# Adam's beta1 is searched in 0.8..0.98 unless it is given; so here is every momentum.
momentum=momentum=0.8..0.98
optimizers=("heavy@sgd:$momentum" sgd "debiased@sgd:$momentum,debias=1" adamw lion
  lion-debiased@lion:debias=1 "lars@lars:$momentum" "lars-debiased@lars:$momentum,debias=1"
  "muon@muon:$momentum" soap@soap:max_precond_dim=256 schedule-free@schedulefreeadamw prodigy)

# side_by_side FOLDER ARGUMENTS... -- OPTIMIZER...: a comparison with the first optimizer.
side_by_side() {
  local folder=$out/$1 arguments=()
  shift
  while [[ $1 != -- ]]; do
    arguments+=("$1")
    shift
  done
  for optimizer in "${@:2}"; do arguments+=(--optimizer "$optimizer"); done
  mkdir -p "$folder"
  "$programs/compare_optimizers" --seeds 12 --evaluations 8 "${arguments[@]}" --out "$folder" >"$folder.txt"
}

# pair NAME FIRST SECOND ARGUMENTS...: two of the optimizers alone, from runs that are there, numbered anew.
pair() {
  local to=$out/pairs/$task-$1 number=0
  mkdir -p "$to/runs"
  for which in "$2" "$3"; do
    for run in "$out/$task"/runs/*-"$which"-*-*.txt; do
      [[ $(basename "$run") =~ ^([a-z]+)-$which-(.*)$ ]] || continue
      cp -u "$run" "$to/runs/${BASH_REMATCH[1]}-$number-${BASH_REMATCH[2]}"
    done
    number=1
  done
  side_by_side "pairs/$task-$1" --inside 0 "${@:4}" -- "${optimizers[$2]}" "${optimizers[$3]}"
}

# Steps and samples such that a run takes a processor about a second.
tasks=()
while read -r task samples batch steps; do
  tasks+=("$out/$task")
  what=(--task "$task" --samples "$samples" --batch-size "$batch" --steps "$steps")
  side_by_side "$task" "${what[@]}" --baseline heavy -- "${optimizers[@]}"
  pair sgd 0 2 "${what[@]}"
  pair lion 4 5 "${what[@]}"
  pair lars 6 7 "${what[@]}"
done <<'END'
regression 1000 32 1000
mlp 5000 64 300
genes 2000 32 300
vae 2000 64 200
text 20000 32 120
cnn 2000 64 60
gpt 20000 16 120
speech 300 16 40
END
"$programs/across_tasks" --out "$out/across" "${tasks[@]}" >"$out/across.txt"
cat "$out/across.txt"
