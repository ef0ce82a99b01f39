"""The programs of both sides: building them, and one run of one in a process of its own."""
import functools
import glob
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OURS = ROOT / "build" / "bench"
THEIRS = ROOT / "build" / "libtorch"

# A machine may have set these to what slows OpenBLAS down, or turned plumb's kernels off.
CLEANED = ("OPENBLAS_", "GOTO_", "OMP_", "GOMP_", "PLUMB_", "BENCH_")


class Failure(Exception):
    pass


@dataclass(frozen=True)
class Configuration:
    """Which OpenBLAS libtorch is given, how many threads, and for which processor."""
    name: str
    folder: str = ""
    blas_threads: int = 1
    core: str = ""


@functools.lru_cache(maxsize=None)
def core_for(folder):
    """The OPENBLAS_CORETYPE that an OpenBLAS needs, "" where it knows the processor: one that is younger
    than the library is taken for a Prescott of 2004."""
    program = ("import ctypes; blas = ctypes.CDLL('libblas.so.3'); "
               "name = blas.openblas_get_corename; name.restype = ctypes.c_char_p; "
               "print(name().decode())")
    env = {k: v for k, v in os.environ.items() if not k.startswith(CLEANED)}
    known = subprocess.run(["python3", "-c", program], env=dict(env, LD_LIBRARY_PATH=folder),
                           capture_output=True, text=True).stdout.strip()
    flags = Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
    if known in ("SkylakeX", "Cooperlake", "Sapphirerapids", "Zen", "Haswell"):
        return ""
    return "SkylakeX" if "avx512f" in flags else "Haswell" if "avx2" in flags else ""


def configurations(threads):
    """What libtorch may do best with. Debian has two OpenBLAS, each in a folder of its own."""
    folders = {kind: os.path.dirname(found[0]) for kind in ("openmp", "pthread")
               if (found := glob.glob(f"/usr/lib/*/openblas-{kind}/libblas.so.3"))}
    if not folders:
        return [Configuration("default", "", threads)]
    result = []
    def add(name, kind, blas_threads):
        core = core_for(folders[kind])
        result.append(Configuration(f"{name} {core}".rstrip(), folders[kind], blas_threads, core))

    if "openmp" in folders:
        add("openmp", "openmp", threads)
    if "pthread" in folders:
        for n in sorted({1, threads}):
            add(f"pthread-{n}", "pthread", n)
    return result


def install():
    """What is needed and missing, through tools/lib.sh."""
    script = ('source tools/lib.sh; ensure "${build_packages[@]}" "${bench_packages[@]}";'
              'if installed libtorch-dev; then ensure "${peer_packages[@]}"; fi')
    if subprocess.run(["bash", "-c", script, "bench/run"], cwd=ROOT).returncode != 0:
        raise Failure("packages are missing")


def build():
    """Builds both sides; returns whether libtorch is there."""
    def command(*words, required=True):
        done = subprocess.run(words, cwd=ROOT, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        if done.returncode != 0 and required:
            raise Failure(f"{' '.join(map(str, words))}\n{done.stdout}")
        return done.returncode == 0

    jobs = os.environ.get("CMAKE_BUILD_PARALLEL_LEVEL", str(os.cpu_count()))
    command("cmake", "-S", ".", "-B", OURS, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
            "-DPLUMB_BUILD_BENCH=ON", "-DPLUMB_BUILD_EXAMPLES=ON", "-DPLUMB_BUILD_TESTS=OFF")
    command("cmake", "--build", OURS, "-j", jobs)
    found = command("cmake", "-S", "bench/libtorch", "-B", THEIRS, "-G", "Ninja", required=False)
    if found:
        command("cmake", "--build", THEIRS, "-j", jobs)
    return found


def stripped_size():
    """Bytes of the train_digits program without symbols."""
    with tempfile.NamedTemporaryFile() as file:
        subprocess.run(["strip", "-o", file.name, OURS / "examples" / "train_digits"], check=True)
        return os.path.getsize(file.name)


def environment(threads, configuration=None):
    clean = {k: v for k, v in os.environ.items() if not k.startswith(CLEANED)}
    clean["OMP_NUM_THREADS"] = clean["OPENBLAS_NUM_THREADS"] = str(threads)
    if configuration and configuration.folder:
        clean["OPENBLAS_NUM_THREADS"] = str(configuration.blas_threads)
        clean["LD_LIBRARY_PATH"] = configuration.folder
    if configuration and configuration.core:
        clean["OPENBLAS_CORETYPE"] = configuration.core
    return clean


def run(program, cell, seconds, configuration=None):
    """One process: {"check": [...], "nanoseconds": n, "peak_kib": n, "first_step_ms": n}."""
    env = environment(cell.threads, configuration)
    env["BENCH_STARTED_NS"] = str(time.monotonic_ns())
    done = subprocess.run([program, cell.workload, str(cell.threads), str(seconds)], env=env,
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"{program} {cell.workload} ended with {done.returncode}: {done.stderr}")
    result = {"check": []}
    for line in done.stdout.splitlines():
        key, _, value = line.partition(" ")
        if key == "check":
            result["check"].append(float(value))
        else:
            result[key] = value if key == "blas" else float(value)
    loaded = result.get("blas", "")
    if configuration and configuration.folder and not loaded.startswith(configuration.folder):
        raise Failure(f"{program}: wanted the OpenBLAS of {configuration.folder}, got '{loaded}'")
    return result


def limit(cell, seconds):
    """With the OpenBLAS that is there, told the processor where it does not know it."""
    told = Configuration("", "", cell.threads, core_for(""))
    return run(OURS / "bench" / "limits", cell, seconds, told)


def ours(cell, seconds):
    return run(OURS / "bench" / "steps", cell, seconds)


def theirs(cell, seconds, configuration):
    return run(THEIRS / "libtorch_steps", cell, seconds, configuration)
