#!/usr/bin/env python3
"""Writes lbfgs.txt: steps of torch.optim.LBFGS with its strong-Wolfe search on a curved valley.

    /usr/bin/python3 tests/reference/lbfgs_reference.py > tests/reference/lbfgs.txt

PyTorch 1.13, float64. The parameters are w of 3 values and b of 2; of all five, x, the loss is the sum of
(1 - x[i])^2 + bend (x[i + 1] - x[i]^2)^2. Format: "case BEND OPTION=VALUE ..."; then for each step "at LOSS
values of w and b", the loss being the one that step() returns.
"""
import torch

CASES = [
    (100.0, dict(max_iter=1, max_eval=100)),
    (100.0, dict(max_iter=4, max_eval=100, history_size=3)),
    (100.0, dict(max_iter=20, max_eval=25)),
    (3.0, dict(max_iter=3, max_eval=4, lr=0.5)),
]

print("# lbfgs_reference.py, PyTorch", torch.__version__)
for bend, options in CASES:
    w = torch.nn.Parameter(torch.tensor([-1.2, 1.0, -0.5], dtype=torch.float64))
    b = torch.nn.Parameter(torch.tensor([0.8, 1.5], dtype=torch.float64))
    optimizer = torch.optim.LBFGS([w, b], line_search_fn="strong_wolfe", **{"history_size": 10, **options})

    def closure():
        optimizer.zero_grad()
        x = torch.cat([w, b])
        loss = ((1 - x[:-1]) ** 2 + bend * (x[1:] - x[:-1] ** 2) ** 2).sum()
        loss.backward()
        return loss

    print("case", bend, *("%s=%.17g" % item for item in options.items()))
    for _ in range(6):
        loss = optimizer.step(closure)
        print("at %.17g" % loss.item(), *("%.17g" % v for v in w.tolist() + b.tolist()))
