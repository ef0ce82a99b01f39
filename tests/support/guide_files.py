#!/usr/bin/env python3
"""guide_files.py FOLDER: small files of the kinds that docs/guide.md describes."""
import math
import os
import random
import struct
import sys
import wave

random.seed(1)
os.chdir(sys.argv[1])

with open("book.txt", "w", encoding="utf-8") as file:
    for _ in range(600):
        words = ["It", "was", random.choice(["late", "early", "dark"]), "and", "she", "went", "home."]
        file.write(" ".join(words) + "\n")

os.mkdir("words")
for word, hertz in (("no", 300), ("yes", 1500)):
    for index in range(8):
        with wave.open(f"words/{word}_anna_{index}.wav", "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            pitch = hertz * random.uniform(0.9, 1.1)
            samples = [int(8000 * math.sin(2 * math.pi * pitch * t / 8000)) for t in
                       range(random.randrange(2000, 3000))]
            file.writeframes(struct.pack(f"<{len(samples)}h", *samples))

with open("genes.fasta", "w", encoding="ascii") as file:
    for i in range(20):
        letters = [random.choice("ACGT") for _ in range(30)]
        letters[12:18] = "TATAAT" if i % 2 else "GCGCGC"
        file.write(f">seq{i} class={'coding' if i % 2 else 'other'}\n{''.join(letters)}\n")

with open("cells.csv", "w", encoding="ascii") as file:
    file.write("radius,colour,kind\n")
    for i in range(60):
        radius = "" if i == 7 else f"{i / 10:.1f}"
        file.write(f"{radius},{'red' if i % 2 else 'blue'},{'large' if i >= 30 else 'small'}\n")
with open("new.csv", "w", encoding="ascii") as file:
    file.write("radius,colour\n1.5,red\n5.5,blue\n,red\n")
