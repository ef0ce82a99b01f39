"""The rounds: every cell on both sides in turn, so that a slow minute of the machine meets all."""
import math
import sys

from . import machine, programs, workloads
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


def measure(cells, rounds, seconds, peer):
    """All figures of all rounds, as they are written to JSON."""
    limits = [{"workload": cell.workload, "threads": cell.threads, "nanoseconds": []}
              for cell in workloads.limits(cells)]
    entries = [{"workload": cell.workload, "threads": cell.threads, "plumb": {}, "libtorch": {}}
               for cell in cells]
    for i in range(rounds):
        for entry, cell in zip(limits, workloads.limits(cells)):
            note(f"round {i + 1} of {rounds}: {cell.workload}")
            gather(entry, programs.limit(cell, seconds))
        for entry, cell in zip(entries, cells):
            note(f"round {i + 1} of {rounds}: {cell.workload}, threads {cell.threads}")
            measure_cell(entry, cell, seconds, peer)
    note("")
    return {"machine": machine.describe(peer), "rounds": rounds, "seconds": seconds,
            "train_digits_bytes": programs.stripped_size(), "limits": limits, "cells": entries}
