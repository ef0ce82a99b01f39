#!/usr/bin/python3
"""Writes recurrent.txt and recurrent_layer.txt, in the format of generate.py.

    /usr/bin/python3 tests/reference/generate_recurrent.py

The results are the rows of y, then those of the last states. Where there are lengths, each sample is
what PyTorch makes of it alone, without its padding.
"""
import torch

from generate import Const, Family, draw, index, options

CELLS = {"lstm": (4, 2, torch._VF.lstm), "gru": (3, 1, torch._VF.gru),
         "rnn_tanh": (1, 1, torch._VF.rnn_tanh), "rnn_relu": (1, 1, torch._VF.rnn_relu)}


def one_sample(layer, x, states, steps, width):
    """y [1, L, width], padded with 0, and the last states of layer(x[:, :steps], states)."""
    if steps == 0:
        return x.new_zeros(1, x.shape[1], width), states
    y, last = layer(x[:, :steps], states)
    return torch.nn.functional.pad(y, (0, 0, 0, x.shape[1] - steps)), last


def by_samples(layer, x, states, lengths, width):
    """The rows of y and of the last states [.., n, hidden]."""
    found = [one_sample(layer, x[i:i + 1], [s[:, i:i + 1] for s in states], steps, width)
             for i, steps in enumerate(lengths)]
    y = torch.cat([y for y, _ in found])
    last = [torch.cat([states[k] for _, states in found], 1) for k in range(len(states))]
    return rows(y, last)


def rows(y, last):
    """[.., hidden]; y of two directions has two rows for each step."""
    hidden = last[0].shape[-1]
    return torch.cat([y.reshape(-1, hidden)] + [s.reshape(-1, hidden) for s in last])


def operations():
    f = Family("recurrent")

    def add(name, n, steps, inputs, hidden, lengths=None, reverse=False, bias=True, initial=True,
            kind="case"):
        gates, states, function = CELLS[name]

        def compute(x, *rest):
            rest = list(rest)
            weights = [rest.pop(0) for _ in range(4 if bias else 2)]
            first = [rest.pop(0)[None] if initial else torch.zeros(1, n, hidden).double()
                     for _ in range(states)]

            def layer(x, states):
                x = x.flip(1) if reverse else x
                hx = tuple(s.contiguous() for s in states) if len(states) > 1 else states[0].contiguous()
                y, *last = function(x, hx, weights, bias, 1, 0.0, False, False, True)
                return y.flip(1) if reverse else y, last
            return by_samples(layer, x, first, lengths or [steps] * n, hidden)

        drawn = [draw(n, steps, inputs), draw(gates * hidden, inputs, low=-1, high=1),
                 draw(gates * hidden, hidden, low=-1, high=1)]
        drawn += [draw(gates * hidden, low=-1, high=1)] * (2 if bias else 0)
        drawn += [draw(n, hidden, low=-1, high=1)] * (states if initial else 0)
        drawn += [index(*lengths)] if lengths else []
        chosen = options(reverse=reverse or None, bias=None if bias else 0,
                         initial=None if initial else 0)
        getattr(f, kind)(name + chosen, compute, *drawn)

    for name in CELLS:
        add(name, 2, 3, 4, 3)
        add(name, 2, 3, 4, 3, reverse=True)
        add(name, 3, 4, 2, 3, lengths=[4, 0, 2])
        add(name, 3, 4, 2, 3, lengths=[1, 4, 3], reverse=True)
        add(name, 2, 3, 2, 2, bias=False)
        add(name, 1, 1, 1, 1)
        add(name, 1, 2, 3, 2, initial=False, lengths=[1], reverse=True)
    # More units and samples than fit in a vector and in a block of rows.
    add("lstm", 19, 2, 2, 18, kind="edge", lengths=[2, 1, 0] + [2] * 16)
    add("gru", 19, 2, 2, 18, kind="edge", lengths=[2, 1, 0] + [2] * 16, reverse=True)
    add("rnn_tanh", 19, 2, 2, 34, kind="edge")
    f.write()


def layers():
    """Constants: the entries of PyTorch's state dict, whose names are in the option `names`."""
    f = Family("recurrent_layer")

    def add(name, x, lengths=None, initial=False, **chosen):
        layer = getattr(torch.nn, name)(x[2], 3, batch_first=True, **chosen).double().eval()
        states = 2 if name == "LSTM" else 1
        count = layer.num_layers * (2 if layer.bidirectional else 1)
        names = list(layer.state_dict())

        def compute(x, *rest):
            rest = list(rest)
            first = [rest.pop(0) if initial else torch.zeros(count, x.shape[0], 3).double()
                     for _ in range(states)]
            weights = {n: rest.pop(0) for n in names}

            def run(x, states):
                hx = tuple(s.contiguous() for s in states) if len(states) > 1 else states[0].contiguous()
                y, last = layer(x, hx)
                return y, list(last) if len(states) > 1 else [last]
            with torch.no_grad():
                layer.load_state_dict(weights)
            return by_samples(run, x, first, lengths or [x.shape[1]] * x.shape[0],
                              3 * (2 if layer.bidirectional else 1))

        drawn = [draw(*x)] + [draw(count, x[0], 3, low=-1, high=1)] * (states if initial else 0)
        drawn += [Const(draw(*value.shape, low=-1, high=1)) for value in layer.state_dict().values()]
        drawn += [index(*lengths)] if lengths else []
        f.case(name + options(initial=initial or None, layers=chosen.get("num_layers"),
                              both=chosen.get("bidirectional"),
                              bias=None if chosen.get("bias", True) else 0,
                              activation=chosen.get("nonlinearity"), names=names),
               compute, *drawn)

    for name in ("RNN", "LSTM", "GRU"):
        add(name, (2, 3, 2))
        add(name, (2, 3, 2), num_layers=2, initial=True)
        add(name, (2, 3, 2), num_layers=2, bidirectional=True)
        add(name, (3, 3, 2), num_layers=2, bidirectional=True, initial=True, lengths=[3, 0, 2])
        add(name, (2, 3, 2), bias=False, lengths=[1, 3])
    add("RNN", (2, 3, 2), nonlinearity="relu")
    f.write()


if __name__ == "__main__":
    operations()
    layers()
