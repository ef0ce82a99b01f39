#!/usr/bin/python3
"""Writes log_mel.txt: what SciPy's signal.stft and fft.dct make of sounds.

    /usr/bin/python3 tests/reference/log_mel_reference.py > tests/reference/log_mel.txt

SciPy 1.10. A line "case rate fft window hop bands low high cepstra" begins a case; "x" is the sound,
exact in float32, and "y" its features. The triangles are those of HTK, drawn as lines over Hz.
"""
import numpy
from scipy import fft, signal

random = numpy.random.RandomState(8000)


def sound(samples, rate):
    """A chirp that dies away, and noise."""
    t = numpy.arange(samples) / rate
    x = numpy.sin(2 * numpy.pi * (200 + 3000 * t) * t) * numpy.exp(-20 * t)
    return (x + 0.01 * random.standard_normal(samples)).astype(numpy.float32).astype(float)


def triangles(rate, points, bands, low, high):
    mel = 2595 * numpy.log10(1 + numpy.array([low, high]) / 700)
    corners = 700 * (10 ** (numpy.linspace(*mel, bands + 2) / 2595) - 1)
    at = numpy.arange(points // 2 + 1) * rate / points
    return numpy.array([numpy.interp(at, corners[b:b + 3], [0, 1, 0]) for b in range(bands)])


def log_mel(x, rate, points, window, hop, bands, low, high, cepstra):
    frames = 1 + max(0, -(-(len(x) - window) // hop))
    x = numpy.append(x, numpy.zeros((frames - 1) * hop + window - len(x)))
    hann = signal.get_window("hann", window, fftbins=True)
    _, _, spectrum = signal.stft(x, rate, hann, window, window - hop, points, boundary=None,
                                 padded=False)
    power = abs(spectrum.T * hann.sum()) ** 2
    y = numpy.log(power @ triangles(rate, points, bands, low, high).T + 1e-6)
    return fft.dct(y, type=2, norm="ortho")[:, :cepstra] if cepstra else y


def case(samples, *options):
    x = sound(samples, options[0])
    y = log_mel(x, *options)
    print("case", *options)
    for name, value in {"x": x, "y": y}.items():
        shape = ",".join(str(size) for size in value.shape)
        print(name, f"[{shape}]", *(repr(float(v)) for v in value.flatten()))


case(500, 8000, 256, 200, 80, 40, 0, 4000, 0)
case(520, 8000, 256, 200, 80, 40, 0, 4000, 0)  # no sample more than the frames hold
case(120, 8000, 256, 200, 80, 40, 0, 4000, 13)  # shorter than a frame
case(700, 16000, 512, 400, 160, 23, 64, 7600, 12)
case(90, 8000, 33, 33, 40, 5, 100, 3000, 0)  # odd, and samples between the frames
