"""From the figures of all rounds to what is reported: medians, ratios, shares, missed targets."""
from itertools import accumulate
from statistics import mean, median

from . import workloads
from .workloads import Cell

QUIET = 0.1  # on an idle machine the rounds vary by less
NOISY = 0.25  # a cell whose rounds vary by more is measured once more
NO_WORSE = 0.97  # two ratios that differ by less are equal: medians move by as much


def join(runs):
    """The rounds of several runs of one machine, commit and selection, as measure() returns them."""
    own = ("rounds", "runs", "date", "derived", "repeated")
    rounds = [count for run in runs for count in run.get("runs", [run["rounds"]])]
    figures = joined([{key: value for key, value in run.items() if key not in own} for run in runs])
    return {**figures, "rounds": sum(rounds), "runs": rounds, "date": max(run["date"] for run in runs),
            "repeated": sum(run.get("repeated", 0) for run in runs)}


def joined(parts):
    """The lists of numbers one behind the other, wherever they stand; all else must be the same."""
    first = parts[0]
    if isinstance(first, list) and not isinstance(first[0], dict):
        return [value for part in parts for value in part]
    alike = {list: len, dict: dict.keys}.get(type(first), lambda part: part)
    for part in parts:
        if alike(part) != alike(first):
            raise ValueError(f"these runs cannot be joined: {alike(first)} in one, {alike(part)} in "
                             "another")
    if isinstance(first, list):
        return [joined(entries) for entries in zip(*parts)]
    if isinstance(first, dict):
        return {key: joined([part[key] for part in parts]) for key in first}
    return first


def derive(results):
    """Everything that the tables show, from what measure() returned."""
    limits = {(limit["workload"], limit["threads"]): rate(limit) for limit in results["limits"]}
    rows = [derive_row(entry, limits) for entry in results["cells"]]
    compare_with_one_thread(rows)
    return {
        "limits": [{"threads": threads, "gflops": limits[workloads.SGEMM, threads] / 1e9,
                    "gbytes": limits[workloads.TRIAD, threads] / 1e9}
                   for threads in sorted({threads for _, threads in limits})],
        "rows": rows,
        "memory": [derive_memory(entry) for entry in results["cells"]
                   if entry["threads"] == 1 and Cell(entry["workload"], 1).trains],
        "sweep": derive_sweep(rows),
        "spread": derive_spread(results),
        "costs": derive_costs(rows),
        "beside": results.get("beside", 0),
        "repeated": results.get("repeated", 0),
        "all_threads": derive_all_threads(rows) if results.get("beside") else [],
        "program_bytes": results["train_digits_bytes"],
        "program_missed": results["train_digits_bytes"] > workloads.PROGRAM_BYTES,
    }


def rate(entry):
    """Operations or bytes a second of a limit."""
    cell = Cell(entry["workload"], entry["threads"])
    return (cell.flops or cell.bytes) / median(entry["nanoseconds"]) * 1e9


def best(libtorch, key):
    """Name and median of the configuration with the least of something."""
    medians = {name: median(figures[key]) for name, figures in libtorch.items() if key in figures}
    return min(medians.items(), key=lambda item: item[1]) if medians else (None, None)


def derive_row(entry, limits):
    cell = Cell(entry["workload"], entry["threads"])
    ours = median(entry["plumb"]["nanoseconds"])
    configuration, theirs = best(entry["libtorch"], "nanoseconds")
    row = {"workload": cell.workload, "threads": cell.threads, "plumb_ns": ours,
           "libtorch_ns": theirs, "configuration": configuration,
           "ratio": theirs / ours if theirs else None, "ratio_target": cell.ratio_target,
           "gflops": cell.flops / ours, "gbytes": cell.bytes / ours,
           "share": None, "share_target": cell.share_target}
    if cell.flops:
        row["share"] = cell.flops / ours * 1e9 / limits[workloads.SGEMM, cell.threads]
    elif cell.name in workloads.PASSES:
        row["share"] = cell.bytes / ours * 1e9 / limits[workloads.TRIAD, cell.threads]
    row["ratio_missed"] = below(row["ratio"], row["ratio_target"])
    row["share_missed"] = below(row["share"], row["share_target"])
    return row


def derive_spread(results):
    """By how much of their median the times of a workload vary from round to round of a run, on each
    side: the median over the workloads, of several runs the mean. None where a run has one round."""
    runs = results.get("runs", [results["rounds"]])
    if min(runs) < 2:
        return None

    def spread(times):
        ends = list(accumulate(runs))
        parts = [times[end - count:end] for end, count in zip(ends, runs)]
        return mean((max(part) - min(part)) / median(part) for part in parts)

    sides = {"plumb": [spread(entry["plumb"]["nanoseconds"]) for entry in results["cells"]],
             "libtorch": [spread(figures["nanoseconds"]) for entry in results["cells"]
                          for figures in entry["libtorch"].values()]}
    medians = {side: median(spreads) for side, spreads in sides.items() if spreads}
    return {"sides": medians, "busy": max(medians.values()) > QUIET}


def spread_of(entry):
    """By how much of their median plumb's times of an entry vary."""
    times = entry["plumb"]["nanoseconds"]
    return (max(times) - min(times)) / median(times)


def below(value, target):
    return value is not None and target is not None and value < target


def compare_with_one_thread(rows):
    alone = {row["workload"]: row["ratio"] for row in rows if row["threads"] == 1}
    for row in rows:
        before = alone.get(row["workload"])
        if row["threads"] == 2 and row["workload"] in workloads.NO_WORSE_THAN_ONE_THREAD and before:
            row["ratio_target"] = NO_WORSE * before
            row["ratio_missed"] = below(row["ratio"], row["ratio_target"])


def derive_memory(entry):
    workload = entry["workload"]
    ours = median(entry["plumb"]["peak_kib"])
    _, theirs = best(entry["libtorch"], "peak_kib")
    start = median(entry["plumb"]["first_step_ms"])
    _, their_start = best(entry["libtorch"], "first_step_ms")
    share, share_target = ours / theirs if theirs else None, workloads.MEMORY.get(workload)
    start_target = workloads.START.get(workload)
    return {"workload": workload, "plumb_kib": ours, "libtorch_kib": theirs, "share": share,
            "share_target": share_target, "share_missed": below(share_target, share),
            "start_ms": start, "libtorch_start_ms": their_start, "start_target": start_target,
            "start_missed": below(start_target, start)}


def derive_costs(rows):
    """What one workload takes in times of another, where both were measured."""
    times = {row["workload"]: row["plumb_ns"] for row in rows if row["threads"] == 1}
    return [{"workload": name, "base": base, "times": times[name] / times[base], "target": most,
             "missed": times[name] / times[base] > most}
            for name, (base, most) in workloads.COSTS.items() if name in times and base in times]


def derive_all_threads(rows):
    """What several threads take in times of the better of one thread and of them, on each side."""
    alone = {row["workload"]: row for row in rows if row["threads"] == 1}
    times = []
    for row in rows:
        one = alone.get(row["workload"])
        if row["threads"] == 1 or one is None:
            continue
        sides = {side: max(1, row[f"{side}_ns"] / one[f"{side}_ns"])
                 for side in ("plumb", "libtorch") if row[f"{side}_ns"] and one[f"{side}_ns"]}
        times.append({"workload": row["workload"], "threads": row["threads"], "sides": sides,
                      "missed": sides["plumb"] > workloads.BESIDE})
    return times


def derive_sweep(rows):
    """How far the MLP's throughput drops with growing batches once it has peaked, on each side."""
    points = sorted((Cell(row["workload"], 1).size, row) for row in rows
                    if row["workload"] in workloads.SWEEP and row["threads"] == 1)
    if len(points) < len(workloads.SWEEP):
        return None
    drops = {}
    for side in ("plumb", "libtorch"):
        if any(row[f"{side}_ns"] is None for _, row in points):
            continue
        throughput = [batch / row[f"{side}_ns"] for batch, row in points]
        peak = throughput.index(max(throughput))
        drops[side] = 1 - min(throughput[peak:]) / throughput[peak]
    return {"drops": drops, "missed": drops["plumb"] > workloads.SWEEP_DROP}
