#!/usr/bin/env python3
"""Writes tests/reference/transformer.txt: what the PyTorch program of docs/from_pytorch.md gives.

tests/reference/generate_transformer.py, by a Python that has torch (Debian's python3-torch 1.13).
"""
import math
import re
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

here = Path(__file__).resolve().parent
page = (here / "../../docs/from_pytorch.md").read_text()
exec(re.search(r"```python\n(.*?)```", page, re.S).group(1))  # defines Block and Transformer

torch.set_default_dtype(torch.float64)
model = Transformer(7, 6, 8, 2, 2)
for place, (_, tensor) in enumerate(sorted(model.state_dict().items())):
    i = torch.arange(tensor.numel())
    tensor.copy_((0.5 * torch.sin(1 + 0.7 * i + 3.0 * place)).reshape(tensor.shape))

x = torch.tensor([[0, 3, 6, 1, 2], [5, 5, 4, 0, 6]])
y = torch.tensor([[3, 6, 1, 2, 0], [5, 4, 0, 6, 1]])
lines = {"scores": model(x).flatten().tolist()}
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
losses = []
for step in range(5):
    loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten())
    optimizer.zero_grad()
    loss.backward()
    if step == 0:
        for name, parameter in model.named_parameters():
            lines["gradient:" + name] = [parameter.grad.norm().item()]
    optimizer.step()
    losses.append(loss.item())
lines["losses"] = losses
text = "".join(f"{name} {' '.join(map(repr, numbers))}\n" for name, numbers in lines.items())
(here / "transformer.txt").write_text(text)
