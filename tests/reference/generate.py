#!/usr/bin/python3
"""Writes the reference values beside this file: what PyTorch 1.13 computes in float64.

    /usr/bin/python3 tests/reference/generate.py

Each family of operations has a text file of cases, separated by empty lines:

    case sum axes=0,2 keepdims=1      the operation and its options
    # [2,3,4]                         the shapes of the inputs
    in [2,3,4] 0.5 -1.25 ...          a differentiated input
    out [1,3,1] ...                   the result
    seed [1,3,1] ...                  the gradient of the result
    grad [2,3,4] ...                  the gradients of the inputs, in their order
    second 0.25 -3.5                  of the gradients of gradients, see `second_products`

A constant that is not differentiated stands among the inputs as `const` (floating), `index`
(integers) or `mask` (0 or 1). `edge` instead of `case` marks extreme values, kinks and empty
tensors, where finite differences say nothing. All inputs and seeds are exact in float32, so both
precisions see the same numbers; they depend on the text of the case alone.

    /usr/bin/python3 tests/reference/generate.py --random SEED FOLDER

writes into another folder, each case but the edges in a larger shape drawn at random: sizes of 2 and
more grow, equal ones alike, and constants with them. Cases that PyTorch refuses then, for an option that names a size, are left
out. The other generators take the same arguments; `PLUMB_REFERENCE=FOLDER plumb_tests` reads the folder.
"""
import argparse
import itertools
import math
import pathlib
import warnings
import zlib

import numpy
import torch
import torch.nn.functional as F

torch.set_num_threads(1)
warnings.filterwarnings("ignore", message="reduction: 'mean' divides")  # kl_div, as intended here

parser = argparse.ArgumentParser()
parser.add_argument("--random", nargs=2, metavar=("SEED", "FOLDER"))
at_random = parser.parse_args().random

# --- the files ----------------------------------------------------------------------------------


class Drawn:
    """Random values of a shape, drawn when the case is known."""

    def __init__(self, shape, low, high, rough=False):
        self.shape, self.low, self.high, self.rough = shape, low, high, rough

    def draw(self, random, number):
        if self.rough:
            drawn = random.uniform(self.low, self.high, self.shape)
            return torch.from_numpy(drawn).float().double()
        # Different numbers on a grid of 1/64 between its lines, shifted by the input's number: no
        # ties in a tensor or between two, and no kinks at the round numbers used as options.
        grid = numpy.arange(round(self.low * 64), round(self.high * 64))
        count = math.prod(self.shape)
        drawn = random.choice(grid, count, replace=count > len(grid))
        return torch.from_numpy((drawn + 0.5) / 64 + number / 1024).reshape(self.shape)


def draw(*shape, low=-3.0, high=3.0):
    return Drawn(shape, low, high)


def positive(*shape):
    return Drawn(shape, 0.25, 3.0)


def rough(*shape):
    """Values that fill the mantissa of float32, for sums and products that have to round."""
    return Drawn(shape, -3.0, 3.0, rough=True)


def values(*numbers):
    return torch.tensor(numbers, dtype=torch.float32).double()


class Const:
    """A floating input that is not differentiated."""

    def __init__(self, values):
        self.values = values


def index(*numbers):
    return torch.tensor(numbers, dtype=torch.int64)


def mask(*numbers):
    return torch.tensor(numbers, dtype=torch.bool)


def number_text(value):
    text = repr(value)
    return text[:-2] if text.endswith(".0") else text


def line(word, tensor):
    if tensor.dtype in (torch.int64, torch.bool):
        tensor = tensor.to(torch.int64)
    shape = ",".join(str(size) for size in tensor.shape)
    return " ".join([word, f"[{shape}]"] + [number_text(v) for v in tensor.flatten().tolist()])


def direction(shape, offset):
    """Small numbers of either sign, exact in float32: ((5 i + 3 offset) mod 7 - 3) / 4."""
    i = torch.arange(math.prod(shape), dtype=torch.int64)
    return (((5 * i + 3 * offset) % 7 - 3) / 4).double().reshape(shape)


def second_products(result, wanted, seed):
    """One number for each differentiated input and one for the seed: the gradients, times the
    directions 0, 1, ..., are summed; the derivatives of that sum are multiplied with the
    directions 1, 2, ... and summed in turn. None where PyTorch cannot: it has no second derivatives
    of some empty tensors and of a batch norm without a weight."""
    try:
        return second_products_of(result, wanted, seed)
    except RuntimeError as error:
        print("no second derivatives:", str(error).splitlines()[0])
        return None


def second_products_of(result, wanted, seed):
    gradients = torch.autograd.grad(result, wanted, seed, create_graph=True)
    total = sum((g * direction(g.shape, k)).sum() for k, g in enumerate(gradients))
    tensors = wanted + [seed]
    if not total.requires_grad:
        return [0.0] * len(tensors)
    seconds = torch.autograd.grad(total, tensors, allow_unused=True)
    return [0.0 if s is None else (s * direction(s.shape, k + 1)).sum().item()
            for k, s in enumerate(seconds)]


def grown(name, inputs):
    """The inputs of a case in a larger shape."""
    random = numpy.random.RandomState(zlib.crc32((at_random[0] + name).encode()))
    sizes = {}

    def grow(size):
        if size > 1 and size not in sizes:
            sizes[size] = size + random.randint(2 * min(size, 20) + 1)
        return sizes.get(size, size)

    def other(spec):
        if isinstance(spec, Const):
            return Const(other(spec.values))
        shape = [grow(size) for size in spec.shape]
        if isinstance(spec, Drawn):
            return Drawn(shape, spec.low, spec.high, spec.rough)
        # Indices, masks and constants: of the values that there are.
        return torch.from_numpy(random.choice(spec.flatten().numpy(), shape)) if shape else spec
    return [other(spec) for spec in inputs]


class Family:
    def __init__(self, name):
        self.name, self.texts, self.names, self.left_out = name, [], set(), 0

    def case(self, name, function, *inputs, edge=False):
        """Adds function(*inputs), where drawn and floating tensors are differentiated."""
        if not at_random:
            return self.add(name, function, inputs, edge)
        try:
            if not edge and " shape=" not in name and " size=" not in name:
                self.add(name, function, grown(name, inputs), edge)
        except (AssertionError, IndexError, RuntimeError, TypeError, ValueError):
            self.left_out += 1

    def add(self, name, function, inputs, edge):
        def shape_of(spec):
            spec = spec.values if isinstance(spec, Const) else spec
            return "[" + ",".join(str(size) for size in spec.shape) + "]"
        note = "# " + " ".join(shape_of(spec) for spec in inputs)
        assert (name, note, edge) not in self.names or edge, (name, note)
        self.names.add((name, note, edge))
        random = numpy.random.RandomState(zlib.crc32((name + note).encode()))

        lines, tensors = [("edge " if edge else "case ") + name, note], []
        for number, spec in enumerate(inputs):
            const = isinstance(spec, Const)
            spec = spec.values if const else spec
            tensor = spec.draw(random, number) if isinstance(spec, Drawn) else spec.clone()
            if tensor.dtype == torch.float64:
                tensor.requires_grad_(not const)
            word = {torch.int64: "index", torch.bool: "mask"}.get(tensor.dtype,
                                                                  "const" if const else "in")
            lines.append(line(word, tensor.detach()))
            tensors.append(tensor)

        result = function(*tensors)
        seed = draw(*result.shape, low=-1.5, high=1.5).draw(random, 0).requires_grad_()
        wanted = [t for t in tensors if t.requires_grad]
        gradients = torch.autograd.grad(result, wanted, seed.detach(), retain_graph=True)
        assert edge or all(torch.isfinite(t).all() for t in (result, *gradients)), name
        lines += [line("out", result.detach()), line("seed", seed.detach())]
        lines += [line("grad", gradient.detach()) for gradient in gradients]
        products = None if edge else second_products(result, wanted, seed)
        if products is not None:
            lines.append(" ".join(["second"] + [number_text(p) for p in products]))
        self.texts.append("\n".join(lines))

    def edge(self, name, function, *inputs):
        self.case(name, function, *inputs, edge=True)

    def write(self):
        folder = at_random[1] if at_random else pathlib.Path(__file__).parent
        path = pathlib.Path(folder) / f"{self.name}.txt"
        if self.texts:
            path.write_text("\n\n".join(self.texts) + "\n")
        print(f"{path.name}: {len(self.texts)} cases"
              + (f", {self.left_out} left out" if at_random else ""))


def options(**chosen):
    """" axes=0,2 keepdims=1"; what is None is left out."""
    def text(value):
        if isinstance(value, (tuple, list)):
            return ",".join(str(v) for v in value)
        return str(int(value)) if isinstance(value, bool) else str(value)
    return "".join(f" {name}={text(value)}" for name, value in chosen.items() if value is not None)


# --- elementwise operations ---------------------------------------------------------------------


def arithmetic():
    f = Family("arithmetic")
    shapes = [((2, 3), (2, 3)), ((2, 3), (3,)), ((3,), (2, 3)), ((2, 1, 3), (4, 1)),
              ((1, 3), (2, 1)), ((), (2, 2)), ((2, 1, 3, 1), (3, 1, 2))]
    large = values(1000, -1000, 0, 1000, -1000, 1000), values(1000, 0.5, -1000, -0.25, -1000, 3)
    binary = [("add", torch.add), ("sub", torch.sub), ("mul", torch.mul), ("div", torch.div),
              ("maximum", torch.maximum), ("minimum", torch.minimum)]
    for name, function in binary:
        for a, b in shapes:
            divisor = positive(*b) if name == "div" else draw(*b)
            f.case(name, function, draw(*a), divisor)
        f.edge(name, function, *large)
        f.edge(name, function, draw(0, 3), draw(3))
        f.edge(name, function, draw(2, 0), draw(1, 1))
    f.edge("maximum", torch.maximum, values(1, 2, -1), values(1, -2, -1))
    f.edge("minimum", torch.minimum, values(1, 2, -1), values(1, -2, -1))
    for number in (0.375, -2.0):
        f.case(f"add number={number}", lambda x: x + number, draw(2, 3))
        f.case(f"sub number={number}", lambda x: x - number, draw(2, 3))
        f.case(f"sub left={number}", lambda x: number - x, draw(2, 3))
        f.case(f"mul number={number}", lambda x: x * number, draw(2, 3))
        f.case(f"div number={number}", lambda x: x / number, draw(2, 3))
        f.case(f"div left={number}", lambda x: number / x, positive(2, 3))
    f.case("neg", torch.neg, draw(2, 3))
    f.edge("neg", torch.neg, values(1000, -1000, 0))

    for a, b in shapes:
        f.case("pow", torch.pow, positive(*a), draw(*b))
    f.edge("pow", torch.pow, values(0, 0, 0, 1000, 1000, 0.001), values(0, 1, 2, 3, -3, 2))
    for exponent in (0, 1, 2, 3, -1, -2):
        f.case(f"pow number={exponent}", lambda x: x**exponent, draw(2, 3))
    for exponent in (0.5, -0.5, 2.5, -1.25):
        f.case(f"pow number={exponent}", lambda x: x**exponent, positive(2, 3))
    for exponent in (0, 1, 2, 3):
        f.edge(f"pow number={exponent}", lambda x: x**exponent, values(0, 1000, -1000))

    condition = mask([1, 0, 1], [0, 0, 1])
    f.case("where", lambda c, a, b: torch.where(c, a, b), condition, draw(2, 3), draw(2, 3))
    f.case("where", lambda c, a, b: torch.where(c, a, b), condition, draw(3), draw(2, 1))
    f.case("where", lambda c, a, b: torch.where(c, a, b), mask([1], [0]), draw(3), draw(4, 1, 1))
    f.edge("where", lambda c, a, b: torch.where(c, a, b), mask(1, 0),
           values(1000, math.nan), values(math.inf, -1000))
    f.write()


ends = [values(-1000, -100, -20, -1, 0), values(1000, 100, 20, 1, 0)]


def elementary():
    f = Family("math")
    for shape in ((2, 3), (), (7,), (2, 1, 9)):
        f.case("exp", torch.exp, draw(*shape))
        f.case("log", torch.log, positive(*shape))
        f.case("sqrt", torch.sqrt, positive(*shape))
        f.case("abs", torch.abs, draw(*shape))
        f.case("erf", torch.erf, draw(*shape))
        f.case("sin", torch.sin, draw(*shape))
        f.case("cos", torch.cos, draw(*shape))
        f.case("expm1", torch.expm1, draw(*shape))
        f.case("log1p", torch.log1p, positive(*shape))
    f.edge("exp", torch.exp, values(-1000, -100, -10, 0))
    f.edge("exp", torch.exp, values(80, 79, 78))
    f.edge("log", torch.log, values(1000, 1e-30, 1e30))
    f.edge("log", torch.log, values(0, 1))
    f.edge("sqrt", torch.sqrt, values(1000, 1e-30, 1e30))
    f.edge("sqrt", torch.sqrt, values(0, 1))
    f.case("erf", torch.erf, draw(24, low=-0.5, high=0.5))
    f.case("erf", torch.erf, draw(25, low=-6, high=6))
    for end in ends:
        f.edge("abs", torch.abs, end)
        f.edge("erf", torch.erf, end)
    for low, high in ((-0.5, 1.25), (-1, math.inf), (-math.inf, 0.5), (-10, 10)):
        f.case(f"clamp low={low} high={high}", lambda x: torch.clamp(x, low, high), draw(2, 9))
    f.edge("clamp low=-1 high=2", lambda x: torch.clamp(x, -1, 2),
           values(-1000, -1, 0, 2, 1000, math.nan))
    f.edge("exp", torch.exp, draw(0, 2))
    for name, function in (("sin", torch.sin), ("cos", torch.cos)):
        f.case(name, function, draw(25, low=-400, high=400))
        f.edge(name, function, values(1e6, -2e6, 1e22, 3e38, 710, 11, -333, 0))
        f.edge(name, function, draw(0, 2))
    f.case("expm1", torch.expm1, draw(25, low=-0.25, high=0.25))
    f.edge("expm1", torch.expm1, values(-1000, -100, -40, 1e-30, 20))
    f.case("log1p", torch.log1p, draw(25, low=-0.875, high=0.5))
    f.edge("log1p", torch.log1p, values(1e30, 1e-30, 1000, 0))
    f.write()


def activation():
    f = Family("activation")
    functions = [
        ("tanh", torch.tanh), ("sigmoid", torch.sigmoid), ("relu", torch.relu),
        ("leaky_relu", F.leaky_relu), ("leaky_relu slope=0.25", lambda x: F.leaky_relu(x, 0.25)),
        ("elu", F.elu), ("elu alpha=0.5", lambda x: F.elu(x, 0.5)),
        ("gelu form=exact", F.gelu), ("gelu form=tanh", lambda x: F.gelu(x, approximate="tanh")),
        ("silu", F.silu), ("softplus", F.softplus),
        ("softplus beta=2", lambda x: F.softplus(x, 2)),
        ("softplus beta=0.5 threshold=1", lambda x: F.softplus(x, 0.5, 1)),
    ]
    for name, function in functions:
        for shape in ((2, 3), (), (3, 9)):
            f.case(name, function, draw(*shape))
        f.case(name, function, draw(9, low=-0.25, high=0.25))
        f.case(name, function, draw(25, low=-25, high=25))
        for end in ends:
            f.edge(name, function, end)
    f.write()


# --- products -----------------------------------------------------------------------------------


def matmul():
    f = Family("matmul")

    def product(m, k, n, batch_a=(), batch_b=()):
        for ta, tb in itertools.product((False, True), repeat=2):
            a = draw(*batch_a, *((k, m) if ta else (m, k)))
            b = draw(*batch_b, *((n, k) if tb else (k, n)))
            f.case("matmul" + options(ta=ta, tb=tb),
                   lambda a, b: torch.matmul(a.mT if ta else a, b.mT if tb else b), a, b)
    product(3, 4, 2)
    product(1, 5, 1)
    product(1, 1, 4)
    product(9, 3, 17)
    f.case("matmul ta=0 tb=0", torch.matmul, rough(2, 150), rough(150, 3))
    f.case("matmul ta=1 tb=1", lambda a, b: torch.matmul(a.mT, b.mT), rough(150, 2), rough(3, 150))
    product(3, 2, 4, (2,), (2,))
    product(2, 3, 2, (2, 1), (3,))
    product(2, 3, 4, (2,), ())
    product(2, 3, 4, (), (3,))
    product(2, 2, 3, (1, 2), (3, 1))
    f.edge("matmul ta=0 tb=0", torch.matmul, draw(2, 0), draw(0, 3))
    f.edge("matmul ta=0 tb=0", torch.matmul, draw(0, 2), draw(2, 3))
    f.edge("matmul ta=0 tb=0", torch.matmul, values([1000, -1000], [0, 1000]),
           values([1000, 0], [-1000, 1]))

    for rows in ((3,), (2, 3), (1,)):
        f.case("linear", F.linear, draw(*rows, 4), draw(2, 4), draw(2))
        f.case("linear", F.linear, draw(*rows, 4), draw(2, 4))
    f.case("linear", F.linear, draw(9, 19), draw(17, 19), draw(17))
    f.case("linear", F.linear, rough(2, 150), rough(3, 150), rough(3))
    f.edge("linear", F.linear, draw(0, 4), draw(2, 4), draw(2))
    f.edge("linear", F.linear, values([1000, -1000]), values([1000, 1], [0, -1000]),
           values(1, -1000))
    f.write()


# --- reductions, shapes, indices ----------------------------------------------------------------


def reduction():
    f = Family("reduction")
    every = (0, 1, 2)

    def variance(x, axes, keepdims):
        return torch.var(x, axes, keepdim=keepdims)

    def extreme(whole, along, several):
        # As in PyTorch's max and amax: they differ in who gets the gradient of a tie.
        def reduce(x, axes, keepdims):
            if len(axes) == x.dim() and not keepdims:
                return whole(x)
            return along(x, axes[0], keepdims)[0] if len(axes) == 1 else several(x, axes, keepdims)
        return reduce
    functions = [("sum", torch.sum), ("mean", torch.mean), ("var", variance),
                 ("max", extreme(torch.max, torch.max, torch.amax)),
                 ("min", extreme(torch.min, torch.min, torch.amin)),
                 ("logsumexp", torch.logsumexp),
                 ("norm", lambda x, axes, keepdims: torch.linalg.vector_norm(x, 2, axes, keepdims)),
                 ("stddev", lambda x, axes, keepdims: torch.std(x, axes, keepdim=keepdims))]
    for name, function in functions:
        for axes in (None, (0,), (1,), (-1,), (0, 2), (1, 2), (-3, 1), (0, 1, 2)):
            for keepdims in (False, True):
                f.case(name + options(axes=axes, keepdims=keepdims or None),
                       lambda x: function(x, every if axes is None else axes, keepdims),
                       draw(2, 3, 4))
        f.case(name + options(axes=(0,)), lambda x: function(x, (0,), False), draw(70, 3))
        f.case(name + options(axes=(-1,)), lambda x: function(x, (1,), False), draw(3, 70))
        f.case(name + options(axes=(-1,)), lambda x: function(x, (1,), False), rough(2, 150))
    for correction in (0, 2):
        for axes in ((1,), (0, 2)):
            f.case("var" + options(axes=axes, correction=correction),
                   lambda x: torch.var(x, axes, correction=correction), draw(2, 3, 4))
            f.case("stddev" + options(axes=axes, correction=correction),
                   lambda x: torch.std(x, axes, correction=correction), draw(2, 3, 4))
    f.edge("stddev axes=1", lambda x: torch.std(x, 1), values([2, 2], [1, 3]))

    for p in (0.5, 1, 1.5, 3, math.inf):
        for axes in (None, (1,), (0, 2)):
            f.case("norm" + options(p=p, axes=axes),
                   lambda x: torch.linalg.vector_norm(x, p, axes), draw(2, 3, 4))
        f.edge("norm" + options(p=p, axes=(1,)), lambda x: torch.linalg.vector_norm(x, p, 1),
               values([0, 0, 0], [0, 2, -1]))
    f.edge("norm p=inf", lambda x: torch.linalg.vector_norm(x, math.inf), values(3, -3, 1, 3))

    f.case("prod", torch.prod, draw(2, 5))
    for axis in (0, 1, -1):
        f.case(f"prod axes={axis}", lambda x: torch.prod(x, axis), draw(2, 5, 3))
        f.case(f"prod axes={axis} keepdims=1", lambda x: torch.prod(x, axis, True), draw(3, 4, 2))
    f.edge("prod", torch.prod, values([2, 0], [3, -1]))
    f.edge("prod", torch.prod, values(2, 0, 0))
    f.edge("prod axes=1", lambda x: torch.prod(x, 1),
           values([2, 3, 4], [2, 0, 4], [0, 3, 0], [0, 0, 0]))
    f.edge("prod axes=0", lambda x: torch.prod(x, 0), draw(0, 3))

    for axis in (0, 1, 2, -1):
        f.case(f"cumsum axis={axis}", lambda x: torch.cumsum(x, axis), draw(3, 4, 2))
    f.case("cumsum axis=0", lambda x: torch.cumsum(x, 0), rough(150))
    f.edge("cumsum axis=1", lambda x: torch.cumsum(x, 1), draw(2, 0))
    f.edge("cumsum axis=0", lambda x: torch.cumsum(x, 0), values(1, math.inf, -math.inf, 2))
    for size in (0, 1):
        f.edge("sum axes=1", lambda x: torch.sum(x, (1,)), draw(2, 0, size))
    f.edge("mean axes=0", lambda x: torch.mean(x, (0,)), draw(3, 0))
    f.edge("max axes=1", lambda x: torch.max(x, 1)[0], values([1, 2, 2, 0], [3, 1, 3, 3]))
    f.edge("min axes=0", lambda x: torch.min(x, 0)[0], values([1, 2], [1, 0], [5, 0]))
    f.edge("max axes=1", lambda x: torch.max(x, 1)[0], values([1, math.nan, 2, math.nan]))
    f.edge("max", torch.max, values([1, 2, 2, 0], [-3, 1, 2, 2]))
    f.edge("max", torch.max, values(1, math.nan, 2, math.nan))
    f.edge("min", torch.min, values([1, 2], [1, 1], [5, 1]))
    for name in ("sum", "mean", "logsumexp", "max", "min"):
        function = dict(functions)[name]
        f.edge(name + " axes=1", lambda x: function(x, (1,), False),
               values([1000, -1000, 999], [-1000, -1000, -999]))
    f.edge("var axes=1", lambda x: torch.var(x, 1), values([1000, 1001, 999, 1002]))
    f.edge("var axes=1", lambda x: torch.var(x, 1), values([1], [2]))
    f.edge("norm axes=1", lambda x: torch.linalg.vector_norm(x, 2, 1), values([0, 0], [3, -4]))
    f.edge("logsumexp axes=0", lambda x: torch.logsumexp(x, 0), values(-math.inf, 0, 1))
    f.edge("logsumexp axes=0", lambda x: torch.logsumexp(x, 0), values(-math.inf, -math.inf))
    f.write()


def shape():
    f = Family("shape")
    for size in ((4, 3), (-1,), (2, -1, 2), (1, 12, 1)):
        f.case("reshape" + options(shape=size), lambda x: x.reshape(size), draw(2, 6))
    f.case("reshape" + options(shape=()), lambda x: x.reshape(()), draw(1, 1))
    for first, last in ((0, -1), (1, 2), (-2, -1), (1, 1)):
        f.case("flatten" + options(first=first, last=last), lambda x: x.flatten(first, last),
               draw(2, 3, 2))
    f.case("squeeze", lambda x: x.squeeze(), draw(1, 3, 1, 2))
    f.case("squeeze axes=0", lambda x: x.squeeze(0), draw(1, 3, 1, 2))
    for axis in (0, 2, -1):
        f.case(f"unsqueeze axis={axis}", lambda x: x.unsqueeze(axis), draw(2, 3))
    for axes in ((0, 1), (0, 2), (-1, -2), (1, 1)):
        f.case("transpose" + options(axes=axes), lambda x: x.transpose(*axes), draw(2, 3, 4))
    for axes in ((2, 0, 1), (0, 2, 1), (0, 1, 2), (-1, 1, 0)):
        f.case("permute" + options(axes=axes), lambda x: x.permute(axes), draw(2, 3, 4))
    f.case("permute" + options(axes=(3, 1, 0, 2)), lambda x: x.permute(3, 1, 0, 2),
           draw(2, 3, 1, 4))
    for start, stop, step in ((0, 7, 1), (0, 7, 2), (1, 6, 3), (2, 3, 1), (0, 2, 5), (-5, -1, 2),
                              (3, None, 1), (1, 100, 2)):
        for axis, size in ((0, (7, 2)), (1, (2, 7, 2)), (-1, (3, 7))):
            f.case("slice" + options(axis=axis, start=start, stop=stop, step=step),
                   lambda x: x.movedim(axis, 0)[start:stop:step].movedim(0, axis), draw(*size))
    f.edge("slice axis=0 start=2 stop=2 step=1", lambda x: x[2:2], draw(3, 2))

    def concat(axis):
        return lambda *parts: torch.cat(parts, axis)

    def stack(axis):
        return lambda *parts: torch.stack(parts, axis)
    f.case("concat axis=0", concat(0), draw(2, 3), draw(1, 3), draw(3, 3))
    f.case("concat axis=1", concat(1), draw(2, 3, 2), draw(2, 1, 2))
    f.case("concat axis=-1", concat(-1), draw(2, 2), draw(2, 3), draw(2, 1))
    f.case("concat axis=0", concat(0), draw(4))
    f.edge("concat axis=1", concat(1), draw(2, 3), draw(2, 0), draw(2, 1))
    for axis in (0, 1, 2, -1):
        f.case(f"stack axis={axis}", stack(axis), draw(2, 3), draw(2, 3), draw(2, 3))
    f.case("stack axis=0", stack(0), draw(), draw())
    for before, after in (((3,), (2, 3)), ((2, 1), (2, 3)), ((), (2, 2)), ((1, 3, 1), (4, 2, 3, 2)),
                          ((2, 3), (2, 3))):
        f.case("broadcast_to" + options(shape=after), lambda x: x.broadcast_to(after),
               draw(*before))
    f.edge("broadcast_to shape=0,3", lambda x: x.broadcast_to(0, 3), draw(1, 3))
    f.write()


def indexing():
    f = Family("indexing")

    def gather(axis):
        return lambda x, index: torch.gather(x, axis, index)

    def index_select(axis):
        return lambda x, index: torch.index_select(x, axis, index)
    f.case("gather axis=1", gather(1), draw(2, 4), index([0, 3, 3], [2, 1, 0]))
    f.case("gather axis=-1", gather(-1), draw(3, 4), index([0], [3], [1]))
    f.case("gather axis=0", gather(0), draw(3, 2), index([0, 2], [1, 2], [0, 0], [2, 1]))
    f.case("gather axis=1", gather(1), draw(2, 3, 2), index([[0, 2]], [[1, 0]]))
    f.case("gather axis=0", gather(0), draw(5), index(4, 4, 0))
    f.case("gather axis=1", gather(1), draw(3, 4), index([3, 0], [1, 1]))
    f.case("index_select axis=0", index_select(0), draw(4, 3), index(3, 0, 3, 3))
    f.case("index_select axis=1", index_select(1), draw(2, 4, 2), index(1, 1, 0))
    f.case("index_select axis=-1", index_select(-1), draw(2, 5), index(4, 0, 2, 3, 1))
    f.case("index_select axis=0", index_select(0), draw(5), index(2))
    f.edge("index_select axis=0", index_select(0), draw(3, 2), torch.zeros(0, dtype=torch.int64))

    ties = values([2, -1, 2, 0], [-0.0, 0, math.nan, -math.inf], [math.inf, 5, math.nan, 5])
    for descending in (False, True):
        def ordered(axis):
            return lambda x: torch.sort(x, dim=axis, descending=descending, stable=True)[0]

        def first(k, axis):
            return lambda x: torch.topk(x, k, axis, largest=descending)[0]
        order = f"descending={int(descending)}"
        for axis in (0, 1, -1):
            f.case(f"sort axis={axis} {order}", ordered(axis), draw(3, 5, 2))
            f.case(f"topk axis={axis} k=2 {order}", first(2, axis), draw(3, 5, 2))
        f.edge(f"sort axis=1 {order}", ordered(1), ties)
        f.edge(f"topk axis=0 k=0 {order}", first(0, 0), draw(4))
        f.edge(f"topk axis=0 k=4 {order}", first(4, 0), draw(4))
    f.write()


# --- softmax and losses -------------------------------------------------------------------------


def softmax():
    f = Family("softmax")
    for name, function in (("softmax", torch.softmax), ("log_softmax", torch.log_softmax)):
        for axis in (0, 1, 2, -1, -2):
            f.case(f"{name} axis={axis}", lambda x: function(x, axis), draw(2, 3, 4))
        f.case(f"{name} axis=0", lambda x: function(x, 0), draw(5))
        f.case(f"{name} axis=1", lambda x: function(x, 1), draw(3, 1))
        f.case(f"{name} axis=-1", lambda x: function(x, -1), draw(2, 33, low=-8, high=8))
        for rows in (values([1000, 1000, 1000], [-1000, -1000, -1000]),
                     values([1000, -1000, 0], [0, 1, 1000]), values([-1000, -1000.5, -999])):
            f.edge(f"{name} axis=1", lambda x: function(x, 1), rows)
        f.edge(f"{name} axis=0", lambda x: function(x, 0), values([0, 1000], [1, 999], [2, -1000]))
        f.edge(f"{name} axis=1", lambda x: function(x, 1), draw(0, 3))
    f.edge("softmax axis=1", lambda x: torch.softmax(x, 1), values([-math.inf, 0, 1]))
    f.edge("softmax axis=0", lambda x: torch.softmax(x, 0), values(-math.inf, -math.inf))
    f.write()


REDUCTIONS = ("mean", "sum", "none")


def cross_entropy():
    f = Family("cross_entropy")
    weight = Const(values(0.5, 1.25, 2, 0.75, 1))
    rows = (4, 5), index(2, 0, 4, 2)
    extreme = values([1000, -1000, 0], [-1000, -1000, -1000], [1000, 1000, -1000])

    def add(smoothing, weighted, ignored, reduction, inputs, targets, edge=False):
        chosen = options(label_smoothing=smoothing, ignore_index=ignored, reduction=reduction)
        arguments = dict(reduction=reduction, **({} if ignored is None else
                                                 {"ignore_index": ignored}))
        weights = [weighted] if weighted else []
        f.case("cross_entropy" + chosen,
               lambda x, t, w=None: F.cross_entropy(x, t, w, label_smoothing=smoothing or 0,
                                                    **arguments),
               inputs, targets, *weights, edge=edge)
        if smoothing is None:
            f.case("nll" + chosen, lambda x, t, w=None: F.nll_loss(x, t, w, **arguments),
                   inputs, targets, *weights, edge=edge)
    for smoothing, weighted, ignored, reduction in itertools.product(
            (None, 0.125, 1.0), (None, weight), (None, 2), REDUCTIONS):
        add(smoothing, weighted, ignored, reduction, draw(*rows[0]), rows[1])
    for smoothing, weighted, reduction in itertools.product(
            (None, 0.1), (None, weight), REDUCTIONS):
        add(smoothing, weighted, None, reduction, draw(3, 5, 2), index([0, 4], [-100, 1], [3, 3]))
    for smoothing, reduction in itertools.product((None, 0.1), REDUCTIONS):
        add(smoothing, None, None, reduction, extreme, index(0, 1, 2), edge=True)
        add(smoothing, Const(values(2, 0.5, 1)), 1, reduction, extreme, index(1, 0, 2), edge=True)
        add(smoothing, None, 0, reduction, draw(2, 3), index(0, 0), edge=True)
    f.write()


def losses():
    f = Family("loss")
    far = values(1000, -1000, 0, 1000), values(-1000, 1000, 0, 999)
    pairs = [("mse", F.mse_loss), ("l1", F.l1_loss), ("huber", F.huber_loss)]
    for reduction in REDUCTIONS:
        chosen = options(reduction=reduction)
        for name, function in pairs:
            for size in ((2, 3), (5,), ()):
                f.case(name + chosen, lambda x, t: function(x, t, reduction=reduction),
                       draw(*size), draw(*size))
            f.edge(name + chosen, lambda x, t: function(x, t, reduction=reduction), *far)
            f.edge(name + chosen, lambda x, t: function(x, t, reduction=reduction),
                   draw(0, 3), draw(0, 3))
        for delta in (0.5, 2.0):
            f.case(f"huber delta={delta}" + chosen,
                   lambda x, t: F.huber_loss(x, t, reduction=reduction, delta=delta),
                   draw(3, 4), draw(3, 4))

        def bce(x, t, w=None, p=None):
            return F.binary_cross_entropy_with_logits(x, t, w, reduction=reduction, pos_weight=p)
        x, t = draw(3, 4, low=-6, high=6), draw(3, 4, low=0.0, high=1.0)
        w, p = Const(values(0.5, 2, 1, 0.25)), Const(values([3], [0.5], [1]))
        f.case("bce_with_logits" + chosen, bce, x, t)
        f.case("bce_with_logits weight=1" + chosen, bce, x, t, w)
        f.case("bce_with_logits pos_weight=1" + chosen, lambda x, t, p: bce(x, t, None, p), x, t, p)
        f.case("bce_with_logits weight=1 pos_weight=1" + chosen, bce, x, t, w, p)
        f.edge("bce_with_logits" + chosen, bce, values(1000, -1000, 1000, -1000, 0),
               values(1, 0, 0, 1, 0.5))
        f.edge("bce_with_logits" + chosen, bce, values(40, -40, 100, -100), values(1, 0, 1, 0))

    for reduction in (*REDUCTIONS, "batchmean"):
        for log_target in (False, True):
            def kl_div(x, t):
                return F.kl_div(x, t, reduction=reduction, log_target=log_target)
            name = "kl_div" + options(log_target=log_target, reduction=reduction)
            f.case(name, kl_div, draw(3, 4, low=-5.0, high=0.0),
                   draw(3, 4, low=-5.0, high=0.0) if log_target else positive(3, 4))
            f.edge(name, kl_div, values([-1000, -1, -1000], [0, -2, -1]),
                   values([-1000, -1, 0], [-1000, -1, -2]) if log_target else
                   values([0.5, 1, 0.25], [0.125, 1, 0.75]))
        f.edge("kl_div log_target=0" + options(reduction=reduction),
               lambda x, t: F.kl_div(x, t, reduction=reduction), values([-2, -1, -1000]),
               Const(values([0, 1, 0])))
    f.write()


# --- layers -------------------------------------------------------------------------------------


def layer():
    f = Family("layer")
    functions = [
        ("ReLU", torch.nn.ReLU()), ("LeakyReLU", torch.nn.LeakyReLU()),
        ("LeakyReLU slope=0.25", torch.nn.LeakyReLU(0.25)), ("ELU", torch.nn.ELU()),
        ("ELU alpha=0.5", torch.nn.ELU(0.5)), ("GELU", torch.nn.GELU()),
        ("GELU form=tanh", torch.nn.GELU("tanh")), ("SiLU", torch.nn.SiLU()),
        ("Softplus", torch.nn.Softplus()), ("Softplus beta=2", torch.nn.Softplus(2)),
        ("Softplus beta=0.5 threshold=1", torch.nn.Softplus(0.5, 1)),
        ("Tanh", torch.nn.Tanh()), ("Sigmoid", torch.nn.Sigmoid()),
        ("Softmax axis=1", torch.nn.Softmax(1)), ("Softmax", torch.nn.Softmax(-1)),
        ("LogSoftmax axis=1", torch.nn.LogSoftmax(1)), ("LogSoftmax", torch.nn.LogSoftmax(-1)),
        ("Flatten", torch.nn.Flatten()), ("Flatten start=0", torch.nn.Flatten(0)),
        ("Flatten start=2", torch.nn.Flatten(2)), ("Identity", torch.nn.Identity()),
        ("Dropout eval=1", torch.nn.Dropout(0.5).eval()),
    ]
    for name, function in functions:
        f.case(name, function, draw(2, 3, 2))

    f.case("Linear", F.linear, draw(3, 4), draw(2, 4), draw(2))
    f.case("Linear", F.linear, draw(3, 4), draw(2, 4))
    f.case("Linear", F.linear, draw(2, 3, 4), draw(5, 4), draw(5))

    def sequential(x, w1, b1, w2, b2, w3, b3):
        hidden = torch.tanh(F.linear(x.flatten(1), w1, b1))
        return F.linear(F.gelu(F.linear(hidden, w2, b2)), w3, b3)

    def mlp(*inputs):
        *inputs, target = inputs
        return F.cross_entropy(sequential(*inputs), target)

    def weights(*sizes):
        for fan_in, fan_out in zip(sizes, sizes[1:]):
            yield draw(fan_out, fan_in, low=-1.0, high=1.0)
            yield draw(fan_out, low=-1.0, high=1.0)
    f.case("Sequential", sequential, draw(3, 2, 3), *weights(6, 7, 5, 4))
    f.case("Sequential loss=cross_entropy", mlp, draw(3, 2, 3), *weights(6, 7, 5, 4),
           index(3, 0, 1))
    f.write()


if __name__ == "__main__":
    arithmetic()
    elementary()
    activation()
    matmul()
    reduction()
    shape()
    indexing()
    softmax()
    cross_entropy()
    losses()
    layer()
