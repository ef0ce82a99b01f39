#!/usr/bin/python3
"""Writes normalization.txt and normalization_layer.txt, in the format of generate.py.

    /usr/bin/python3 tests/reference/generate_normalization.py
"""
import math

import numpy
import torch
import torch.nn.functional as F

from generate import Const, Family, draw, options, positive, rough, values


def parts(tensors, names):
    """The tensors by name, None for those that a case does not have; "wb" is weight and bias."""
    tensors = iter(tensors)
    return [next(tensors) if part in names else None for part in "wb"]


def far_from_zero(*shape):
    """Mean 1000, deviation 0.01."""
    drawn = numpy.random.RandomState(1).normal(1000, 0.01, shape)
    return torch.from_numpy(drawn).float().double()


AFFINE = ("wb", "", "w", "b")


def operations():
    f = Family("normalization")

    def affine(names, *size):
        return [draw(*size) for _ in names]

    def batch_norm(x, names="wb", kind="case", eps=None, channels=3):
        def function(x, *rest):
            weight, bias = parts(rest, names)
            return F.batch_norm(x, None, None, weight, bias, True, 0.1, eps or 1e-5)
        getattr(f, kind)("batch_norm" + options(by="batch", affine=names or "no", eps=eps),
                         function, x, *affine(names, channels))

    def by_running(x, names="wb", kind="case", eps=None, channels=3):
        def function(x, *rest):
            *rest, mean, var = rest
            weight, bias = parts(rest, names)
            return F.batch_norm(x, mean, var, weight, bias, False, 0.1, eps or 1e-5)
        getattr(f, kind)("batch_norm" + options(by="running", affine=names or "no", eps=eps),
                         function, x, *affine(names, channels), Const(draw(channels)),
                         Const(positive(channels)))

    def layer_norm(x, shape, names="wb", kind="case", eps=None):
        def function(x, *rest):
            weight, bias = parts(rest, names)
            return F.layer_norm(x, shape, weight, bias, eps or 1e-5)
        getattr(f, kind)("layer_norm" + options(shape=shape, affine=names or "no", eps=eps),
                         function, x, *affine(names, *shape))

    def group_norm(x, groups, channels, names="wb", kind="case", eps=None):
        def function(x, *rest):
            weight, bias = parts(rest, names)
            if names == "b":  # of which PyTorch 1.13 cannot take the gradient
                weight = torch.ones(channels, dtype=torch.float64)
            return F.group_norm(x, groups, weight, bias, eps or 1e-5)
        getattr(f, kind)("group_norm" + options(groups=groups, affine=names or "no", eps=eps),
                         function, x, *affine(names, channels))

    for names in AFFINE:
        for shape in ((4, 3), (2, 3, 4), (2, 3, 2, 3)):
            batch_norm(draw(*shape), names)
            by_running(draw(*shape), names)
        layer_norm(draw(2, 3, 4), (4,), names)
        layer_norm(draw(2, 3, 4), (3, 4), names)
        group_norm(draw(2, 6), 2, 6, names)
        group_norm(draw(2, 4, 3), 2, 4, names)
        group_norm(draw(2, 4, 2, 3), 4, 4, names)
    for eps in (0.5, 1e-3):
        batch_norm(draw(2, 3, 4), eps=eps)
        by_running(draw(2, 3, 4), eps=eps)
        layer_norm(draw(4, 5), (5,), eps=eps)
        group_norm(draw(2, 4, 3), 2, 4, eps=eps)
    # One image, one channel, few images of many elements and the reverse.
    batch_norm(draw(1, 3, 5))
    batch_norm(draw(5, 1), channels=1)
    by_running(draw(1, 3))
    batch_norm(draw(3, 1, 19), channels=1)
    batch_norm(draw(4, 66), channels=66)
    batch_norm(rough(270, 1), kind="edge", channels=1)
    batch_norm(rough(130, 1, 2), kind="edge", channels=1)
    by_running(rough(270, 1), kind="edge", channels=1)
    layer_norm(draw(5), (5,))
    layer_norm(draw(2, 2, 3, 2), (2, 3, 2))
    layer_norm(rough(1, 150), (150,), kind="edge")
    layer_norm(rough(258, 2), (2,), kind="edge")
    group_norm(draw(1, 3, 4), 1, 3)
    group_norm(draw(3, 8, 1), 2, 8)
    group_norm(rough(1, 4, 40), 2, 4, kind="edge")

    # Deviations that are small beside the mean, none at all, far apart, NaN, empty.
    batch_norm(far_from_zero(8, 3), kind="edge")
    batch_norm(far_from_zero(2, 3, 9), kind="edge")
    layer_norm(far_from_zero(3, 20), (20,), kind="edge")
    group_norm(far_from_zero(2, 4, 6), 2, 4, kind="edge")
    same = values([[7] * 4, [0] * 4, [-2] * 4], [[7] * 4, [0] * 4, [-2] * 4])
    far = values([[1000, -1000, 3, 500], [1000, 999, 998, 990], [1, 2, 0, -1000]],
                 [[-1000, 1000, 2, 0], [1000, 999, 997, 1001], [3, 1000, -1, 2]])
    nan = values([[1, math.nan, 2, 5], [1, 2, 0, 4], [1, 2, 7, -1]],
                 [[0, 1, 3, 2], [3, 5, -3, 0], [1, 4, 2, 2]])
    for x in (same, far, nan):
        batch_norm(x, kind="edge")
        by_running(x, kind="edge")
        layer_norm(x, (4,), kind="edge")
        group_norm(x, 3, 3, kind="edge")
    batch_norm(draw(0, 3, 2), kind="edge")
    by_running(draw(0, 3, 2), kind="edge")
    layer_norm(draw(0, 4), (4,), kind="edge")
    group_norm(draw(0, 4, 3), 2, 4, kind="edge")
    f.write()


def layers():
    """Constants: weight and bias unless affine=no, then the batches of the training steps."""
    f = Family("normalization_layer")

    def add(name, make, x, size, affine=True, steps=0, train=False, **chosen):
        def function(x, *constants):
            layer = make().double()
            if affine:
                with torch.no_grad():
                    layer.weight.copy_(constants[0])
                    layer.bias.copy_(constants[1])
            for batch in constants[2 if affine else 0:]:
                layer(batch)
            return layer.train(train)(x)
        rest = [Const(draw(*size)), Const(draw(*size))] if affine else []
        rest += [Const(draw(*x)) for _ in range(steps)]
        f.case(name + options(affine=None if affine else "no", train=train or None, **chosen),
               function, draw(*x), *rest)

    for name, shapes in (("BatchNorm1d", ((4, 3), (2, 3, 4))), ("BatchNorm2d", ((2, 3, 2, 3),))):
        layer = getattr(torch.nn, name)
        for x in shapes:
            add(name, lambda: layer(3), x, (3,), train=True)
            add(name, lambda: layer(3), x, (3,))
            add(name, lambda: layer(3), x, (3,), steps=3)
            add(name, lambda: layer(3), x, (3,), steps=3, train=True)
            add(name, lambda: layer(3, eps=0.25, momentum=0.5), x, (3,), steps=3, eps=0.25,
                momentum=0.5)
            add(name, lambda: layer(3, momentum=None), x, (3,), steps=3, momentum="mean")
            add(name, lambda: layer(3, affine=False), x, (3,), affine=False, steps=3)
            add(name, lambda: layer(3, track_running_stats=False), x, (3,), steps=1, track="no")
    add("LayerNorm", lambda: torch.nn.LayerNorm(4), (2, 3, 4), (4,), shape=(4,))
    add("LayerNorm", lambda: torch.nn.LayerNorm((3, 4)), (2, 3, 4), (3, 4), shape=(3, 4))
    add("LayerNorm", lambda: torch.nn.LayerNorm(4, 0.25, False), (2, 3, 4), (), affine=False,
        shape=(4,), eps=0.25)
    add("GroupNorm", lambda: torch.nn.GroupNorm(2, 4), (2, 4, 3, 2), (4,), groups=2)
    add("GroupNorm", lambda: torch.nn.GroupNorm(4, 4), (2, 4, 3), (4,), groups=4)
    add("GroupNorm", lambda: torch.nn.GroupNorm(2, 4, 0.25, False), (2, 4, 3), (), affine=False,
        groups=2, eps=0.25)
    f.write()


if __name__ == "__main__":
    operations()
    layers()
