"""What is measured: the workloads, the work in one call of each, and the targets."""
from dataclasses import dataclass

# Multiplications for one sample: of the first layer, which has no gradient of its input, and of
# the others. Convolutions count as they are defined, however they are computed.
MULTIPLICATIONS = {
    "mlp": (784 * 256, 256 * 128 + 128 * 10),
    "lenet": (6 * 28 * 28 * 25, 16 * 10 * 10 * 6 * 25 + 400 * 120 + 120 * 84 + 84 * 10),
    "cnn": (32 * 26 * 26 * 9, 64 * 24 * 24 * 32 * 9 + 9216 * 128 + 128 * 10),
    "cnnbn": (32 * 28 * 28 * 9, 64 * 14 * 14 * 32 * 9 + 3136 * 10),
    "lstm": (28 * 28 * 512, 28 * 128 * 512 + 128 * 10),
    "gru": (28 * 28 * 384, 28 * 128 * 384 + 128 * 10),
}
for net in ("mlp", "cnn"):
    MULTIPLICATIONS[f"converged-{net}"] = MULTIPLICATIONS[net]
# For a window of 64 characters: every product has a gradient of its input, and a causal mask leaves
# half of attention's.
MULTIPLICATIONS["gpt"] = (0, 64 * (4 * 12 * 128 * 128 + 128 * 65) + 4 * 64 * 65 * 128)
# How often an optimizer reads or writes a number for each parameter.
PASSES = {"plain": 3, "momentum": 5, "debiased": 5, "accumulate": 7, "adam": 7, "decayed-adam": 7,
          "lion": 5, "adamw": 7, "nadam": 7, "radam": 7}

# Least ratio to libtorch, for one thread and for two.
RATIOS = {
    "mlp-1": (3.2, 3.2), "mlp-32": (1.7, 2.2), "mlp-64": (1.45, 2.4), "mlp-128": (1.25, 2.2),
    "mlp-512": (1.1, 2), "mlp-8192": (1.2, 1.6), "mlp-32768": (1.2, 1.6),
    "tiny-32": (25, 25),
    "lenet-1": (5, 5), "lenet-32": (3, 3.3), "lenet-64": (3.2, 3.3), "lenet-128": (3.2, 3.5),
    "lenet-1024": (3.8, 5.5),
    "cnn-1": (3.4, 3), "cnn-64": (1.9, 2.1), "cnn-128": (1.9, 2.2),
    "cnnbn-64": (2.7, 2.8),
    "lstm-64": (2.2, None), "gru-64": (2.5, None),
    "plain-50": (0.95, None), "momentum-50": (1.1, None), "debiased-50": (None, None),
    "accumulate-50": (None, None),
    "adam-50": (2, None),
    "lion-50": (None, None), "adamw-50": (None, None), "nadam-50": (None, None),
    "radam-50": (None, None), "muon-784": (None, None), "muon-products-784": (None, None),
    "converged-mlp-1": (None, None), "converged-cnn-1": (None, None), "decayed-adam-50": (None, None),
    "gpt-12": (1.35, None),
    "embedding-1000000": (None, None),
    "mul-8": (15, None), "chain-8": (28, None),
    "loader-64": (None, None),
    "mel-1200": (None, None),
}
NO_WORSE_THAN_ONE_THREAD = {"plain-50", "momentum-50", "adam-50"}  # their ratio at two threads
ONE_THREAD_ONLY = {"converged-mlp-1", "converged-cnn-1", "decayed-adam-50", "lion-50", "adamw-50",
                   "nadam-50", "radam-50", "muon-784", "muon-products-784", "mul-8", "chain-8",
                   "loader-64", "mel-1200"}
# Least share of the measured limit, at one thread.
SHARES = {"mlp-512": 0.8, "plain-50": 0.85, "momentum-50": 0.85, "adam-50": 0.85}
# The most that a step may take, in times of another workload's at one thread.
COSTS = {"debiased-50": ("momentum-50", 1.05), "accumulate-50": ("momentum-50", 1.8),
         "converged-mlp-1": ("mlp-1", 1.05), "converged-cnn-1": ("cnn-1", 1.05),
         "decayed-adam-50": ("adam-50", 1.05),  # subnormal numbers cost nothing
         "lion-50": ("momentum-50", 1.05), "adamw-50": ("adam-50", 1.1),
         "nadam-50": ("adam-50", 1.1), "radam-50": ("adam-50", 1.1),
         "muon-784": ("muon-products-784", 1.3)}
# Most memory, as a share of libtorch's, and most milliseconds from process start to first step.
MEMORY = {"lenet-128": 0.5, "mlp-8192": 0.5}
START = {"mlp-64": 20, "lenet-64": 20}
PROGRAM_BYTES = 5e6
# The most that all threads may take beside other programs, in times of the better of one and all.
BESIDE = 1.1
BESIDE_CELLS = ["mlp-64", "mlp-512", "lenet-64", "cnn-64"]
# How far throughput may drop with growing batches once it has peaked.
SWEEP_DROP = 0.15
SWEEP = [f"mlp-{2 ** power}" for power in range(16)]

QUICK = ["mlp-1", "mlp-64", "mlp-512", "tiny-32", "lenet-64", "cnn-64", "cnnbn-64", "gpt-12",
         "momentum-50", "mul-8", "chain-8", "loader-64"]


@dataclass(frozen=True)
class Cell:
    """A workload at a number of threads."""
    workload: str
    threads: int

    @property
    def name(self):
        return self.workload.rpartition("-")[0]

    @property
    def size(self):
        return int(self.workload.rpartition("-")[2])

    @property
    def trains(self):
        """Whether it is the training step of a net: memory and start are of interest."""
        return self.name in MULTIPLICATIONS or self.name == "tiny"

    @property
    def flops(self):
        """Of one call; 0 where another limit counts."""
        if self.name == "sgemm":
            return 2 * self.size ** 3
        if self.name in ("muon", "muon-products"):  # of a matrix of 256 rows
            return 5 * 2 * (2 * 256 * 256 * self.size + 256 ** 3)
        if self.name not in MULTIPLICATIONS:
            return 0
        first, others = MULTIPLICATIONS[self.name]
        return 2 * self.size * (2 * first + 3 * others)

    @property
    def bytes(self):
        """Read and written by one call where memory is the limit; for the loader, delivered."""
        if self.name == "triad":
            return 3 * 4 * self.size * 1e6
        if self.name == "loader":
            return 4 * 784 * self.size
        if self.name == "embedding":
            return 2 * 4 * 64 * self.size  # rows written and gradients read; the table stays in a cache
        return PASSES.get(self.name, 0) * 4 * self.size * 1e6

    @property
    def ratio_target(self):
        targets = RATIOS.get(self.workload, ())
        return targets[self.threads - 1] if self.threads <= len(targets) else None

    @property
    def share_target(self):
        return SHARES.get(self.workload) if self.threads == 1 else None


SGEMM, TRIAD = "sgemm-2048", "triad-50"


def limits(cells):
    """The machine's limits, for the numbers of threads of the cells."""
    threads = sorted({cell.threads for cell in cells})
    return [Cell(limit, n) for n in threads for limit in (SGEMM, TRIAD)]


def table(workloads):
    return [Cell(workload, threads) for workload in workloads for threads in (1, 2)
            if threads == 1 or workload not in ONE_THREAD_ONLY]


def everything():
    cells = table(RATIOS)
    return cells + [Cell(workload, 1) for workload in SWEEP if Cell(workload, 1) not in cells]


def quick():
    return table(QUICK)


def beside():
    return table(BESIDE_CELLS)


def parse(argument):
    """The cell of WORKLOAD-SIZE[:THREADS]; one thread where nothing is said."""
    workload, _, threads = argument.partition(":")
    name, _, size = workload.rpartition("-")
    if not name or not size.isdigit() or not (threads or "1").isdigit():
        raise ValueError(f"expected WORKLOAD-SIZE[:THREADS] such as mlp-64:2, got '{argument}'")
    return Cell(workload, int(threads or 1))
