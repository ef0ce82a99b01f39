#!/usr/bin/env bash
# train_speech: learns what it synthesizes nearly as well as anybody can, from recordings too; to the
# same bits for any number of threads and after a stop; and says what it hears.
# shellcheck source=tests/support/script.sh
source "$PLUMB_SOURCE_DIR/tests/support/script.sh"
program=$PLUMB_BIN_DIR/train_speech

small=(--samples 600 --epochs 2)
"$program" "${small[@]}" --threads 1 >"$work/first"
accuracy=$(sed -n 's/^test accuracy *\([0-9]*\)\..*/\1/p' "$work/first")
((accuracy >= 50)) || fail "reaches $accuracy %"
grep -q '^best to expect  99.10 %$' "$work/first" || fail "does not say what is possible"
grep -q '^rows: the true class, columns' "$work/first" || fail "no confusion table"
"$program" "${small[@]}" --threads 3 --loader-threads 2 >"$work/again"
diff <(results "$work/first") <(results "$work/again") >&2 || fail "threads change the result"

# Two epochs whole, and stopped after the first: what is heard in each epoch is the same.
"$program" "${small[@]}" --save "$work/run" --save-every 10 >"$work/whole"
newest=$(find "$work/run" -name '*.safetensors' | grep -v best | sort | head -n 1)
mkdir "$work/part"
cp "$newest" "$work/part/"
"$program" "${small[@]}" --save "$work/part" --resume >"$work/resumed"
diff <(results "$work/first" | tail -n 1) <(results "$work/resumed" | tail -n 1) >&2 ||
  fail "a resumed run is another"
ends 1 "goes on with the --epochs that it began with" --samples 600 --epochs 3 --save "$work/part" --resume

# Recordings: tones of two kinds, as 16-bit WAV files.
mkdir "$work/tones"
python3 - "$work/tones" <<'PYTHON'
import math, random, struct, sys, wave
random.seed(1)
for label, hertz in ("low", 300), ("high", 1500):
    for index in range(20):
        with wave.open(f"{sys.argv[1]}/{label}_tone_{index}.wav", "wb") as file:
            file.setnchannels(1), file.setsampwidth(2), file.setframerate(8000)
            pitch = hertz * random.uniform(0.8, 1.25)
            file.writeframes(b"".join(
                struct.pack("<h", int(8000 * math.sin(6.2832 * pitch * t / 8000) + random.gauss(0, 300)))
                for t in range(random.randrange(2000, 4000))))
PYTHON
"$program" --data "$work/tones" --epochs 20 --listen "$work/tones/high_tone_0.wav" >"$work/out"
grep -q '^test accuracy   100.00 %$' "$work/out" || fail "tones: $(cat "$work/out")"
grep -Eq '^heard           high \([0-9.]* %\)$' "$work/out" || fail "heard: $(tail -n 1 "$work/out")"
"$program" --data "$work/tones" --epochs 1 --pattern '{label}_{}_{index}.wav' --test-below 3 >"$work/out"
grep -q 'train 34, test 6 clips' "$work/out" || fail "$(cat "$work/out")"

refused 2 "expected a whole number" --samples 0
refused 2 "--test-speaker" --test-below 3 --test-speaker tone
refused 1 "No such file" --data /nonexistent
refused 1 "0 recordings to train on, 40 to test with" --data "$work/tones" --test-speaker tone
refused 1 "is not as the pattern" --data "$work/tones" --pattern '{label}-{index}.wav'
refused 1 "No such file" --listen /nonexistent.wav
printf 'RIFF' >"$work/tones/x_y_0.wav"
refused 1 "expected a WAV header" --data "$work/tones"
