#!/usr/bin/python3
"""Writes mnist_losses.txt: the losses of 200 steps of an MLP on MNIST in PyTorch 1.13.

    /usr/bin/python3 tests/reference/mnist_losses.py [folder with the four MNIST files]

784-256-128-10 with ReLU, the training images in their order in batches of 64 and scaled to [0, 1],
mean cross entropy, SGD with lr 0.05 and momentum 0.9. The initial parameters are a hash of their
number, so that another program starts from the same bits. A line holds the losses of a step in
float64 and in float32, both from the float32 parameters.
"""
import gzip
import math
import pathlib
import sys

import numpy
import torch

torch.set_num_threads(1)

here = pathlib.Path(__file__).resolve().parent
folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else here / "../../../shared/data/mnist")
SIZES = [784, 256, 128, 10]
STEPS, BATCH = 200, 64
# Where a ReLU's input comes within rounding of zero, two float32 programs part: PyTorch from itself
# by 1e-2 under another OpenBLAS kernel. This start is free of that: 24 runs from parameters changed
# in their last bits stayed within 3e-7.
FIRST = 47_000_000


def hashed(first, count):
    """Numbers in [-1, 1), multiples of 2^-23, from the integers first, first + 1, ..."""
    h = numpy.arange(first, first + count, dtype=numpy.uint32) * numpy.uint32(0x9E3779B1)
    h = (h ^ (h >> 16)) * numpy.uint32(0x85EBCA6B)
    h = (h ^ (h >> 13)) * numpy.uint32(0xC2B2AE35)
    h = h ^ (h >> 16)
    return (h >> 8).astype(numpy.float64) * 2.0**-23 - 1


def parameters():
    """Weight [out, in] and bias [out] of each layer, within 1 / sqrt(in) as Linear's default."""
    made, first = [], FIRST
    for fan_in, fan_out in zip(SIZES, SIZES[1:]):
        for shape in ((fan_out, fan_in), (fan_out,)):
            values = hashed(first, math.prod(shape)) / math.sqrt(fan_in)
            first += values.size
            made.append(torch.from_numpy(values.astype(numpy.float32).reshape(shape)))
    return made


def idx(name, header):
    with gzip.open(folder / name) as file:
        return numpy.frombuffer(file.read(), dtype=numpy.uint8)[header:].copy()


def losses(dtype):
    w1, b1, w2, b2, w3, b3 = weights = [p.to(dtype).requires_grad_() for p in parameters()]
    optimizer = torch.optim.SGD(weights, lr=0.05, momentum=0.9)
    for x, y in zip(images.split(BATCH), labels.split(BATCH)):
        x = x.to(dtype) / 255
        hidden = torch.relu(torch.relu(x @ w1.T + b1) @ w2.T + b2)
        loss = torch.nn.functional.cross_entropy(hidden @ w3.T + b3, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield loss.item()


pixels = idx("train-images-idx3-ubyte.gz", 16).reshape(-1, 784)
images = torch.from_numpy(pixels[: STEPS * BATCH])
labels = torch.from_numpy(idx("train-labels-idx1-ubyte.gz", 8)[: STEPS * BATCH]).long()

lines = [f"{a:.17g} {b:.9g}" for a, b in zip(losses(torch.float64), losses(torch.float32))]
(here / "mnist_losses.txt").write_text("\n".join(lines) + "\n")
print(f"{len(lines)} steps, {lines[0]} ... {lines[-1]}")
