#!/usr/bin/python3
"""Writes rearrange.txt, in the format of generate.py.

    /usr/bin/python3 tests/reference/generate_rearrange.py
"""
import math
import sys

import torch
import torch.nn.functional as F

sys.dont_write_bytecode = True  # no cache beside the reference files
from generate import Family, draw, mask, options, values


def padding(f):
    def pad(shape, amounts, mode="constant", value=0, kind="case"):
        getattr(f, kind)("pad" + options(amounts=amounts, mode=mode, value=value or None),
                         lambda x: F.pad(x, amounts, mode, value), draw(*shape))
    for amounts in ((1, 2), (0, 3), (-1, 2), (-2, -1), (2, 0, 1, 1), (0, 0, 1, 2), (-1, 1, 2, -1),
                    (1, 0, 0, 0, 2, 1)):
        pad((2, 3, 4), amounts)
    pad((5,), (2, 1), value=-1.5)
    pad((2, 3), (1, 0, 0, 2), value=7)
    pad((2, 3, 4), (-2, -2), kind="edge")
    for mode in ("reflect", "replicate"):
        for amounts in ((1, 2), (3, 0), (-1, 2), (0, 0)):
            pad((2, 2, 4), amounts, mode)
        for amounts in ((1, 2, 2, 1), (2, 0, 0, 1), (0, 0, 1, 1), (-1, 1, 2, -1)):
            pad((1, 2, 3, 4), amounts, mode)
        pad((1, 1, 2, 3, 3), (1, 2, 1, 0, 1, 1), mode)
    pad((1, 1, 1), (3, 4), "replicate")
    pad((1, 1, 2), (70, 5), "replicate")


def parts(f):
    def joined(pieces):
        return torch.cat(list(reversed(pieces)), 0)

    for axis, size in ((0, 3), (1, 2), (-1, 5)):
        f.case("split" + options(axis=axis, size=size),
               lambda x: joined([p.flatten() for p in torch.split(x, size, axis)]), draw(7, 4, 3))
    for axis, sizes in ((0, (2, 5)), (1, (1, 0, 3)), (2, (3,))):
        f.case("split" + options(axis=axis, sizes=sizes),
               lambda x: joined([p.flatten() for p in torch.split(x, sizes, axis)]), draw(7, 4, 3))
    for axis, count in ((0, 3), (0, 4), (1, 3), (-1, 5), (0, 1)):
        f.case("chunk" + options(axis=axis, count=count),
               lambda x: joined([p.flatten() for p in torch.chunk(x, count, axis)]), draw(5, 4, 3))
    for axes in ((0,), (1,), (-1,), (0, 2), (0, 1, 2)):
        f.case("flip" + options(axes=axes), lambda x: torch.flip(x, axes), draw(2, 3, 4))
    f.edge("flip" + options(axes=(0,)), lambda x: torch.flip(x, (0,)), draw(0, 3))


def masked(f):
    def fill(value):
        return lambda m, x: x.masked_fill(m, value)
    f.case("masked_fill value=-2", fill(-2), mask([1, 0, 1], [0, 0, 1]), draw(2, 3))
    f.case("masked_fill value=0.5", fill(0.5), mask([1], [0]), draw(4, 2, 3))
    f.case("masked_fill value=3", fill(3), mask(1, 0, 0), draw(3))
    f.case("masked_fill value=1", fill(1), mask([1, 0], [0, 1]), draw(2, 1))
    f.edge("masked_fill value=-inf", fill(-math.inf), mask(1, 0, 1), values(math.nan, 2, math.inf))


def sums(f):
    def einsum(equation, *shapes, kind="case"):
        getattr(f, kind)("einsum" + options(eq=equation), lambda *t: torch.einsum(equation, *t),
                         *(draw(*shape) for shape in shapes))
    for equation in ("ijk->kji", "ijk->k", "ijk->", "ijk->ki", "ijk"):
        einsum(equation, (2, 3, 4))
    einsum("ba", (2, 3))
    einsum("aB", (2, 3))
    for equation in ("ii->i", "ii->", "ii"):
        einsum(equation, (3, 3))
    for equation in ("iji->j", "iji->ij", "iji->ji", "iij->ji"):
        einsum(equation, (3, 3, 3))
    einsum("iiii->i", (2, 2, 2, 2))
    einsum("ijij->ij", (2, 3, 2, 3))
    for equation in ("ij,jk->ik", "ij,jk->ki", "ij,jk", "ij,jk->", "ij,jk->i", "ij,jk->j",
                     "ij,jk->ijk", "ij,jk->kji"):
        einsum(equation, (2, 3), (3, 4))
    for equation in ("ji,jk->ik", "ji,kj->ik"):
        einsum(equation, (3, 2), (3, 4) if equation[4] == "k" else (4, 3))
    einsum("ij,kj->ik", (2, 3), (4, 3))
    einsum("i,j->ij", (2,), (3,))
    einsum("i,i->", (3,), (3,))
    einsum("i,i->i", (3,), (3,))
    einsum("ij,ij->ij", (2, 3), (2, 3))
    einsum("ij,ji->ij", (2, 3), (3, 2))
    einsum("ij,ij->i", (2, 3), (2, 3))
    einsum("ij,ij->", (2, 3), (2, 3))
    einsum(",ij->ij", (), (2, 3))
    einsum("bij,bjk->bik", (2, 3, 2), (2, 2, 3))
    einsum("bhqd,bhkd->bhqk", (2, 2, 3, 2), (2, 2, 4, 2))
    einsum("bhqk,bhkd->bqhd", (2, 2, 3, 4), (2, 2, 4, 2))
    einsum("bqhd,bkhd->bhqk", (2, 3, 2, 2), (2, 4, 2, 2))
    einsum("abcd,cbe->aed", (2, 3, 2, 2), (2, 3, 4))
    einsum("ijk,kjl->il", (2, 3, 4), (4, 3, 2))
    einsum("iij,jk->ik", (3, 3, 2), (2, 4))
    einsum("ijk,l->jl", (2, 3, 2), (3,))
    einsum("ij,jk->ik", (2, 1), (3, 4))
    einsum("bij,bjk->bik", (1, 2, 3), (4, 3, 2))
    einsum("ij,ij->ij", (2, 3), (1, 3))
    einsum("ij,jk->ik", (2, 0), (0, 3), kind="edge")
    einsum("ij,jk->ik", (0, 2), (2, 3), kind="edge")
    einsum("ij->j", (0, 2), kind="edge")


def resizing(f):
    def resize(shape, size, mode, align=None):
        torch_mode = {1: "linear", 2: "bilinear"}[len(size)] if mode == "linear" else mode
        f.case("interpolate" + options(size=size, mode=mode, align=align),
               lambda x: F.interpolate(x, size, mode=torch_mode,
                                       align_corners=None if align is None else bool(align)),
               draw(*shape))
    for mode, align in (("nearest", None), ("linear", 0), ("linear", 1)):
        for length, size in ((4, 8), (4, 3), (3, 7), (5, 1), (1, 4), (6, 6), (7, 2)):
            resize((2, 1, length), (size,), mode, align)
        for sides, size in (((3, 4), (6, 8)), ((5, 4), (3, 7)), ((2, 3), (1, 5)), ((1, 1), (2, 3)),
                            ((4, 3), (9, 2))):
            resize((1, 2, *sides), size, mode, align)

    def upsample(shape, factor, mode, align=None):
        torch_mode = {3: "linear", 4: "bilinear"}[len(shape)] if mode == "linear" else mode
        f.case("upsample" + options(factor=factor, mode=mode, align=align),
               lambda x: F.interpolate(x, scale_factor=factor, mode=torch_mode,
                                       align_corners=None if align is None else bool(align)),
               draw(*shape))
    for mode, align in (("nearest", None), ("linear", 0), ("linear", 1)):
        upsample((1, 2, 3), (3,), mode, align)
        upsample((1, 2, 2, 3), (2, 2), mode, align)
        upsample((1, 1, 3, 2), (1, 3), mode, align)


if __name__ == "__main__":
    family = Family("rearrange")
    padding(family)
    parts(family)
    masked(family)
    sums(family)
    resizing(family)
    family.write()
