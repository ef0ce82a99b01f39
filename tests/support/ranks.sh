# What the scripts of tests/mpi share: how ranks are started.
# shellcheck shell=bash disable=SC2034
# shellcheck source=tests/support/script.sh
source "$PLUMB_SOURCE_DIR/tests/support/script.sh"

launch=("$PLUMB_MPIRUN")
if [[ $PLUMB_MPI == openmpi ]]; then
  # More ranks than processors, and as root in a container.
  launch+=(--allow-run-as-root --oversubscribe --bind-to none)
fi
# MPICH's mpirun kills all ranks when one has died, before another can say which: docs/distributed.md.
slowly=()
if [[ $PLUMB_MPI == mpich ]]; then
  # shellcheck disable=SC2016 # the inner shell's
  slowly=(sh -c 'trap : INT TERM; "$@" || { code=$?; sleep 1; exit $code; }' sh)
fi

# ranks N PROGRAM ARGUMENTS...: runs it on N ranks.
ranks() {
  "${launch[@]}" -n "$1" "${slowly[@]}" "$PLUMB_BIN_DIR/$2" "${@:3}"
}

# processes WORD: "RANK PID" of all ranks whose command line has WORD.
processes() {
  local folder words word rank
  for folder in /proc/[0-9]*; do
    { mapfile -d '' -t words <"$folder/cmdline"; } 2>/dev/null || continue
    [[ ${words[0]-} == "$PLUMB_BIN_DIR"/* ]] || continue
    for word in "${words[@]}"; do [[ $word == "$1" ]] && break; done
    [[ $word == "$1" ]] || continue
    { mapfile -d '' -t words <"$folder/environ"; } 2>/dev/null || continue
    rank=
    for word in "${words[@]}"; do
      case $word in OMPI_COMM_WORLD_RANK=* | PMI_RANK=*) rank=${word#*=} ;; esac
    done
    echo "$rank ${folder#/proc/}"
  done
}
process_of() { processes "$2" | sed -n "s/^$1 //p"; }

newest() { find "$1" -name 'step-*.safetensors' 2>/dev/null | sort | tail -n 1; }

# begins FOLDER N ARGUMENTS...: starts train_digits on N ranks with --save FOLDER, and waits for its first
# checkpoint. Sets `running`, mpirun's process.
begins() {
  "${launch[@]}" -n "$2" "${slowly[@]}" "$PLUMB_BIN_DIR/train_digits" "${@:3}" --save "$1" >"$1.out" 2>"$1.err" &
  running=$!
  until [[ -n $(newest "$1") ]]; do
    kill -0 "$running" 2>/dev/null || fail "the run ended before its first checkpoint: $(cat "$1.err")"
    sleep 0.02
  done
}

milliseconds() { echo $(($(date +%s%N) / 1000000)); }

# ended SECONDS FOLDER: the run of `begins` ends in so many seconds, and leaves no rank behind. Sets `code`, and
# `over`, the time in milliseconds at which it has ended.
ended() {
  local i until=$(($(milliseconds) + 1000 * $1))
  while kill -0 "$running" 2>/dev/null; do
    (($(milliseconds) < until)) || fail "the run still runs after $1 s: $(cat "$2.err"; processes "$2")"
    sleep 0.02
  done
  over=$(milliseconds)
  code=0
  wait "$running" 2>/dev/null || code=$?
  for ((i = 0; i < 30; ++i)); do
    [[ -n $(processes "$2") ]] || return 0
    sleep 0.1
  done
  fail "ranks are left: $(processes "$2")"
}
