#!/usr/bin/env bash
# Transformer encoders to and from PyTorch by safetensors: the same results to 1e-5 both ways, of
# sequences of many lengths. Skipped where Python has no torch.
# shellcheck source=tests/support/script.sh
source "$PLUMB_SOURCE_DIR/tests/support/script.sh"
need_torch
encoder_file=$PLUMB_BUILD_DIR/tests/encoder_file
cd "$work"

sed -n '/^```python$/,/^```$/p' "$PLUMB_SOURCE_DIR/docs/checkpoints.md" | grep -v '^```' \
  >safetensors_files.py
cat >encoder.py <<'PYTHON'
import numpy as np, torch
from torch import nn
from safetensors_files import load, save

def make_model():
    layer = nn.TransformerEncoderLayer(24, 4, 48, 0.1, "gelu", batch_first=True, norm_first=True)
    return nn.TransformerEncoder(layer, 2)

x = np.random.RandomState(1).normal(size=(5, 9, 24)).astype(np.float32)
lengths = np.array([9, 1, 4, 8, 2])
padded = np.arange(9) >= lengths[:, None]

def check(what, model, ours):
    with torch.no_grad():
        theirs = model.eval()(torch.from_numpy(x), src_key_padding_mask=torch.from_numpy(padded))
    difference = np.abs(ours - theirs.numpy())[~padded].max()
    print(f"{what}: results differ by {difference:.2g}, they reach {np.abs(ours).max():.2g}")
    assert difference <= 1e-5 and np.abs(ours).max() > 0.1
PYTHON

"$encoder_file" save ours.safetensors
"$python" - <<'PYTHON'
from encoder import *
np.save("x.npy", x)
np.save("lengths.npy", lengths)
torch.manual_seed(1)
theirs = make_model()
optimizer = torch.optim.SGD(theirs.parameters(), lr=0.1)
for _ in range(5):  # so that no bias is 0 and no weight of a norm 1
    optimizer.zero_grad()
    theirs(torch.from_numpy(x)).square().mean().backward()
    optimizer.step()
save("theirs.safetensors", theirs.state_dict())
PYTHON
for side in ours theirs; do
  "$encoder_file" run $side.safetensors x.npy lengths.npy $side.npy
done
"$python" - <<'PYTHON'
from encoder import *
for side, what in (("ours", "plumb's model in PyTorch"), ("theirs", "PyTorch's model in plumb")):
    model = make_model()
    model.load_state_dict(load(f"{side}.safetensors"))
    check(what, model, np.load(f"{side}.npy"))
PYTHON
