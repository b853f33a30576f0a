"""Makes the takes of the benchmark, each in a process of its own, and notes what each cost."""

import cProfile
import multiprocessing
import os
import pstats
import re
import shutil
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from math import ceil
from pathlib import Path

from flowbrush.backend.errors import Code, ShotError
from flowbrush.backend.methods import METHODS as OURS
from flowbrush.backend.methods.executor import run_plan
from flowbrush.backend.methods.plan import Method, Result, Task
from flowbrush.backend.methods.studio import Studio
from flowbrush.backend.painters.painter import Painter
from flowbrush.backend.shot import Shot
from flowbrush.backend.storage import read_json, write_json
from flowbrush.backend.take import ControlSettings, Take, TakeSettings, style_settings

from . import published
from .painters import LINES, SURFACES, Clocked, RandomPainter

METHODS = ("per_frame", "published", "published_dis", "flow", "surface")
PAINTERS = ("random", "starter")
STYLE = "ink"  # of the starter
SEED = 1
COST_FILE = "bench.json"
TOLD = 12  # functions of a profile
PROFILED = 8  # frames

# Where files are read and written, by file and function; the time in them is not the method's.
DOORS = frozenset(
    {
        ("exr.py", "read_passes"),
        ("exr.py", "read_picture"),
        ("exr.py", "read_png"),
        ("studio.py", "_read_stored"),
        ("studio.py", "_arrays"),
        ("executor.py", "_store"),
    }
)


@dataclass(frozen=True)
class Cost:
    """What a take took.

    seconds: of the whole run, planning included, loading a model not. painting: in the painter. file_share: of the
    time without the painter, what reading and writing take where some frames are made one by one. calls: of the
    painter; painted: pictures' worth of pixels. memory: the process's peak, MB, 0 where the system does not tell.
    profile: the functions that took most time in themselves over these frames, "file:function", and the seconds.
    """

    frames: int
    seconds: float
    painting: float
    file_share: float
    calls: int
    painted: float
    memory: float
    profile: tuple[tuple[str, float], ...]

    @property
    def carrying(self) -> float:
        """Seconds a frame without the painter."""
        return (self.seconds - self.painting) / self.frames

    @staticmethod
    def load(folder: Path) -> "Cost":
        """What `save` wrote into a take's folder. Raises ShotError."""
        document = read_json(folder / COST_FILE, 1_000_000, lambda reason: ShotError(Code.BAD_TAKE, reason))
        return Cost(**{**document, "profile": tuple((name, seconds) for name, seconds in document["profile"])})

    def save(self, folder: Path) -> None:
        """Writes it into a take's folder."""
        write_json(folder / COST_FILE, asdict(self))


def take_name(painter: str, method: str) -> str:
    """The name of the take."""
    return f"{painter}-{method}"


def settings_for(painter: str, method: str) -> TakeSettings:
    """The settings of a take; alike for all methods, but for the one that the product knows nothing of."""
    if painter == "starter":
        settings = style_settings(STYLE)
    else:
        settings = TakeSettings(prompt="paint", controls=(ControlSettings(LINES), ControlSettings(SURFACES)))
    return replace(settings, style=f"{painter}, {method}", method=method if method in OURS else "flow", seed=SEED)


def make_take(shot: Shot, painter: str, method: str, *, again: bool = False) -> Take:
    """The finished take, made where it is not there or not of this capture. again: make it anyway."""
    settings = settings_for(painter, method)
    folder = shot.take_folder(take_name(painter, method))
    expected = Take(folder, settings, {"painter": painter}, shot.capture)
    done = (folder / COST_FILE).exists() and Take.load(shot, folder.name) == expected
    if again or not done:
        shutil.rmtree(folder, ignore_errors=True)  # a take that was interrupted tells no time
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=spawn) as process:
            process.submit(_make, shot.folder, painter, method).result()
    return expected


def _make(shot_folder: Path, painter: str, method: str) -> None:
    shot = Shot.load(shot_folder)
    settings = settings_for(painter, method)
    clocks = [Clocked(_painter(painter, settings))]
    take = Take.start(shot, take_name(painter, method), settings, {"painter": painter})

    def second() -> Studio:
        enough = max(settings.steps, ceil(1.0 / published.SECOND_STRENGTH))  # for one step to be taken
        gentle = replace(settings, strength=published.SECOND_STRENGTH, steps=enough)
        clocks.append(Clocked(_painter(painter, gentle)))
        return Studio(shot, replace(take, settings=gentle), clocks[-1], _never)

    chosen = _method(method, second)
    studio = Studio(shot, take, clocks[0], _never)
    began = time.perf_counter()
    plan = chosen.plan(shot, shot.frame_numbers, _never)
    for _ in run_plan(plan, chosen, studio):
        pass
    cost = Cost(
        frames=len(shot.frame_numbers),
        seconds=time.perf_counter() - began,
        painting=sum(clock.seconds for clock in clocks),
        file_share=0.0,
        calls=sum(clock.calls for clock in clocks),
        painted=sum(clock.painted for clock in clocks),
        memory=_peak_memory(),
        profile=(),
    )
    for frame in shot.frame_numbers[:PROFILED]:
        take.frame_path(frame).unlink()
    before = sum(clock.seconds for clock in clocks)
    profiled = _Profiled(chosen)
    began = time.perf_counter()
    for _ in run_plan(plan, profiled, Studio(shot, take, clocks[0], _never), at_once=1):
        pass
    painting = sum(clock.seconds for clock in clocks) - before
    files, functions = told(pstats.Stats(profiled.profile))
    share = files / max(time.perf_counter() - began - painting, 1e-9)
    replace(cost, file_share=share, profile=functions).save(take.folder)


class _Profiled:
    """A method whose thread is looked at from its first task on, while it stores results as well."""

    def __init__(self, method: Method) -> None:
        self._method = method
        self.plan = method.plan
        self.profile = cProfile.Profile()

    def run(self, task: Task, studio: Studio) -> Result:
        """As the method does."""
        self.profile.enable()
        return self._method.run(task, studio)


def _method(name: str, second: Callable[[], Studio]) -> Method:
    if name in OURS:
        return OURS[name]
    flows = published.estimated if name == "published_dis" else published.blenders_vectors
    return published.Published(flows, second())


def _painter(name: str, settings: TakeSettings) -> Painter:
    if name == "random":
        return RandomPainter()
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as for the worker, read when torch is loaded
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    from flowbrush.backend.models.choice import resolve
    from flowbrush.backend.painters.diffusion import DiffusionPainter

    return DiffusionPainter(resolve(settings), settings, print)


def told(stats: pstats.Stats) -> tuple[float, tuple[tuple[str, float], ...]]:
    """Seconds in DOORS, those within another counted once, and the functions that took most time in themselves."""
    entries = stats.stats.items()  # type: ignore[attr-defined]
    files = 0.0
    own: dict[str, float] = {}
    for (path, _, name), (_, _, itself, _, callers) in entries:
        if _is_door(path, name):
            files += sum(time_in[3] for caller, time_in in callers.items() if not _is_door(caller[0], caller[2]))
        label = f"{Path(path).name}:{name}" if path not in ("~", "") else name
        label = re.sub(r"<?built-in method |<?method | of .* objects>|[<>{}]", "", label)
        own[label] = own.get(label, 0.0) + itself
    most = sorted(own.items(), key=lambda item: -item[1])[:TOLD]
    return files, tuple((label, seconds) for label, seconds in most)


def _is_door(path: str, name: str) -> bool:
    return (Path(path).name, name) in DOORS


def _peak_memory() -> float:
    """The most memory that this process ever had, MB; Linux tells it."""
    status = Path("/proc/self/status")
    lines: Iterable[str] = status.read_text().splitlines() if status.exists() else ()
    return next((int(line.split()[1]) / 1024.0 for line in lines if line.startswith("VmHWM:")), 0.0)


def _never() -> bool:
    return False
