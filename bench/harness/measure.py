"""The rounds: every cell on both sides in turn, so that a slow minute of the machine meets all."""
import contextlib
import math
import subprocess
import sys

from . import machine, programs, results, workloads
from .programs import Failure


def check(cell, ours, theirs):
    """Both sides must compute the same from the same weights before their times mean anything."""
    if len(ours) != len(theirs):
        raise Failure(f"{cell.workload}: {len(ours)} check values, libtorch has {len(theirs)}")
    for a, b in zip(ours, theirs):
        if not math.isclose(a, b, rel_tol=2e-5, abs_tol=2e-5):
            raise Failure(f"{cell.workload}: plumb computes {a}, libtorch {b}")


def gather(into, result):
    for key in ("nanoseconds", "peak_kib", "first_step_ms"):
        if key in result:
            into.setdefault(key, []).append(result[key])


def note(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def measure_cell(entry, cell, seconds, peer):
    mine = programs.ours(cell, seconds)
    gather(entry["plumb"], mine)
    if not peer:
        return
    for configuration in programs.configurations(cell.threads):
        other = programs.theirs(cell, seconds, configuration)
        check(cell, mine["check"], other["check"])
        gather(entry["libtorch"].setdefault(configuration.name, {}), other)


@contextlib.contextmanager
def busy_processes(count):
    """So many programs that do nothing but take a processor."""
    started = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()


def new_entry(cell):
    return {"workload": cell.workload, "threads": cell.threads, "plumb": {}, "libtorch": {}}


def repeat_noisy(entries, cells, rounds, seconds, peer):
    """Measures once more what moved most from round to round, and keeps the calmer rounds. Returns how
    many cells that were."""
    noisy = [i for i, entry in enumerate(entries) if results.spread_of(entry) > results.NOISY]
    for i in noisy:
        again = new_entry(cells[i])
        for number in range(rounds):
            note(f"{cells[i].workload}, threads {cells[i].threads} once more, round {number + 1}")
            measure_cell(again, cells[i], seconds, peer)
        entries[i] = min(entries[i], again, key=results.spread_of)
    return len(noisy)


def measure(cells, rounds, seconds, peer, beside=0):
    """All figures of all rounds, as they are written to JSON; beside so many busy programs."""
    limits = [{"workload": cell.workload, "threads": cell.threads, "nanoseconds": []}
              for cell in workloads.limits(cells)]
    entries = [new_entry(cell) for cell in cells]
    with busy_processes(beside):
        for i in range(rounds):
            for entry, cell in zip(limits, workloads.limits(cells)):
                note(f"round {i + 1} of {rounds}: {cell.workload}")
                gather(entry, programs.limit(cell, seconds))
            for entry, cell in zip(entries, cells):
                note(f"round {i + 1} of {rounds}: {cell.workload}, threads {cell.threads}")
                measure_cell(entry, cell, seconds, peer)
        repeated = 0
        if not beside and rounds > 1:
            repeated = repeat_noisy(entries, cells, rounds, seconds, peer)
    note("")
    return {"machine": machine.describe(peer), "rounds": rounds, "seconds": seconds,
            "beside": beside, "repeated": repeated,
            "train_digits_bytes": programs.stripped_size(), "limits": limits, "cells": entries}
