#!/usr/bin/env python3
"""Writes optimizer.txt: 100 steps of torch.optim's rules under many options, in float32 and float64.

    /usr/bin/python3 tests/reference/optimizer_reference.py > tests/reference/optimizer.txt

PyTorch 1.13, whose NAdam is corrected as in PyTorch 2: it has u(t) twice in the product for the next step.

The problem has two parameters, w of 12 values and b of 3. Gradients are a formula of value and step
with exact constants, so that the test needs no autograd (i counts from 0 in each tensor, t from 1):

    start       ((5 i) mod 13 - 6) / 4
    gradient    slope ((1 + i mod 4) / 4 value - ((7 t + 3 i) mod 11 - 5) / 8)

Format: "case RULE NAME DTYPE SLOPE"; for each group "group PARAMETERS OPTION=VALUE ..."; then for some
steps "at STEP values of w and b". True and false are 1 and 0; options have plumb's names.
"""
import inspect
import sys

import torch

nadam = sys.modules["torch.optim.nadam"]
TWICE, ONCE = ("mu_product_next = mu_product * %smu_next" % twice for twice in ("mu * ", ""))
source = inspect.getsource(nadam)
assert TWICE in source
exec(source.replace(TWICE, ONCE), vars(nadam))
torch.optim.NAdam = nadam.NAdam
torch.set_default_dtype(torch.float64)  # of that product

SIZES = {"w": 12, "b": 3}
SHOWN = (1, 2, 10, 100)

# Rule, name, options of the optimizer, groups (None: all parameters in one); maximize climbs a hill.
CASES = [
    ("SGD", "plain", dict(lr=0.1), None),
    ("SGD", "momentum", dict(lr=0.05, momentum=0.9), None),
    ("SGD", "dampening", dict(lr=0.1, momentum=0.9, dampening=0.5), None),
    ("SGD", "dampening_is_momentum", dict(lr=0.3, momentum=0.9, dampening=0.9), None),
    ("SGD", "full_dampening", dict(lr=0.1, momentum=0.7, dampening=1.0), None),
    ("SGD", "nesterov", dict(lr=0.05, momentum=0.9, nesterov=True), None),
    ("SGD", "weight_decay", dict(lr=0.1, weight_decay=0.01), None),
    ("SGD", "maximize", dict(lr=0.1, maximize=True), None),
    ("SGD", "momentum_weight_decay", dict(lr=0.03, momentum=0.95, weight_decay=0.1), None),
    ("SGD", "nesterov_weight_decay", dict(lr=0.05, momentum=0.8, nesterov=True, weight_decay=0.05), None),
    ("SGD", "maximize_momentum_dampening_weight_decay",
     dict(lr=0.1, momentum=0.6, dampening=0.3, weight_decay=0.02, maximize=True), None),
    ("SGD", "maximize_nesterov", dict(lr=0.02, momentum=0.9, nesterov=True, maximize=True), None),
    ("SGD", "groups", dict(lr=0.05, momentum=0.9),
     [("w", dict()), ("b", dict(lr=0.2, momentum=0.0, weight_decay=0.1))]),
    ("SGD", "groups_mixed", dict(lr=0.1, weight_decay=0.01),
     [("w", dict(momentum=0.9, nesterov=True, lr=0.02)), ("b", dict(momentum=0.5, dampening=0.25))]),
    ("Adam", "defaults", dict(), None),
    ("Adam", "fast", dict(lr=0.05), None),
    ("Adam", "betas", dict(lr=0.03, betas=(0.5, 0.9)), None),
    ("Adam", "beta1_0", dict(lr=0.02, betas=(0.0, 0.99)), None),
    ("Adam", "eps", dict(lr=0.05, eps=0.1), None),
    ("Adam", "weight_decay", dict(lr=0.05, weight_decay=0.1), None),
    ("Adam", "amsgrad", dict(lr=0.05, betas=(0.9, 0.9), amsgrad=True), None),
    ("Adam", "maximize_weight_decay_amsgrad",
     dict(lr=0.05, betas=(0.8, 0.95), weight_decay=0.05, amsgrad=True, maximize=True), None),
    ("Adam", "groups", dict(lr=0.02),
     [("w", dict(betas=(0.7, 0.9))), ("b", dict(lr=0.1, weight_decay=0.1, amsgrad=True))]),
    ("AdamW", "defaults", dict(), None),
    ("AdamW", "weight_decay", dict(lr=0.05, weight_decay=0.5), None),
    ("AdamW", "no_decay", dict(lr=0.05, weight_decay=0.0), None),
    ("AdamW", "maximize_amsgrad", dict(lr=0.03, betas=(0.8, 0.95), amsgrad=True, maximize=True), None),
    ("AdamW", "groups", dict(lr=0.02), [("w", dict(weight_decay=0.3)), ("b", dict(weight_decay=0.0))]),
    ("RMSprop", "defaults", dict(), None),
    ("RMSprop", "alpha_eps", dict(lr=0.02, alpha=0.9, eps=0.01), None),
    ("RMSprop", "momentum", dict(lr=0.005, momentum=0.9), None),
    ("RMSprop", "centered", dict(lr=0.01, alpha=0.95, centered=True), None),
    ("RMSprop", "centered_momentum_weight_decay",
     dict(lr=0.003, alpha=0.95, momentum=0.8, centered=True, weight_decay=0.1), None),
    ("RMSprop", "maximize_weight_decay", dict(lr=0.01, weight_decay=0.05, maximize=True), None),
    ("RMSprop", "groups", dict(lr=0.01),
     [("w", dict(momentum=0.5)), ("b", dict(alpha=0.8, centered=True, lr=0.02))]),
    ("Adagrad", "defaults", dict(), None),
    ("Adagrad", "fast", dict(lr=0.3), None),
    ("Adagrad", "lr_decay", dict(lr=0.3, lr_decay=0.01), None),
    ("Adagrad", "initial_accumulator_value", dict(lr=0.2, initial_accumulator_value=0.5), None),
    ("Adagrad", "weight_decay_eps", dict(lr=0.2, weight_decay=0.1, eps=0.01), None),
    ("Adagrad", "maximize", dict(lr=0.1, maximize=True), None),
    ("Adagrad", "groups", dict(lr=0.1),
     [("w", dict(lr_decay=0.05)), ("b", dict(lr=0.3, weight_decay=0.1))]),
    ("NAdam", "defaults", dict(), None),
    ("NAdam", "betas", dict(lr=0.03, betas=(0.5, 0.9)), None),
    ("NAdam", "momentum_decay", dict(lr=0.05, momentum_decay=0.3, eps=0.01), None),
    ("NAdam", "groups", dict(lr=0.02, weight_decay=0.1),
     [("w", dict(betas=(0.7, 0.9))), ("b", dict(lr=0.1, momentum_decay=0.0))]),
    ("RAdam", "defaults", dict(), None),
    ("RAdam", "betas", dict(lr=0.05, betas=(0.5, 0.9), eps=0.01), None),
    ("RAdam", "never_divides", dict(lr=0.05, betas=(0.5, 0.6)), None),
    ("RAdam", "groups", dict(lr=0.02, weight_decay=0.1),
     [("w", dict(betas=(0.7, 0.95))), ("b", dict(lr=0.1, weight_decay=0.0))]),
]


def start(size, dtype):
    return torch.tensor([((5 * i) % 13 - 6) / 4 for i in range(size)], dtype=dtype)


def gradient(value, t, slope):
    size = value.numel()
    factor = torch.tensor([(1 + i % 4) / 4 for i in range(size)], dtype=value.dtype)
    shift = torch.tensor([((7 * t + 3 * i) % 11 - 5) / 8 for i in range(size)], dtype=value.dtype)
    return slope * (factor * value - shift)


def option(name, value):
    """An option in plumb's words."""
    if name == "betas":
        return " ".join(option("beta%d" % (i + 1), beta) for i, beta in enumerate(value))
    if name == "initial_accumulator_value":
        name = "initial_sum"
    return "%s=%s" % (name, "%d" % value if isinstance(value, bool) else "%.17g" % value)


def run(rule, name, defaults, groups, dtype):
    parameters = {p: torch.nn.Parameter(start(n, dtype)) for p, n in SIZES.items()}
    slope = -1 if defaults.get("maximize") else 1
    print("case", rule, name, str(dtype).replace("torch.", ""), slope)
    specified = groups or [("wb", {})]
    for names, options in specified:
        merged = {**defaults, **options}
        print("group", names, *(option(k, v) for k, v in merged.items()))
    optimizer = getattr(torch.optim, rule)(
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


print("# optimizer_reference.py, PyTorch", torch.__version__)
for rule, name, defaults, groups in CASES:
    for dtype in (torch.float32, torch.float64):
        run(rule, name, defaults, groups, dtype)
