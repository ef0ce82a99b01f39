#!/usr/bin/env bash
# Models and arrays to and from PyTorch and NumPy, through the functions of docs/checkpoints.md: the
# same logits to 1e-5 both ways. Skipped where Python has no torch.
# shellcheck source=tests/support/script.sh
source "$PLUMB_SOURCE_DIR/tests/support/script.sh"
need_torch
model_file=$PLUMB_BUILD_DIR/tests/model_file
cd "$work"

sed -n '/^```python$/,/^```$/p' "$PLUMB_SOURCE_DIR/docs/checkpoints.md" | grep -v '^```' \
  >safetensors_files.py
cat >model.py <<'PYTHON'
import numpy as np, torch
from torch import nn
from safetensors_files import load, save

def make_model():
    return nn.Sequential(nn.Conv2d(1, 4, 3, 2, 1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Flatten(), nn.Linear(4 * 7 * 7, 32), nn.Tanh(), nn.Linear(32, 10))

def logits(model, x):
    with torch.no_grad():
        return model.eval()(torch.from_numpy(x)).numpy()

def check(what, ours, theirs):
    deviation = np.abs(ours - theirs).max()
    print(f"{what}: logits differ by {deviation:.2g}, they reach {np.abs(theirs).max():.2g}")
    assert deviation <= 1e-5 and np.abs(theirs).max() > 0.1
PYTHON

"$python" -c '
import torch
from safetensors_files import load, save
tensors = {"none": torch.zeros(0, 4), "ones": torch.ones(2), "number": torch.tensor(3)}
save("few.safetensors", tensors)
for name, tensor in load("few.safetensors").items():
    assert tensor.dtype == tensors[name].dtype and torch.equal(tensor, tensors[name]), name
'
"$model_file" save ours.safetensors x.npy logits.npy
"$python" - <<'PYTHON'
from model import *
ours = make_model()
ours.load_state_dict(load("ours.safetensors"))
x = np.load("x.npy")
check("a model of plumb in PyTorch", np.load("logits.npy"), logits(ours, x))

torch.manual_seed(1)
theirs = make_model()
optimizer = torch.optim.SGD(theirs.parameters(), lr=0.1)
for _ in range(10):  # so that running means and the count of batches are not those of the start
    optimizer.zero_grad()
    nn.functional.cross_entropy(theirs(torch.from_numpy(x)), torch.arange(64) % 10).backward()
    optimizer.step()
save("theirs.safetensors", theirs.state_dict())
np.save("theirs.npy", logits(theirs, x))
PYTHON
"$model_file" run theirs.safetensors x.npy run.npy
"$python" -c '
from model import *
check("a model of PyTorch in plumb", np.load("run.npy"), np.load("theirs.npy"))

np.save("fortran.npy", np.asfortranarray(np.load("x.npy")))
np.save("big.npy", np.load("x.npy").astype(">f4"))
np.savez("arrays.npz", x=np.load("x.npy"), y=np.arange(5))
np.savez_compressed("small.npz", x=np.load("x.npy"), mask=np.ones(3, bool))
'
"$model_file" run theirs.safetensors fortran.npy again.npy
cmp run.npy again.npy
"$model_file" run theirs.safetensors big.npy again.npy
cmp run.npy again.npy
for file in arrays.npz small.npz; do "$PLUMB_BUILD_DIR/tests/load_file" $file; done
