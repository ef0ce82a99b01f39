#!/usr/bin/python3
"""Writes linalg.txt: what NumPy computes of matrices, with the signs that plumb::linalg promises.

    /usr/bin/python3 tests/reference/linalg_reference.py > tests/reference/linalg.txt

NumPy 1.24. A line "case qr" begins a case; the others are "NAME [SHAPE] values": first the arguments a
and b, then the results under their names in plumb. All arguments are exact in float32.
"""
import numpy

random = numpy.random.RandomState(20260)


def matrix(*shape):
    return random.standard_normal(shape).astype(numpy.float32).astype(numpy.float64)


def symmetric(n):
    a = numpy.round(matrix(n, n) * 1024) / 1024
    return a + a.T


def sign(column):
    """-1 where the first element within 0.1 % of the largest magnitude is negative."""
    first = numpy.argmax(abs(column) >= 0.999 * abs(column).max())
    return -1.0 if column[first] < 0 else 1.0


def signs(columns):
    return numpy.array([sign(column) for column in columns.T])


def qr(a):
    q, r = numpy.linalg.qr(a)
    d = numpy.where(numpy.diag(r) < 0, -1.0, 1.0)
    return {"q": q * d, "r": r * d[:, None]}


def eigh(a):
    values, vectors = numpy.linalg.eigh(a)
    return {"values": values, "vectors": vectors * signs(vectors)}


def svd(a):
    u, s, vt = numpy.linalg.svd(a, full_matrices=False)
    return {"u": u * signs(u), "s": s, "vt": vt * signs(u)[:, None]}


def lstsq(a, b):
    x, _, rank, s = numpy.linalg.lstsq(a, b, rcond=1e-6)
    return {"x": x, "rank": numpy.array([float(rank)]), "singular_values": s}


def case(function, *arguments):
    print("case", function.__name__)
    for name, value in {**dict(zip("ab", arguments)), **function(*arguments)}.items():
        shape = ",".join(str(size) for size in value.shape)
        print(name, f"[{shape}]", *(repr(float(v)) for v in value.flatten()))


for shape in [(1, 1), (4, 4), (6, 3), (3, 6), (20, 5)]:
    case(qr, matrix(*shape))
    case(svd, matrix(*shape))
for n in [1, 2, 5, 12]:
    case(eigh, symmetric(n))
case(lstsq, matrix(8, 3), matrix(8))
case(lstsq, matrix(8, 3), matrix(8, 2))
case(lstsq, matrix(3, 8), matrix(3, 2))  # many solutions: the shortest
case(lstsq, matrix(5, 5), matrix(5))
thin = numpy.round(matrix(7, 2) * 64) / 64
low = thin @ (numpy.round(matrix(2, 4) * 64) / 64)  # rank 2, exact
assert (low == low.astype(numpy.float32)).all()
case(lstsq, low, matrix(7, 2))
