# What the scripts of tests/mpi share: how ranks are started.
# shellcheck shell=bash disable=SC2034
# shellcheck source=tests/support/script.sh
source "$PLUMB_SOURCE_DIR/tests/support/script.sh"

launch=("$PLUMB_MPIRUN")
if [[ $PLUMB_MPI == openmpi ]]; then
  # More ranks than processors, and as root in a container.
  launch+=(--allow-run-as-root --oversubscribe --bind-to none)
else
  launch+=(-disable-auto-cleanup)  # or it kills who could say what has happened
fi

# ranks N PROGRAM ARGUMENTS...: runs it on N ranks.
ranks() {
  "${launch[@]}" -n "$1" "$PLUMB_BIN_DIR/$2" "${@:3}"
}

# processes WORD: "RANK PID" of all ranks whose command line has WORD.
processes() {
  local folder rank
  for folder in /proc/[0-9]*; do
    [[ $(readlink "$folder/exe" 2>/dev/null) == "$PLUMB_BIN_DIR"/* ]] || continue
    tr '\0' '\n' <"$folder/cmdline" 2>/dev/null | grep -qxF -- "$1" || continue
    rank=$(tr '\0' '\n' <"$folder/environ" 2>/dev/null | sed -n 's/^\(OMPI_COMM_WORLD_RANK\|PMI_RANK\)=//p' | head -n 1)
    echo "$rank ${folder#/proc/}"
  done
}
process_of() { processes "$2" | sed -n "s/^$1 //p"; }

newest() { find "$1" -name 'step-*.safetensors' 2>/dev/null | sort | tail -n 1; }

# begins FOLDER N ARGUMENTS...: starts train_digits on N ranks with --save FOLDER, and waits for its first
# checkpoint. Sets `running`, mpirun's process.
begins() {
  "${launch[@]}" -n "$2" "$PLUMB_BIN_DIR/train_digits" "${@:3}" --save "$1" >"$1.out" 2>"$1.err" &
  running=$!
  until [[ -n $(newest "$1") ]]; do
    kill -0 $running 2>/dev/null || fail "the run ended before its first checkpoint: $(cat "$1.err")"
    sleep 0.02
  done
}

# ended SECONDS FOLDER: the run of `begins` ends in so many seconds, and leaves no rank behind. Sets `code`.
ended() {
  local i
  for ((i = 0; i < $1 * 10; ++i)); do
    kill -0 $running 2>/dev/null || break
    sleep 0.1
  done
  ((i < $1 * 10)) || fail "the run still runs after $1 s: $(cat "$2.err"; processes "$2")"
  code=0
  wait $running 2>/dev/null || code=$?
  for ((i = 0; i < 30; ++i)); do
    [[ -n $(processes "$2") ]] || return 0
    sleep 0.1
  done
  fail "ranks are left: $(processes "$2")"
}
