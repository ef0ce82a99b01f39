"""What a result was measured on: processor, system and versions."""
import os
import platform
import re
import subprocess

from .programs import OURS, ROOT


def describe(peer):
    return {
        "processor": processor(),
        "processors": len(os.sched_getaffinity(0)),
        "frequency governor": governor(),
        "system": f"{distribution()}, Linux {platform.release()}",
        "compiler": first_line(cached("CMAKE_CXX_COMPILER"), "--version"),
        "plumb": first_line("git", "describe", "--always", "--dirty", "--tags"),
        "OpenBLAS": package("libopenblas0-pthread"),
        "libtorch": package("libtorch-dev") if peer else "",
    }


def processor():
    text = first_line("lscpu", whole=True)
    fields = dict(re.findall(r"^(.*?):\s+(.*)$", text, re.MULTILINE))
    model = (f"{fields.get('Model name', '?')}, family {fields.get('CPU family', '?')}, "
             f"model {fields.get('Model', '?')}")
    caches = ", ".join(f"{key.removesuffix(' cache')} {fields[key]}"
                       for key in ("L1d cache", "L2 cache", "L3 cache") if key in fields)
    return f"{model}; {caches}"


def governor():
    path = "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"
    if not os.path.exists(path):
        return ""  # a virtual machine knows none
    with open(path, encoding="utf-8") as file:
        return file.read().strip()


def distribution():
    with open("/etc/os-release", encoding="utf-8") as file:
        found = re.search(r'^PRETTY_NAME="?(.*?)"?$', file.read(), re.MULTILINE)
    return found.group(1) if found else "?"


def cached(variable):
    with open(OURS / "CMakeCache.txt", encoding="utf-8") as file:
        return re.search(rf"^{variable}:\w+=(.*)$", file.read(), re.MULTILINE).group(1)


def package(name):
    return first_line("dpkg-query", "-W", "-f", "${Version}", name)


def first_line(*command, whole=False):
    try:
        text = subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.strip()
    except FileNotFoundError:
        return "?"
    return text if whole else text.partition("\n")[0] or "?"
