"""The tables, as text and as Markdown."""
from . import workloads

MISSED = "missed"


def duration(ns):
    if ns is None:
        return "-"
    for limit, unit, scale in ((1e3, "ns", 1), (1e6, "us", 1e3), (float("inf"), "ms", 1e6)):
        if ns < limit:
            return f"{ns / scale:.4g} {unit}" if ns / scale < 1000 else f"{ns / scale:.0f} {unit}"


def number(value, form="{:.2f}"):
    return "-" if value is None else form.format(value)


def percent(value):
    return number(value and 100 * value, "{:.0f} %")


def target(value, form, sign=">="):
    return "" if value is None else f"{sign} {form.format(value)}"


def speed(row):
    if row["gflops"]:
        return f"{row['gflops']:.1f} GFLOP/s"
    return f"{row['gbytes']:.1f} GB/s" if row["gbytes"] else "-"


def listed(rows, derived):
    """Without the batch sizes that are measured for the picture only."""
    if not derived["sweep"]:
        return rows
    return [row for row in rows if row["workload"] in workloads.RATIOS]


def speed_table(derived):
    rows = listed(derived["rows"], derived)
    head = ["workload", "threads", "plumb", "libtorch", "its OpenBLAS", "ratio", "target", "",
            "speed", "of limit", "target", ""]
    return head, [[row["workload"], str(row["threads"]), duration(row["plumb_ns"]),
                   duration(row["libtorch_ns"]), row["configuration"] or "-", number(row["ratio"]),
                   target(row["ratio_target"], "{:.2f}"), MISSED if row["ratio_missed"] else "",
                   speed(row), percent(row["share"]),
                   target(row["share_target"] and 100 * row["share_target"], "{:.0f} %"),
                   MISSED if row["share_missed"] else ""] for row in rows]


def memory_table(derived):
    rows = listed(derived["memory"], derived)

    def mib(kib):
        return number(kib and kib / 1024, "{:.0f} MiB")

    def ms(value):
        return number(value, "{:.1f} ms")

    head = ["workload", "plumb", "libtorch", "share", "target", "", "first step", "libtorch",
            "target", ""]
    return head, [[row["workload"], mib(row["plumb_kib"]), mib(row["libtorch_kib"]),
                   number(row["share"]), target(row["share_target"], "{:.2f}", "<="),
                   MISSED if row["share_missed"] else "", ms(row["start_ms"]),
                   ms(row["libtorch_start_ms"]), target(row["start_target"], "{:.0f} ms", "<="),
                   MISSED if row["start_missed"] else ""] for row in rows]


def sentences(derived):
    """What stands beneath the tables."""
    for limit in derived["limits"]:
        yield (f"Limits, threads {limit['threads']}: sgemm {limit['gflops']:.1f} GFLOP/s, "
               f"triad in place {limit['gbytes']:.1f} GB/s.")
    for cost in derived["costs"]:
        yield (f"{cost['workload']} takes {cost['times']:.2f} times as long as {cost['base']}, one "
               f"thread; target <= {cost['target']:.2f}" + (f", {MISSED}." if cost["missed"] else "."))
    for row in derived["all_threads"]:
        sides = ", ".join(f"{side} {times:.2f}" for side, times in row["sides"].items())
        yield (f"Beside {derived['beside']} busy programs {row['workload']} takes with {row['threads']} "
               f"threads, in times of the better of one and all: {sides}; target <= "
               f"{workloads.BESIDE:.2f}" + (f", {MISSED}." if row["missed"] else "."))
    if derived["repeated"]:
        yield f"Measured once more, for their rounds were far apart: {derived['repeated']} cells."
    spread = derived["spread"]
    if spread:
        sides = ", ".join(f"{side} {percent(value)}" for side, value in spread["sides"].items())
        yield (f"From round to round times vary by, in the median over the workloads: {sides}"
               + (". The machine was busy: these ratios are not to be trusted."
                  if spread["busy"] and not derived["beside"] else "."))
    size = derived["program_bytes"] / 1e6
    yield (f"The stripped train_digits: {size:.2f} MB, target <= {workloads.PROGRAM_BYTES / 1e6:.0f} MB"
           + (f", {MISSED}." if derived["program_missed"] else "."))
    sweep = derived["sweep"]
    if sweep:
        drops = ", ".join(f"{side} {percent(drop)}" for side, drop in sweep["drops"].items())
        yield (f"MLP, one thread, batch 1 to 32768: throughput drops after its peak by: {drops}; "
               f"target <= {percent(workloads.SWEEP_DROP)}"
               + (f", {MISSED}." if sweep["missed"] else "."))


def as_text(head, rows):
    widths = [max(map(len, column)) for column in zip(head, *rows)]
    lines = []
    for row in [head] + rows:
        first, *others = (text.ljust(width) if i == 0 else text.rjust(width)
                          for i, (text, width) in enumerate(zip(row, widths)))
        lines.append("  ".join([first, *others]).rstrip())
    return "\n".join(lines)


def as_markdown(head, rows):
    # The columns of marks have no title and belong to the target left of them.
    marks = [i for i, title in enumerate(head) if not title]

    def merged(row):
        row = [f"{text} **{row[i + 1]}**" if i + 1 in marks and row[i + 1] else text
               for i, text in enumerate(row)]
        return "| " + " | ".join(text for i, text in enumerate(row) if i not in marks) + " |"

    columns = len(head) - len(marks)
    rule = "| --- |" + " ---: |" * (columns - 1)
    return "\n".join([merged(head), rule] + [merged(row) for row in rows])


def text(derived):
    parts = [as_text(*speed_table(derived))]
    if derived["memory"]:
        parts.append("Peak memory of three steps, and time from process start to the first step\n"
                     + as_text(*memory_table(derived)))
    return "\n\n".join(parts + ["\n".join(sentences(derived))])


def markdown(results, derived, when):
    machine = [f"{name}: {value}" for name, value in results["machine"].items() if value]
    runs = f" in {len(results['runs'])} runs" if len(results.get("runs", ())) > 1 else ""
    parts = [f"Measured {when}, medians of {results['rounds']} rounds{runs}.",
             "\n".join(f"- {line}" for line in machine),
             "### Speed", as_markdown(*speed_table(derived))]
    if derived["memory"]:
        parts += ["### Memory and start", as_markdown(*memory_table(derived))]
    parts.append("\n".join(f"- {line}" for line in sentences(derived)))
    if derived["sweep"]:
        parts += ["### Batch sizes, MLP, one thread",
                  "![throughput and peak memory against the batch size](benchmarks.svg)"]
    return "\n\n".join(parts)


BEGIN, END = "<!-- figures: written by bench/run -->", "<!-- end of figures -->"


def around_section(path):
    """What stands before and behind the two marks of a document."""
    with open(path, encoding="utf-8") as file:
        document = file.read()
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{path} has no lines '{BEGIN}' and '{END}'")
    return before, after


def replace_section(path, section):
    """Puts the section between the two marks of a document."""
    before, after = around_section(path)
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{before}{BEGIN}\n\n{section}\n\n{END}{after}")
