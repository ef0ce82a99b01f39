#!/usr/bin/env bash
# Transformer encoders, attention, LSTM and GRU to and from PyTorch by safetensors: the same results to 1e-5
# both ways, of sequences of many lengths. Skipped where Python has no torch.
# shellcheck source=tests/support/script.sh
source "$PLUMB_SOURCE_DIR/tests/support/script.sh"
need_torch
sequence_file=$PLUMB_BUILD_DIR/tests/sequence_file
cd "$work"

sed -n '/^```python$/,/^```$/p' "$PLUMB_SOURCE_DIR/docs/checkpoints.md" | grep -v '^```' \
  >safetensors_files.py
cat >sequences.py <<'PYTHON'
import numpy as np, torch
from torch import nn
from safetensors_files import load, save

kinds = ("encoder", "attention", "lstm", "gru")
x = np.random.RandomState(1).normal(size=(5, 9, 24)).astype(np.float32)
lengths = np.array([9, 1, 4, 8, 2])
padded = np.arange(9) >= lengths[:, None]

def make_model(kind):
    if kind == "encoder":
        layer = nn.TransformerEncoderLayer(24, 4, 48, 0.1, "gelu", batch_first=True, norm_first=True)
        return nn.TransformerEncoder(layer, 2)
    if kind == "attention":
        return nn.MultiheadAttention(24, 4, batch_first=True)
    return {"lstm": nn.LSTM, "gru": nn.GRU}[kind](24, 16, 2, batch_first=True, bidirectional=True)

def results(kind, model):
    """Of all samples; what stands in padded steps does not matter."""
    inputs, mask = torch.from_numpy(x), torch.from_numpy(padded)
    if kind == "encoder":
        return model(inputs, src_key_padding_mask=mask)
    if kind == "attention":
        return model(inputs, inputs, inputs, key_padding_mask=mask)[0]
    alone = [model(sample[None, :n])[0][0] for sample, n in zip(inputs, lengths)]
    return nn.utils.rnn.pad_sequence(alone, batch_first=True)
PYTHON

"$python" - <<'PYTHON'
from sequences import *
np.save("x.npy", x)
np.save("lengths.npy", lengths)
for kind in kinds:
    torch.manual_seed(1)
    theirs = make_model(kind)
    optimizer = torch.optim.SGD(theirs.parameters(), lr=0.1)
    for _ in range(5):  # so that no bias is 0 and no weight of a norm 1
        optimizer.zero_grad()
        results(kind, theirs).square().mean().backward()
        optimizer.step()
    save(f"{kind}.theirs.safetensors", theirs.state_dict())
PYTHON
for kind in encoder attention lstm gru; do
  "$sequence_file" save $kind $kind.ours.safetensors
  for side in ours theirs; do
    "$sequence_file" run $kind $kind.$side.safetensors x.npy lengths.npy $kind.$side.npy
  done
done
"$python" - <<'PYTHON'
from sequences import *
for kind in kinds:
    for side, what in (("ours", "plumb's model in PyTorch"), ("theirs", "PyTorch's model in plumb")):
        model = make_model(kind).eval()
        model.load_state_dict(load(f"{kind}.{side}.safetensors"))
        ours = np.load(f"{kind}.{side}.npy")
        with torch.no_grad():
            theirs = results(kind, model).numpy()
        difference = np.abs(ours - theirs)[~padded].max()
        print(f"{kind}, {what}: results differ by {difference:.2g}, reach {np.abs(ours).max():.2g}")
        assert difference <= 1e-5 and np.abs(ours[~padded]).max() > 0.05
PYTHON
