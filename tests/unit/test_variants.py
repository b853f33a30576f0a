"""Which build of PyTorch a machine gets, and how a real one is asked."""

from pathlib import Path

import pytest
from flowbrush.backend.environment import LOCK, locked_versions
from flowbrush.backend.installing.machine import look, nvidia_module, nvidia_smi
from flowbrush.backend.installing.progress import Progress
from flowbrush.backend.installing.uv import VERSION, WHEELS
from flowbrush.backend.installing.variants import VARIANTS, Machine, choose, possible

LINUX = {"system": "linux", "architecture": "x86_64"}
WINDOWS = {"system": "win32", "architecture": "AMD64"}


@pytest.mark.parametrize(
    ("machine", "variant", "why"),
    [
        (Machine(**LINUX), "cpu", "No card"),
        (Machine(**LINUX, nvidia="580.65.06"), "cuda", "driver 580.65.06"),
        (Machine(**WINDOWS, nvidia="610.02"), "cuda", "driver 610.02"),
        (Machine(**LINUX, nvidia="470.223.02"), "cpu", "update it to 580"),
        (Machine(**LINUX, amd=True, rocm=True), "rocm", "ROCm"),
        (Machine(**LINUX, amd=True), "cpu", "ROCm's driver was not found"),
        (Machine(**WINDOWS, amd=True), "cpu", "on Linux only"),
        (Machine(**LINUX, nvidia="590.1", amd=True, rocm=True), "cuda", "NVIDIA"),
        (Machine("linux", "aarch64", amd=True, rocm=True), "cpu", ""),
        (Machine("darwin", "arm64"), "apple", "Apple silicon"),
        (Machine("darwin", "x86_64"), "", "Intel"),
        (Machine("freebsd14", "amd64"), "", "no build for freebsd14"),
    ],
)
def test_the_variant_fits_the_machine_and_says_why(machine: Machine, variant: str, why: str) -> None:
    choice = choose(machine)
    assert (choice.variant, why in choice.reason) == (variant, True), choice
    assert not variant or variant in possible(machine)


def test_every_variant_has_a_size_wherever_it_can_be_chosen() -> None:
    for system, architecture in (("linux", "x86_64"), ("win32", "AMD64"), ("darwin", "arm64")):
        for name in possible(Machine(system, architecture)):
            size = VARIANTS[name].sizes[system]
            assert 0 < size.download < size.disk


def test_a_linux_machine_is_asked_by_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("PATH", "")
    assert (look(tmp_path).nvidia, look(tmp_path).amd, look(tmp_path).rocm) == ("", False, False)
    for name, text in (("sys/class/drm/card0/device/vendor", "0x1002\n"), ("dev/kfd", "")):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text)
    module = tmp_path / "proc/driver/nvidia/version"
    module.parent.mkdir(parents=True)
    module.write_text(
        "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release Build\nGCC version: 13\n"
    )
    found = look(tmp_path)
    assert (found.nvidia, found.amd, found.rocm) == ("580.95.05", True, True)


def test_drivers_are_read_from_what_is_said_of_them() -> None:
    assert nvidia_module("NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12") == "535.183.01"
    assert nvidia_module("nothing of the kind") == nvidia_smi("") == ""
    assert nvidia_smi("581.57\n581.57\n") == "581.57"
    assert nvidia_smi("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.") == ""


def test_uv_is_fetched_at_the_version_that_is_locked() -> None:
    assert locked_versions()["uv"] == VERSION
    assert all(wheel.file.startswith(f"uv-{VERSION}-") and len(wheel.sha256) == 64 for wheel in WHEELS.values())


def test_progress_names_what_is_fetched_and_how_long_it_takes() -> None:
    seconds = iter([0.0, 0.0, 10.0, 20.0])
    progress = Progress(1_000_000_000, clock=lambda: next(seconds))
    assert progress.now(0) == (0, 1000, "Looking up the packages")
    for line in ("Resolved 9 packages in 362ms", "Downloading torch (183.0MiB)", "Downloading scipy (33.7MiB)"):
        progress.hear(line)
    assert progress.now(100_000_000) == (100, 1000, "Fetching torch, scipy: 100 MB of 1.0 GB")
    assert progress.now(200_000_000)[2] == "Fetching torch, scipy: 200 MB of 1.0 GB, about 80 s left"
    progress.hear(" Downloaded scipy")
    assert progress.now(400_000_000)[2] == "Fetching torch: 400 MB of 1.0 GB, about 40 s left"
    progress.hear(" Downloaded torch")
    progress.hear("Prepared 9 packages in 2s")
    assert progress.now(2_000_000_000) == (990, 1000, "Putting the packages in place")


def test_without_a_known_size_progress_counts_what_uv_announces() -> None:
    progress = Progress(0)
    for line in ("Resolved 2 packages in 1ms", "Downloading a (10.0MiB)", "Downloading b (30.0MiB)", " Downloaded a"):
        progress.hear(line)
    assert progress.now(77)[:2] == (10, 41)


def test_every_locked_file_has_a_checksum_except_torchs() -> None:
    names = [line.split("==")[0] for line in LOCK.read_text("utf-8").splitlines() if "==" in line]
    with_sums = [
        line.split("==")[0] for line in LOCK.read_text("utf-8").splitlines() if line.endswith("\\") and "==" in line
    ]
    assert set(names) - set(with_sums) == {"torch", "torchvision"}
    assert set(names) == set(locked_versions()) and locked_versions()["numpy"].count(".") == 2
