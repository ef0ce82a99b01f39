#!/usr/bin/python3
"""Writes convolution.txt and convolution_layer.txt, in the format of generate.py.

    /usr/bin/python3 tests/reference/generate_convolution.py
"""
import sys

import torch
import torch.nn.functional as F

sys.dont_write_bytecode = True  # no cache beside the reference files
from generate import Family, draw, options, rough, values


def convolutions():
    f = Family("convolution")

    def add(name, function, x, w, outputs, bias=True, kind="case", source=draw, **chosen):
        inputs = [source(*x), source(*w)] + ([source(outputs)] if bias else [])
        getattr(f, kind)(name + options(**chosen), lambda *t: function(*t, **chosen), *inputs)

    def conv1d(x, w, **rest):
        add("conv1d", F.conv1d, x, w, w[0], **rest)

    def conv2d(x, w, **rest):
        add("conv2d", F.conv2d, x, w, w[0], **rest)

    def transposed(x, w, **rest):
        add("conv_transpose2d", F.conv_transpose2d, x, w, w[1] * rest.get("groups", 1), **rest)

    def transposed1d(x, w, **rest):
        add("conv_transpose1d", F.conv_transpose1d, x, w, w[1] * rest.get("groups", 1), **rest)

    conv1d((2, 2, 7), (3, 2, 3))
    conv1d((2, 2, 7), (3, 2, 3), bias=False)
    conv1d((2, 2, 7), (3, 2, 3), stride=2, padding=1)
    conv1d((1, 1, 9), (2, 1, 4), padding=3, dilation=2)
    conv1d((2, 4, 5), (4, 2, 2), groups=2, stride=3, padding=2)
    conv1d((2, 3, 6), (6, 1, 3), groups=3, padding=1)
    conv1d((2, 3, 5), (2, 3, 1))
    conv1d((1, 2, 40), (2, 2, 5), stride=3, padding=4, dilation=3)
    conv1d((1, 2, 70), (2, 2, 9), padding=4, kind="edge")

    conv2d((2, 2, 5, 6), (3, 2, 3, 3))
    conv2d((1, 2, 5, 6), (3, 2, 3, 3), bias=False)
    conv2d((1, 1, 4, 4), (1, 1, 4, 4))
    conv2d((1, 1, 1, 1), (1, 1, 3, 3), padding=1)
    for stride in (1, 2):
        for padding in (0, (1, 2)):
            for dilation in (1, 2):
                conv2d((1, 1, 7, 6), (2, 1, 3, 2), stride=stride, padding=padding,
                       dilation=dilation)
    conv2d((2, 2, 6, 5), (2, 2, 2, 3), stride=(1, 3), padding=(3, 0), dilation=(2, 1))
    conv2d((1, 2, 6, 5), (2, 2, 2, 3), stride=(3, 1), padding=(0, 4), dilation=(1, 3), bias=False)
    conv2d((1, 4, 5, 4), (4, 2, 3, 3), groups=2, padding=1)
    conv2d((1, 4, 6, 6), (2, 2, 3, 2), groups=2, stride=2, padding=1, dilation=2)
    conv2d((1, 3, 5, 4), (3, 1, 3, 3), groups=3, padding=1)
    conv2d((1, 3, 5, 4), (6, 1, 3, 3), groups=3, padding=1, stride=2, bias=False)
    conv2d((2, 3, 3, 4), (5, 3, 1, 1))
    conv2d((1, 4, 3, 4), (6, 2, 1, 1), groups=2, bias=False)
    conv2d((2, 2, 4, 5), (3, 2, 1, 1), stride=2)
    conv2d((2, 2, 3, 3), (3, 2, 1, 1), padding=1)
    conv2d((9, 1, 3, 3), (2, 1, 2, 2), padding=1)
    # As in LeNet-5 and the small nets, with fewer channels or smaller images.
    conv2d((1, 1, 8, 8), (4, 1, 5, 5), padding=2, kind="edge", source=rough)
    conv2d((1, 6, 6, 6), (3, 6, 5, 5), kind="edge")
    conv2d((1, 6, 5, 5), (8, 6, 3, 3), kind="edge")
    conv2d((11, 1, 4, 4), (2, 1, 3, 3), padding=1, kind="edge")
    conv2d((0, 2, 5, 5), (3, 2, 3, 3), kind="edge")
    f.edge("conv2d", F.conv2d, values([[[1000, -1000], [0, 1000]]]).reshape(1, 1, 2, 2),
           values([[[1000, 1000], [-1000, 0.5]]]).reshape(1, 1, 2, 2))

    transposed((2, 3, 3, 4), (3, 2, 3, 3))
    transposed((1, 3, 3, 4), (3, 2, 3, 3), bias=False)
    for stride in (1, 2):
        for padding in (0, 1):
            for dilation in (1, 2):
                transposed((1, 2, 3, 3), (2, 2, 3, 2), stride=stride, padding=padding,
                           dilation=dilation)
    transposed((1, 2, 3, 2), (2, 3, 3, 3), stride=2, padding=1, output_padding=1)
    transposed((1, 2, 3, 2), (2, 3, 2, 3), stride=(2, 3), padding=(0, 1), output_padding=(1, 2))
    transposed((1, 2, 3, 3), (2, 1, 2, 2), dilation=(3, 2), output_padding=(2, 1))
    transposed((1, 4, 3, 3), (4, 2, 3, 3), groups=2, stride=2, padding=1, output_padding=1)
    transposed((2, 3, 3, 2), (3, 1, 2, 2), groups=3, stride=2)
    transposed((2, 3, 3, 4), (3, 2, 1, 1))
    transposed((1, 4, 3, 4), (4, 3, 1, 1), groups=2, bias=False)
    transposed((2, 2, 2, 3), (2, 3, 1, 1), stride=2)
    transposed((9, 1, 2, 2), (1, 2, 2, 2), stride=2)
    transposed((1, 6, 4, 4), (6, 3, 4, 4), stride=2, padding=1, kind="edge")
    transposed((0, 2, 3, 3), (2, 3, 3, 3), kind="edge")
    transposed1d((2, 3, 4), (3, 2, 3))
    transposed1d((1, 3, 4), (3, 2, 3), bias=False)
    transposed1d((1, 2, 5), (2, 3, 3), stride=2, padding=1, output_padding=1)
    transposed1d((1, 2, 3), (2, 2, 3), stride=3, padding=2, dilation=2)
    transposed1d((2, 4, 3), (4, 1, 2), groups=2, dilation=3, output_padding=2)
    transposed1d((0, 2, 3), (2, 3, 3), kind="edge")
    f.write()


def layers():
    f = Family("convolution_layer")
    f.case("Conv1d" + options(stride=2, padding=1),
           lambda x, w, b: F.conv1d(x, w, b, 2, 1), draw(2, 3, 6), draw(4, 3, 3), draw(4))
    f.case("Conv1d" + options(groups=3), lambda x, w: F.conv1d(x, w, groups=3),
           draw(2, 3, 4), draw(3, 1, 2))
    f.case("Conv2d" + options(padding=2), lambda x, w, b: F.conv2d(x, w, b, padding=2),
           draw(2, 1, 4, 4), draw(2, 1, 5, 5), draw(2))
    f.case("Conv2d" + options(stride=(2, 1), groups=2, dilation=2),
           lambda x, w: F.conv2d(x, w, stride=(2, 1), groups=2, dilation=2),
           draw(1, 4, 5, 5), draw(2, 2, 2, 2))
    f.case("ConvTranspose1d" + options(stride=2, padding=1, output_padding=1),
           lambda x, w, b: F.conv_transpose1d(x, w, b, 2, 1, 1),
           draw(2, 2, 3), draw(2, 3, 4), draw(3))
    f.case("ConvTranspose1d" + options(groups=2, dilation=2),
           lambda x, w: F.conv_transpose1d(x, w, groups=2, dilation=2),
           draw(1, 2, 3), draw(2, 2, 2))
    f.case("ConvTranspose2d" + options(stride=2, padding=1, output_padding=1),
           lambda x, w, b: F.conv_transpose2d(x, w, b, 2, 1, 1),
           draw(2, 2, 3, 3), draw(2, 3, 3, 3), draw(3))
    f.case("ConvTranspose2d" + options(groups=2, dilation=2),
           lambda x, w: F.conv_transpose2d(x, w, groups=2, dilation=2),
           draw(1, 2, 2, 3), draw(2, 2, 2, 2))

    def net(x, w1, b1, w2, b2, w3, b3):
        hidden = torch.relu(F.conv2d(x, w1, b1, padding=2))
        hidden = torch.tanh(F.conv2d(hidden, w2, b2, stride=2))
        return F.linear(hidden.flatten(1), w3, b3)
    f.case("net", net, draw(2, 1, 6, 6), draw(2, 1, 5, 5, low=-0.5, high=0.5), draw(2),
           draw(3, 2, 3, 3, low=-0.5, high=0.5), draw(3), draw(4, 12, low=-1.0, high=1.0), draw(4))
    f.write()


if __name__ == "__main__":
    convolutions()
    layers()
