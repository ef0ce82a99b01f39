#!/usr/bin/env python3
"""Writes schedule.txt: learning rates of torch.optim.lr_scheduler over 40 steps, for two groups.

    /usr/bin/python3 tests/reference/schedule_reference.py > tests/reference/schedule.txt

PyTorch 1.13. Format: "NAME GROUP lr at t = 0, 1, ..."; the test makes plumb's curve of that name. The
values that the plateaus are shown are (10 - t)^2 / 100 + (t mod 3) / 50.
"""
import torch
from torch.optim import lr_scheduler as schedulers

BASES = (0.5, 0.03)
STEPS = 40


def one_cycle(optimizer, **options):
    return schedulers.OneCycleLR(optimizer, list(BASES), cycle_momentum=False, **options)


def warm_up(optimizer, steps, start, then):
    first = schedulers.LinearLR(optimizer, start_factor=start, total_iters=steps)
    return schedulers.SequentialLR(optimizer, [first, then(optimizer)], milestones=[steps])


def plateau(optimizer, **options):
    return schedulers.ReduceLROnPlateau(optimizer, **options)


CASES = {
    "constant": lambda o: schedulers.LambdaLR(o, lambda t: 1.0),
    "step": lambda o: schedulers.StepLR(o, 7, 0.5),
    "multi_step": lambda o: schedulers.MultiStepLR(o, [3, 4, 20], 0.1),
    "exponential": lambda o: schedulers.ExponentialLR(o, 0.9),
    "cosine": lambda o: schedulers.CosineAnnealingLR(o, STEPS),
    "cosine_restarts": lambda o: schedulers.CosineAnnealingWarmRestarts(o, 7),
    "cosine_restarts_longer": lambda o: schedulers.CosineAnnealingWarmRestarts(o, 5, 2),
    "linear": lambda o: schedulers.LinearLR(o, start_factor=1.0, end_factor=0.1, total_iters=30),
    "polynomial": lambda o: schedulers.PolynomialLR(o, total_iters=30, power=2.0),
    "one_cycle": lambda o: one_cycle(o, total_steps=STEPS),
    "one_cycle_options": lambda o: one_cycle(o, total_steps=STEPS, pct_start=0.45, div_factor=5.0,
                                             final_div_factor=20.0),
    "warm_up_constant": lambda o: warm_up(o, 10, 0.25, lambda o: schedulers.ConstantLR(o, 1.0)),
    "warm_up_exponential": lambda o: warm_up(o, 8, 0.1, lambda o: schedulers.ExponentialLR(o, 0.8)),
    "warm_up_step": lambda o: warm_up(o, 5, 0.5, lambda o: schedulers.StepLR(o, 6, 0.3)),
    "plateau": lambda o: plateau(o, factor=0.5, patience=2),
    "plateau_absolute": lambda o: plateau(o, factor=0.5, patience=1, threshold=0.05,
                                          threshold_mode="abs", cooldown=3, min_lr=0.01),
    "plateau_maximize": lambda o: plateau(o, mode="max", factor=0.7, patience=4, eps=0.01),
}

print("# schedule_reference.py, PyTorch", torch.__version__)
for name, make in CASES.items():
    optimizer = torch.optim.SGD([{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": lr}
                                 for lr in BASES], lr=1.0)
    schedule = make(optimizer)
    rates = []
    for t in range(STEPS):
        rates.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        if name.startswith("plateau"):
            schedule.step((10 - t) ** 2 / 100 + (t % 3) / 50)
        else:
            schedule.step()
    for group, _ in enumerate(BASES):
        print(name, group, *("%.17g" % rate[group] for rate in rates))
