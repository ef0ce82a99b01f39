#!/usr/bin/python3
"""Writes attention.txt and attention_layer.txt, in the format of generate.py.

    /usr/bin/python3 tests/reference/generate_attention.py

They hold what models of sequences are made of, recurrent layers aside. Rows that see nothing have
result 0 here: PyTorch 1.13 makes them NaN.
"""
import math

import torch
import torch.nn.functional as F
from torch.nn.utils.stateless import functional_call

from generate import Const, Family, REDUCTIONS, draw, index, options, rough, values


def lengths(*numbers):
    return torch.tensor(numbers, dtype=torch.int64)


def visible(n, queries, keys, causal, key_lengths):
    """Which keys each query sees: [n, 1, queries, keys]."""
    seen = torch.ones(n, 1, queries, keys, dtype=torch.bool)
    if causal:
        seen &= torch.ones(queries, keys, dtype=torch.bool).tril()
    if key_lengths is not None:
        seen &= (torch.arange(keys) < key_lengths[:, None])[:, None, None]
    return seen


def attend(q, k, v, causal=False, key_lengths=None, query_lengths=None, bias=None):
    n, _, queries, depth = q.shape
    keys = k.shape[2]
    scores = q @ k.transpose(2, 3) / math.sqrt(depth)
    if bias is not None:
        scores = scores + bias
    seen = visible(n, queries, keys, causal, key_lengths) & (scores > -math.inf)
    some = seen.any(3, keepdim=True)
    scores = torch.where(some, scores.masked_fill(~seen, -math.inf), torch.zeros_like(scores))
    weights = torch.where(seen, torch.softmax(scores, 3), torch.zeros_like(scores))
    y = weights @ v
    if query_lengths is not None:
        counts = (torch.arange(queries) < query_lengths[:, None])[:, None, :, None]
        y = torch.where(counts, y, torch.zeros_like(y))
    return y


def split(x, heads):
    n, steps, columns = x.shape
    return x.reshape(n, steps, heads, columns // heads).transpose(1, 2)


def join(y):
    n, heads, steps, depth = y.shape
    return y.transpose(1, 2).reshape(n, steps, heads * depth)


def attention(f):
    """Options name the constants that follow q, k and v: key lengths, query lengths, bias."""
    def add(q, k, v, causal=False, keys=None, queries=None, bias=None, edge=False):
        names = "".join(c for c, x in zip("kqb", (keys, queries, bias)) if x is not None)

        def function(q, k, v, *rest):
            rest = dict(zip(names, rest))
            return attend(q, k, v, causal, rest.get("k"), rest.get("q"), rest.get("b"))
        rest = [x for x in (keys, queries, bias) if x is not None]
        f.case("scaled_dot_product_attention" +
               options(causal=1 if causal else None, masks=names or None),
               function, q, k, v, *rest, edge=edge)

    def plain(n, h, L, S, d, e, **chosen):
        add(draw(n, h, L, d), draw(n, h, S, d), draw(n, h, S, e), **chosen)

    for causal in (False, True):
        plain(2, 2, 5, 5, 4, 4, causal=causal)
        plain(2, 1, 3, 6, 4, 2, causal=causal)
        plain(1, 2, 6, 3, 2, 3, causal=causal)
        plain(1, 1, 1, 1, 1, 1, causal=causal)
        plain(3, 2, 4, 4, 2, 2, causal=causal, keys=lengths(4, 1, 0))
        plain(3, 1, 4, 5, 2, 2, causal=causal, keys=lengths(5, 2, 0), queries=lengths(4, 0, 3))
        plain(2, 2, 3, 4, 2, 2, causal=causal, bias=Const(draw(2, 2, 3, 4)))
        plain(2, 2, 3, 4, 2, 2, causal=causal, bias=Const(draw(2, 1, 1, 4)))
        plain(2, 2, 3, 4, 2, 2, causal=causal, bias=Const(draw(3, 1)))
    hidden = values([0, -math.inf, 1], [-math.inf] * 3, [2, 0, -math.inf])
    plain(1, 2, 3, 3, 2, 2, bias=Const(hidden))
    plain(2, 1, 3, 3, 3, 2, bias=Const(hidden), causal=True, keys=lengths(3, 2))
    # More than a strip of queries, and keys beyond a vector.
    for causal in (False, True):
        add(rough(1, 1, 66, 3), rough(1, 1, 19, 3), rough(1, 1, 19, 2), causal=causal, edge=True)
    add(rough(1, 1, 35, 4), rough(1, 1, 35, 4), rough(1, 1, 35, 4), causal=True, keys=lengths(33),
        edge=True)
    # Scores far apart, and none at all.
    far = values([100, -100], [300, 5])[None, None]
    add(far, far, far, edge=True)
    add(far, far, far, causal=True, edge=True)
    plain(0, 2, 3, 3, 2, 2, edge=True)
    plain(2, 1, 0, 3, 2, 2, edge=True)
    plain(2, 1, 3, 0, 2, 2, edge=True)

    def of_heads(heads, packed, q, k=None, v=None, causal=False, keys=None):
        def function(*x):
            *x, counts = x if keys is not None else (*x, None)
            x = x[0].chunk(3, 2) if packed else x
            return join(attend(*(split(part, heads) for part in x), causal, counts))
        rest = [x for x in (k, v, keys) if x is not None]
        f.case("multi_head_attention" +
               options(heads=heads, causal=1 if causal else None,
                       masks=None if keys is None else "k"), function, q, *rest)
    for causal in (False, True):
        of_heads(2, True, draw(2, 4, 12), causal=causal)
        of_heads(3, True, draw(2, 5, 18), causal=causal, keys=lengths(2, 5))
        of_heads(2, False, draw(2, 3, 4), draw(2, 5, 4), draw(2, 5, 6), causal=causal)
        of_heads(1, False, draw(2, 3, 2), draw(2, 4, 2), draw(2, 4, 2), causal=causal,
                 keys=lengths(0, 4))


def turn(x, size, interleaved=False, base=10000.0):
    """Rotary positions of heads of `size` columns, as complex numbers."""
    *leading, steps, columns = x.shape
    speed = base ** (-torch.arange(0, size, 2, dtype=torch.float64) / size)
    angles = torch.arange(steps, dtype=torch.float64)[:, None] * speed
    turns = torch.polar(torch.ones_like(angles), angles)[:, None]
    heads = x.reshape(*leading, steps, columns // size, size)
    if interleaved:
        pairs = torch.complex(heads[..., 0::2], heads[..., 1::2]) * turns
        y = torch.stack([pairs.real, pairs.imag], -1).flatten(-2)
    else:
        half = size // 2
        pairs = torch.complex(heads[..., :half], heads[..., half:]) * turns
        y = torch.cat([pairs.real, pairs.imag], -1)
    return y.reshape(x.shape)


def operations():
    f = Family("attention")

    def embed(weight, ids, padding=None):
        f.case("embedding" + options(padding=padding),
               lambda w, i: F.embedding(i, w, padding), weight, ids, edge=padding is not None)
    embed(draw(5, 3), index(4, 0, 4, 4))
    embed(draw(5, 3), index([1, 1, 2], [0, 3, 1]))
    embed(draw(5, 3), index([1, 1, 2], [0, 3, 1]), padding=1)
    embed(draw(1, 4), index([0, 0], [0, 0]))
    embed(draw(1, 2), index(0, 0), padding=0)
    embed(draw(4, 20), torch.tensor(2))
    embed(draw(3, 2), torch.zeros(0, 4, dtype=torch.int64))

    def rms(x, weight=None, eps=None, shape=None, edge=False):
        def function(x, w=None):
            axes = tuple(range(-len(shape), 0))
            y = x * torch.rsqrt((x * x).mean(axes, keepdim=True) + (eps or 1e-5))
            return y if w is None else y * w
        shape = shape or x.shape[-1:]
        f.case("rms_norm" + options(shape=shape, affine="no" if weight is None else None, eps=eps),
               function, x, *([] if weight is None else [weight]), edge=edge)
    for weight in (None, draw(4)):
        rms(draw(2, 3, 4), weight)
        rms(draw(3, 4), weight, eps=0.5)
        rms(draw(4), weight)
    rms(draw(2, 3, 4), draw(3, 4), shape=(3, 4))
    rms(rough(3, 70), rough(70), edge=True)
    rms(rough(130, 3), edge=True)
    rms(values([1000, -1000, 3], [0, 0, 0], [1, math.nan, 2]), draw(3), edge=True)
    rms(draw(0, 3), draw(3), edge=True)

    def token(x, targets, smoothing=None, ignored=None, weight=None, edge=False):
        for reduction in REDUCTIONS:
            def function(x, t, w=None):
                rows = F.cross_entropy(x.reshape(-1, x.shape[-1]), t.flatten(), w,
                                       ignore_index=-100 if ignored is None else ignored,
                                       label_smoothing=smoothing or 0, reduction=reduction)
                return rows.reshape(t.shape) if reduction == "none" else rows
            f.case("token_cross_entropy" +
                   options(label_smoothing=smoothing, ignore_index=ignored, reduction=reduction),
                   function, x, targets, *([] if weight is None else [weight]), edge=edge)
    steps = index([2, 0, 4], [4, 4, 1])
    token(draw(2, 3, 5), steps)
    token(draw(2, 3, 5), steps, smoothing=0.1, ignored=4)
    token(draw(2, 3, 5), steps, ignored=0, weight=Const(values(0.5, 1.25, 2, 0.75, 1)))
    token(draw(3, 2, 2, 2), torch.ones(3, 2, 2, dtype=torch.int64))
    token(draw(5), torch.tensor(3))
    token(draw(2, 1), index(0, 0))
    token(draw(1, 2, 40, low=-8, high=8), index([39, 0]))

    def rotate(x, size, interleaved=False, base=None, rotated=None):
        def function(x):
            part = x if rotated is None else x[..., :rotated]
            y = turn(part, size, interleaved, base or 10000.0)
            return y if rotated is None else torch.cat([y, x[..., rotated:]], -1)
        f.case("rotary" + options(size=size, layout="interleaved" if interleaved else "halves",
                                  base=base, rotated=rotated), function, x)
    for interleaved in (False, True):
        rotate(draw(2, 3, 4), 4, interleaved)
        rotate(draw(2, 3, 8), 4, interleaved, base=100)
        rotate(draw(5, 6), 2, interleaved)
        rotate(draw(2, 3, 9), 2, interleaved, rotated=6)
        rotate(draw(1, 2, 5, 4), 4, interleaved)
    attention(f)
    f.write()


def layers():
    """Inputs: x (and a memory), then the parameters in their order. Constants: lengths."""
    f = Family("attention_layer")

    def add(name, layer, *inputs, forward=None, **chosen):
        layer = layer.double().eval()
        names = [name for name, _ in layer.named_parameters()]
        count = len([x for x in inputs if not isinstance(x, torch.Tensor)])

        def function(*tensors):
            *tensors, counts = tensors if len(inputs) > count else (*tensors, None)
            state = dict(zip(names, tensors[count:]))
            wrapped = Wrapper(layer, forward, counts)
            return functional_call(wrapped, {"layer." + k: v for k, v in state.items()},
                                   tuple(tensors[:count]))
        parameters = [draw(*p.shape, low=-1.0, high=1.0) for p in layer.parameters()]
        f.case(name + options(**chosen), function, *inputs[:count], *parameters, *inputs[count:])

    class Wrapper(torch.nn.Module):
        def __init__(self, layer, forward, counts):
            super().__init__()
            self.layer, self.call, self.counts = layer, forward, counts

        def forward(self, *x):
            # In evaluation mode PyTorch would take a path of its own, without gradients.
            self.layer.train()
            return self.call(self.layer, *x, self.counts)

    def hidden(counts, steps):
        return None if counts is None else torch.arange(steps) >= counts[:, None]

    def later(steps, causal):
        return torch.ones(steps, steps, dtype=torch.bool).triu(1) if causal else None

    def valid(y, counts):
        return y if counts is None else y * ~hidden(counts, y.shape[1])[:, :, None]

    for bias, causal, counts in ((True, False, None), (True, True, None), (False, False, None),
                                 (True, False, lengths(2, 4)), (True, True, lengths(1, 3))):
        def self_attention(layer, x, counts, causal=causal):
            y, _ = layer(x, x, x, key_padding_mask=hidden(counts, x.shape[1]),
                         attn_mask=later(x.shape[1], causal), need_weights=False)
            return valid(y, counts)
        add("MultiheadAttention",
            torch.nn.MultiheadAttention(4, 2, 0.0, bias, batch_first=True),
            draw(2, 4, 4), *([] if counts is None else [counts]), forward=self_attention,
            heads=2, causal=1 if causal else None, bias=None if bias else "no")

    def cross_attention(layer, x, memory, counts):
        y, _ = layer(x, memory, memory, key_padding_mask=hidden(counts, memory.shape[1]),
                     need_weights=False)
        return y
    for counts in (None, lengths(2, 3)):
        add("MultiheadAttention", torch.nn.MultiheadAttention(4, 2, batch_first=True),
            draw(2, 4, 4), draw(2, 3, 4), *([] if counts is None else [counts]),
            forward=cross_attention, heads=2, memory=1)

    for activation, pre in (("relu", False), ("gelu", True)):
        for causal, counts in ((True, None), (False, lengths(3, 1))):
            def encode(layer, x, counts, causal=causal):
                y = layer(x, later(x.shape[1], causal), hidden(counts, x.shape[1]))
                return valid(y, counts)
            add("TransformerEncoderLayer",
                torch.nn.TransformerEncoderLayer(4, 2, 6, 0.0, activation, 1e-5, True, pre),
                draw(2, 3, 4), *([] if counts is None else [counts]), forward=encode,
                heads=2, feed_forward=6, activation=activation, pre=1 if pre else None,
                causal=1 if causal else None)
        def decode(layer, x, memory, counts):
            return layer(x, memory, later(x.shape[1], True),
                         memory_key_padding_mask=hidden(counts, memory.shape[1]))
        for counts in (None, lengths(1, 2)):
            add("TransformerDecoderLayer",
                torch.nn.TransformerDecoderLayer(4, 2, 6, 0.0, activation, 1e-5, True, pre),
                draw(2, 3, 4), draw(2, 4, 4), *([] if counts is None else [counts]),
                forward=decode, heads=2, feed_forward=6, activation=activation,
                pre=1 if pre else None)
    f.write()


if __name__ == "__main__":
    operations()
    layers()
