#!/usr/bin/python3
"""Writes pooling.txt, in the format of generate.py.

    /usr/bin/python3 tests/reference/generate_pooling.py
"""
import math

import torch
import torch.nn.functional as F

from generate import Family, draw, options, rough, values


def pooling():
    f = Family("pooling")

    def add(name, function, x, kernel, kind="case", source=draw, **chosen):
        inputs = source(*x) if isinstance(x, tuple) else x
        given = dict(chosen)
        if "count_padding" in given:
            given["count_include_pad"] = bool(given.pop("count_padding"))
        if "ceil_mode" in given:
            given["ceil_mode"] = bool(given["ceil_mode"])
        getattr(f, kind)(name + options(kernel=kernel, **chosen),
                         lambda x: function(x, kernel, **given), inputs)

    def max1(x, kernel, **rest):
        add("max_pool1d", F.max_pool1d, x, kernel, **rest)

    def max2(x, kernel, **rest):
        add("max_pool2d", F.max_pool2d, x, kernel, **rest)

    def avg1(x, kernel, **rest):
        add("avg_pool1d", F.avg_pool1d, x, kernel, **rest)

    def avg2(x, kernel, **rest):
        add("avg_pool2d", F.avg_pool2d, x, kernel, **rest)

    def adaptive(x, output, **rest):
        axes = len(output)
        inputs = draw(*x) if isinstance(x, tuple) else x
        for kind in ("avg", "max"):
            function = getattr(F, f"adaptive_{kind}_pool{axes}d")
            f.case(f"adaptive_{kind}_pool{axes}d" + options(output=output),
                   lambda x: function(x, output), inputs, **rest)

    for size in (1, 2, 7, 8):
        max1((2, 3, size), 1)
        avg1((2, 3, size), 1)
    for kernel, stride, padding in ((2, None, 0), (2, 2, 1), (3, 1, 1), (3, 2, 0), (4, 3, 2),
                                    (5, 1, 2), (2, 5, 1), (9, None, 0)):
        chosen = dict(stride=stride, padding=padding)
        max1((2, 2, 9), kernel, **chosen)
        avg1((1, 2, 9), kernel, **chosen)
        avg1((1, 2, 9), kernel, **chosen, count_padding=0)
    max1((1, 2, 11), 3, dilation=2)
    max1((1, 2, 11), 3, stride=2, padding=1, dilation=4)
    max1((1, 1, 300), 270, stride=7, padding=100)

    # 2 x 2 windows side by side: sizes that they cover, and rows and columns left out.
    for shape in ((2, 3, 4, 6), (1, 2, 5, 4), (1, 2, 4, 5), (2, 1, 3, 3), (1, 1, 2, 2),
                  (1, 1, 2, 37), (1, 1, 6, 48)):
        max2(shape, 2)
        avg2(shape, 2)
    for kernel, stride, padding in ((3, 2, 1), (3, 1, 1), (2, 1, 0), (2, 2, 1), ((3, 2), None, 0),
                                    ((2, 3), (1, 2), (1, 0)), ((4, 1), (2, 3), (2, 0)), (5, 5, 2),
                                    (1, 2, 0)):
        chosen = dict(stride=stride, padding=padding)
        max2((2, 2, 6, 7), kernel, **chosen)
        avg2((1, 2, 6, 7), kernel, **chosen)
        avg2((1, 2, 6, 7), kernel, **chosen, count_padding=0)
    max2((1, 2, 7, 8), 2, dilation=3)
    max2((1, 2, 7, 8), 3, stride=(1, 2), padding=1, dilation=(2, 1))
    max2((1, 2, 7, 8), (2, 3), stride=2, padding=(1, 0), dilation=(4, 3))
    max2((1, 1, 18, 19), 17, padding=8, stride=3)  # more than 256 elements in a window
    max2((1, 1, 17, 17), 16, stride=1)             # 256
    avg2((2, 1, 9, 9), 4, stride=2, padding=1, kind="edge", source=rough)

    for size, output in ((6, 2), (7, 3), (5, 5), (3, 5), (9, 1), (10, 7)):
        adaptive((2, 2, size), (output,))
    for size, output in (((4, 6), (2, 3)), ((5, 7), (3, 2)), ((3, 4), (5, 6)), ((7, 7), (1, 1)),
                         ((6, 5), (4, 5)), ((1, 9), (1, 4))):
        adaptive((2, 2, *size), output)

    # With ceil_mode: whole windows, ones that hang over, none that begin behind the input.
    for size, kernel, stride, padding in ((5, 2, 2, 0), (6, 2, 2, 0), (7, 3, 2, 1), (8, 3, 3, 1),
                                          (2, 3, 2, 0), (6, 2, 4, 1), (9, 4, 3, 2), (5, 1, 3, 0)):
        chosen = dict(stride=stride, padding=padding, ceil_mode=1)
        max1((1, 2, size), kernel, **chosen)
        avg1((1, 2, size), kernel, **chosen)
        avg1((1, 2, size), kernel, **chosen, count_padding=0)
    max1((1, 2, 8), 2, stride=3, dilation=3, ceil_mode=1)
    for kernel, stride, padding in ((2, 2, 0), (3, 2, 1), ((3, 2), (2, 3), (1, 0)), (2, 3, 1)):
        chosen = dict(stride=stride, padding=padding, ceil_mode=1)
        max2((1, 2, 7, 5), kernel, **chosen)
        avg2((1, 2, 7, 5), kernel, **chosen)
        avg2((1, 2, 7, 5), kernel, **chosen, count_padding=0)

    ties = values([[[1, 1, 2, 2], [1, 1, 2, 2], [0, 3, -1, -1], [3, 3, -1, -2]]])
    nans = values([[[1, math.nan, 2, 0], [0, 5, 1, 3], [math.nan, 1, 0, 4], [9, 9, 2, 4]]])
    low = values([[[-math.inf, -math.inf], [-math.inf, -math.inf]]])
    far = values([[[1000, -1000, 999, 1000], [-1000, -1000, 0, 1], [1, 2, 1000, 1000],
                   [-999, -1000, -1000, 1000]]])
    for x in (ties, nans, low, far):
        max2(x, 2, kind="edge")
        max2(x, 2, stride=1, padding=1, kind="edge")
    for x in (nans, far):
        avg2(x, 2, kind="edge")
        adaptive(x, (3, 2), edge=True)
    max1(values([[1, 1, math.nan, 0, 2, 2]]), 3, stride=1, kind="edge")
    for shape in ((0, 2, 4, 4), (0, 3, 5, 5)):
        max2(shape, 2, kind="edge")
        max2(shape, 3, padding=1, kind="edge")
        avg2(shape, 2, kind="edge")
        adaptive(shape, (2, 2), edge=True)
    f.write()


if __name__ == "__main__":
    pooling()
