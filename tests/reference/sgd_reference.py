#!/usr/bin/env python3
"""Writes sgd.txt: 100 steps of torch.optim.SGD under many options, in float32 and float64.

    /usr/bin/python3 tests/reference/sgd_reference.py > tests/reference/sgd.txt      (PyTorch 1.13)

The problem has two parameters, w of 12 values and b of 3. Gradients are a formula of value and step
with exact constants, so that the test needs no autograd (i counts from 0 in each tensor, t from 1):

    start       ((5 i) mod 13 - 6) / 4
    gradient    slope ((1 + i mod 4) / 4 value - ((7 t + 3 i) mod 11 - 5) / 8)

Format: "case NAME DTYPE SLOPE"; for each group "group PARAMETERS OPTION=VALUE ..."; then for some
steps "at STEP values of w and b". True and false are 1 and 0.
"""
import torch

SIZES = {"w": 12, "b": 3}
SHOWN = (1, 2, 10, 100)

# name, options of the optimizer, groups (None: all parameters in one); maximize climbs a hill.
CASES = [
    ("plain", dict(lr=0.1), None),
    ("momentum", dict(lr=0.05, momentum=0.9), None),
    ("dampening", dict(lr=0.1, momentum=0.9, dampening=0.5), None),
    ("dampening_is_momentum", dict(lr=0.3, momentum=0.9, dampening=0.9), None),
    ("full_dampening", dict(lr=0.1, momentum=0.7, dampening=1.0), None),
    ("nesterov", dict(lr=0.05, momentum=0.9, nesterov=True), None),
    ("weight_decay", dict(lr=0.1, weight_decay=0.01), None),
    ("maximize", dict(lr=0.1, maximize=True), None),
    ("momentum_weight_decay", dict(lr=0.03, momentum=0.95, weight_decay=0.1), None),
    ("nesterov_weight_decay", dict(lr=0.05, momentum=0.8, nesterov=True, weight_decay=0.05), None),
    ("maximize_momentum_dampening_weight_decay",
     dict(lr=0.1, momentum=0.6, dampening=0.3, weight_decay=0.02, maximize=True), None),
    ("maximize_nesterov", dict(lr=0.02, momentum=0.9, nesterov=True, maximize=True), None),
    ("groups", dict(lr=0.05, momentum=0.9),
     [("w", dict()), ("b", dict(lr=0.2, momentum=0.0, weight_decay=0.1))]),
    ("groups_mixed", dict(lr=0.1, weight_decay=0.01),
     [("w", dict(momentum=0.9, nesterov=True, lr=0.02)), ("b", dict(momentum=0.5, dampening=0.25))]),
]


def start(size, dtype):
    return torch.tensor([((5 * i) % 13 - 6) / 4 for i in range(size)], dtype=dtype)


def gradient(value, t, slope):
    size = value.numel()
    factor = torch.tensor([(1 + i % 4) / 4 for i in range(size)], dtype=value.dtype)
    shift = torch.tensor([((7 * t + 3 * i) % 11 - 5) / 8 for i in range(size)], dtype=value.dtype)
    return slope * (factor * value - shift)


def number(value):
    return "%d" % value if isinstance(value, bool) else "%.17g" % value


def run(name, defaults, groups, dtype):
    parameters = {p: torch.nn.Parameter(start(n, dtype)) for p, n in SIZES.items()}
    slope = -1 if defaults.get("maximize") else 1
    print("case", name, str(dtype).replace("torch.", ""), slope)
    specified = groups or [("wb", {})]
    for names, options in specified:
        merged = {**defaults, **options}
        print("group", names, *("%s=%s" % (k, number(v)) for k, v in merged.items()))
    optimizer = torch.optim.SGD(
        [{"params": [parameters[p] for p in names], **options} for names, options in specified],
        **defaults)
    for t in range(1, max(SHOWN) + 1):
        for parameter in parameters.values():
            parameter.grad = gradient(parameter.detach(), t, slope)
        optimizer.step()
        if t in SHOWN:
            digits = "%.9g" if dtype == torch.float32 else "%.17g"
            values = [v for parameter in parameters.values() for v in parameter.tolist()]
            print("at", t, *(digits % v for v in values))


print("# sgd_reference.py, PyTorch", torch.__version__)
for name, defaults, groups in CASES:
    for dtype in (torch.float32, torch.float64):
        run(name, defaults, groups, dtype)
