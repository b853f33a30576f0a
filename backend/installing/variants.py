"""Which builds of PyTorch there are for a machine, how large they are, and which one fits it.

Pure: decides by what it is told of a machine (`machine.look` asks a real one).
"""

from dataclasses import dataclass

CUDA_DRIVER = 580  # the oldest NVIDIA driver that runs CUDA 13, which torch 2.13 is built with
INTEL_MAC = "PyTorch has no build for Macs with Intel processors: choose a Python of your own, or another machine"


@dataclass(frozen=True)
class Machine:
    """What of a machine decides the variant.

    system: as sys.platform gives it. architecture: as platform.machine() does. nvidia: the NVIDIA driver's version, or
    empty. amd: whether an AMD card is there. rocm: whether its compute driver (ROCm's kfd) answers.
    """

    system: str
    architecture: str
    nvidia: str = ""
    amd: bool = False
    rocm: bool = False


@dataclass(frozen=True)
class Size:
    """Bytes that are fetched, and that the environment takes on disk, in MB (10^6 bytes).

    measured: summed over the files of the locked versions for Python 3.11; otherwise estimated from other releases.
    """

    download: int
    disk: int
    measured: bool = True


@dataclass(frozen=True)
class Variant:
    """One build of PyTorch.

    sizes: by system; a system that is not there has no such build. backends: what uv's --torch-backend is given, by
    system; none where the Python Package Index itself has this build.
    """

    name: str
    title: str
    needs: str
    sizes: dict[str, Size]
    backends: dict[str, str]


VARIANTS: dict[str, Variant] = {
    "cpu": Variant(
        "cpu",
        "CPU",
        "Runs on every machine; the starter model is quick enough on it, Stable Diffusion is slow",
        {"linux": Size(415, 1378), "win32": Size(312, 1025)},
        {"linux": "cpu"},
    ),
    "cuda": Variant(
        "cuda",
        "NVIDIA CUDA",
        f"An NVIDIA card of the series GTX 16, RTX 20 or later, with driver {CUDA_DRIVER} or later",
        {"linux": Size(2953, 5402), "win32": Size(2100, 5000, measured=False)},
        {"win32": "cu130"},
    ),
    "rocm": Variant(
        "rocm",
        "AMD ROCm",
        "An AMD card that ROCm supports, on Linux with AMD's compute driver",
        {"linux": Size(5000, 16000, measured=False)},
        {"linux": "rocm7.2"},
    ),
    "apple": Variant(
        "apple", "Apple Metal", "A Mac with Apple silicon, macOS 14 or later", {"darwin": Size(289, 1004)}, {}
    ),
}


@dataclass(frozen=True)
class Choice:
    """The variant for a machine, and the sentence that says why."""

    variant: str
    reason: str


def possible(machine: Machine) -> tuple[str, ...]:
    """The variants that this machine's system has a build of; none on a Mac with an Intel processor."""
    if machine.system == "darwin" and machine.architecture != "arm64":
        return ()
    found = tuple(name for name, variant in VARIANTS.items() if machine.system in variant.sizes)
    intel = machine.architecture.lower() in ("x86_64", "amd64")
    return found if intel or machine.system == "darwin" else tuple(name for name in found if name != "rocm")


def choose(machine: Machine) -> Choice:
    """The variant that fits `machine` best, and why. Its name is empty where no build fits."""
    can = possible(machine)
    if not can:
        sentence = INTEL_MAC if machine.system == "darwin" else f"PyTorch has no build for {machine.system}"
        return Choice("", sentence)
    if "apple" in can:
        return Choice("apple", "This Mac has Apple silicon")
    if machine.nvidia and "cuda" in can:
        if (_major(machine.nvidia) or CUDA_DRIVER) >= CUDA_DRIVER:
            return Choice("cuda", f"An NVIDIA card was found, driver {machine.nvidia}")
        return Choice(
            "cpu",
            f"The NVIDIA driver {machine.nvidia} is too old: update it to {CUDA_DRIVER} or later to use the card",
        )
    if machine.amd and machine.rocm and "rocm" in can:
        return Choice("rocm", "An AMD card with ROCm's driver was found")
    if machine.amd:
        system = "ROCm's driver was not found" if machine.system == "linux" else "PyTorch uses AMD cards on Linux only"
        return Choice("cpu", f"An AMD card was found, but {system}")
    return Choice("cpu", "No card was found that PyTorch can use")


def _major(version: str) -> int:
    first = version.split(".")[0].strip()
    return int(first) if first.isdecimal() else 0
