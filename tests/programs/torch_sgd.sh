#!/usr/bin/env bash
# torch.optim.SGD itself on the batches and from the weights of plumb's heavy ball and debiased momentum:
# the first is followed to rounding, the second is ahead. Prints the table of
# docs/studies/debiased_momentum.md. Skipped where Python has no torch.
# shellcheck source=tests/support/script.sh
source "$PLUMB_SOURCE_DIR/tests/support/script.sh"
need_torch
cd "$work"

for seed in {0..9}; do "$PLUMB_BUILD_DIR/tests/sgd_trajectory" "$seed.npz" "$seed"; done
"$python" - <<'PYTHON'
import numpy as np, torch
from torch import nn

def follow(run):
    model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    model.load_state_dict({name: torch.from_numpy(run["start." + name]) for name in model.state_dict()})
    optimizer = torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.9)
    losses = []
    for x, y in zip(torch.from_numpy(run["x"]).split(64), torch.from_numpy(run["y"]).split(64)):
        loss = nn.functional.cross_entropy(model(x), y)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return np.array(losses), {name: value.numpy() for name, value in model.state_dict().items()}

rows, worst = [], 0
for seed in range(10):
    run = np.load(f"{seed}.npz")
    losses, weights = follow(run)
    for name, value in weights.items():
        worst = max(worst, np.abs(run["heavy." + name] - value).max() / np.abs(value).max())
    rows.append([losses, run["heavy.losses"], run["debiased.losses"]])
mean = np.mean(rows, axis=0)
print(f"weights of heavy ball after 100 steps differ from torch.optim.SGD's by {worst:.1g}")
print("step  torch.optim.SGD  heavy ball  debiased")
for step in (1, 2, 5, 10, 25, 50, 100):
    print(f"{step:4}  {mean[0, step - 1]:15.4f}  {mean[1, step - 1]:10.4f}  {mean[2, step - 1]:8.4f}")
assert worst < 1e-4
assert np.abs(mean[0] - mean[1]).max() < 1e-4
assert mean[2, 9] < mean[0, 9]
PYTHON
