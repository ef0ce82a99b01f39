"""The tables of docs/kernels.md, from the figures of one or more machines."""
import re
import statistics

from harness import report

SETS = {"base": "SSE2", "v3": "AVX2", "v4": "AVX-512"}
WAYS = {"product": ("register", "thin", "narrow", "OpenBLAS"),
        "convolution": ("im2col", "plane", "plane_weight", "direct", "shifted", "winograd")}
PLAIN = {"product": "OpenBLAS", "convolution": "im2col"}


def median(entry):
    return statistics.median(entry["nanoseconds"])


def rows(figures, table, isa):
    """{row: {way: median nanoseconds}} and {row: operations of one call}."""
    times, work = {}, {}
    for entry in figures["times"]:
        if (entry["table"], entry["isa"]) == (table, isa):
            times.setdefault(entry["row"], {})[entry["way"]] = median(entry)
            work[entry["row"]] = entry["work"]
    return times, work


def sets(figures, table):
    return [isa for isa in reversed(SETS) if rows(figures, table, isa)[0]]


def spread(figures):
    """By how much rounds differ, in the median over what was timed."""
    found = [(max(e["nanoseconds"]) - min(e["nanoseconds"])) / median(e) for e in figures["times"]]
    return f"{100 * statistics.median(found):.0f} %" if found else "-"


def machines(all_figures):
    lines = []
    for f in all_figures:
        cores = "; ".join(f"{name}: {value}" for name, value in f["notes"].items())
        lines.append(f"- {f['processor']}; {f['processors']} processors. {f['date']}, medians of "
                     f"{f['rounds']} rounds, which differ by {spread(f)}. {cores}.")
    return "\n".join(lines)


def short_name(figures):
    """The processor without what every processor has in its name."""
    return re.sub(r"\((R|TM)\)|,.*| @.*| CPU| Processor", "", figures["processor"]).strip()


def speeds(all_figures, table):
    """GFLOP/s of every algorithm, and how many times as fast as the plain one the chosen is."""
    parts = []
    for figures in all_figures:
        for isa in sets(figures, table):
            times, work = rows(figures, table, isa)
            ways = [way for way in WAYS[table] if any(way in t for t in times.values())]
            body = []
            for row, t in times.items():
                cells = [f"{work[row] / t[way]:.3g}" if way in t else "" for way in ways]
                body.append([row, *cells, f"{work[row] / t['chosen']:.3g}",
                             f"{t[PLAIN[table]] / t['chosen']:.2f}"])
            head = ["shape", *ways, "chosen", f"chosen : {PLAIN[table]}"]
            parts.append(f"{short_name(figures)}, {SETS[isa]}:\n\n{report.as_markdown(head, body)}")
    return "\n\n".join(parts)


# Result and gradients of a convolution are the work of different code.
PARTS = {"product": ("",), "convolution": ("forward", "dX", "dW")}


def gains(all_figures):
    """For each algorithm: where it is the fastest, and how much the next best would lose there."""
    columns = [(f, isa) for f in all_figures for isa in ("v4", "v3")
               if isa in sets(f, "product")]
    body = []
    for table in WAYS:
        for part in PARTS[table]:
            for way in WAYS[table]:
                cells = [gain(f, table, isa, part, way) for f, isa in columns]
                if any(cells):
                    body.append([", ".join(filter(None, (way, part))), *cells])
    head = ["algorithm", *(f"{short_name(f)}, {SETS[isa]}" for f, isa in columns)]
    return report.as_markdown(head, body) + "\n\n" + "\n".join(choices(columns))


def gain(figures, table, isa, part, way):
    served, over = 0, {}
    for row, t in rows(figures, table, isa)[0].items():
        others = [ns for name, ns in t.items() if name not in (way, "chosen")]
        if way not in t or not others or (part and not row.endswith(part)):
            continue
        served += 1
        if t[way] < min(others):
            over[row] = min(others) / t[way]
    if not served:
        return ""
    if not over:
        return f"0 of {served}"
    return (f"{len(over)} of {served}, {statistics.median(over.values()):.2f}, "
            f"most {max(over.values()):.2f}")


def choices(columns):
    """In how many shapes the choice is not the fastest, and the worst of them."""
    for figures, isa in columns:
        for table in WAYS:
            times, _ = rows(figures, table, isa)
            if not times:
                continue
            late = []
            for row, t in times.items():
                best, way = min((ns, way) for way, ns in t.items() if way != "chosen")
                if t["chosen"] > 1.05 * best:
                    late.append((t["chosen"] / best, row, way))
            worst = "; ".join(f"{row} ({way} is {factor:.2f} times as fast)"
                              for factor, row, way in sorted(late, reverse=True)[:5])
            yield (f"- {short_name(figures)}, {SETS[isa]}: of {len(times)} {table}s the choice loses "
                   f"more than 5 % in {len(late)}" + (f", most in: {worst}." if late else "."))


def simd(all_figures):
    errors = {}
    for f in all_figures:
        for e in f["errors"]:
            kept = errors.setdefault(e["function"], {}).setdefault(e["way"], e)
            if e["worst"] > kept["worst"]:
                errors[e["function"]][e["way"]] = e
    libraries = ("plumb", "xsimd", "Highway")

    def error(e):
        return f"{e['worst']:.3g} ({e['mean']:.2f}), {e['wrong']}" if e else ""

    parts = ["Errors in units in the last place, worst (mean), and results of the wrong kind:\n\n"
             + report.as_markdown(["function", *libraries], [
                 [function, *(error(ways.get(library)) for library in libraries)]
                 for function, ways in errors.items()])]
    for figures in all_figures:
        found = list(reversed(sets(figures, "simd")))
        if not found:
            continue
        head, body = ["nanoseconds an element"], {}
        for isa in found:
            head += [f"{SETS[isa]}, plumb", "xsimd", "Highway"]
            times, work = rows(figures, "simd", isa)
            for row, t in times.items():
                # A tile by its operations, a thousand at a time.
                per = work[row] / (1000 if "tile" in row else 1)
                cells = [f"{t[library] / per:.2f}" if library in t else "" for library in libraries]
                body.setdefault(row, []).extend(cells)
        parts.append(f"{short_name(figures)}; a tile: for a thousand operations:\n\n"
                     + report.as_markdown(head, [[row, *cells] for row, cells in body.items()]))
    return "\n\n".join(parts)


def microseconds(rounds):
    value = statistics.median(rounds)
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"


def threads(all_figures):
    parts = []
    for figures in all_figures:
        pools = ("plumb", "openmp", "tbb")
        found, body = {}, []
        for e in figures["loops"]:
            found.setdefault((e["busy"], e["length"], e["threads"]), {})[e["pool"]] = e

        def cell(e):
            return (f"{microseconds(e['median'])} ({microseconds(e['p99'])})" if e else "")

        for (busy, length, count), e in sorted(found.items()):
            body.append([f"{length} us" + (", beside a busy process" if busy else ", alone"),
                         microseconds([length / count]), *(cell(e.get(pool)) for pool in pools)])
        if body:
            count = figures["loops"][0]["threads"]
            parts.append(f"{short_name(figures)}, {count} threads, microseconds, median (99th "
                         "percentile):\n\n" + report.as_markdown(
                             ["work", "divided evenly", "plumb", "omp parallel", "oneTBB"], body))
    return "\n\n".join(parts)


def sections(all_figures):
    return {"machines": machines(all_figures), "gains": gains(all_figures),
            "products": speeds(all_figures, "product"),
            "convolutions": speeds(all_figures, "convolution"),
            "simd": simd(all_figures), "threads": threads(all_figures)}


def marks(name):
    return f"<!-- {name}: written by bench/alternatives/run -->", f"<!-- end of {name} -->"


def split(path):
    """The document, in which every section has its two marks."""
    with open(path, encoding="utf-8") as file:
        document = file.read()
    for name in ("machines", "gains", "products", "convolutions", "simd", "threads"):
        begin, end = marks(name)
        if begin not in document or end not in document.partition(begin)[2]:
            raise ValueError(f"{path} has no lines '{begin}' and '{end}'")
    return document


def replace(path, sections_by_name):
    document = split(path)
    for name, section in sections_by_name.items():
        begin, end = marks(name)
        before, _, rest = document.partition(begin)
        document = f"{before}{begin}\n\n{section}\n\n{end}{rest.partition(end)[2]}"
    with open(path, "w", encoding="utf-8") as file:
        file.write(document)
