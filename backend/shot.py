"""The shot folder: a frame range seen through one camera, written by Blender and read by everything else.

    shot.json            what is described here
    passes/####.exr              one a frame; none where the shot has no passes
    pictures/####.png            the beauty picture as the scene's view transform shows it, 8-bit sRGB
    conditions/<name>/####.png   conditions that cannot be made from passes: drawn by Blender, or estimated from footage
    pose/####.json               people's joints, see `passes.openpose`
    takes/<take>/                see `take`

Paths inside are relative and derived from frame numbers, so a shot can be moved, zipped and read elsewhere.
"""

import re
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from .errors import Code, SettingsError, ShotError
from .parsing import Fields
from .storage import make_folder, read_json, write_json

FORMAT = "flowbrush-shot"
VERSION = 2
MAX_FRAME = 1_048_574  # Blender's own limit
MAX_SIDE = 16_384
MAX_ITEMS = 100_000
MAX_BYTES = 200_000_000


@dataclass(frozen=True)
class Camera:
    """The camera at one frame.

    matrix_world: 16 numbers, row by row, camera to world; the camera looks along its -z, y is up (metres).
    projection: 16 numbers, row by row, camera space to clip space.
    """

    name: str
    kind: str
    matrix_world: tuple[float, ...]
    projection: tuple[float, ...]


@dataclass(frozen=True)
class SceneObject:
    """An object of the scene.

    distrust: why its vectors do not follow its surface, a sentence; empty where they do. properties: its custom
    properties as text, for masks. category: its ADE20K class by name ("person"), for segmentation; empty for none.
    """

    id: int
    name: str
    collections: tuple[str, ...] = ()
    materials: tuple[str, ...] = ()
    distrust: str = ""
    properties: dict[str, str] = field(default_factory=dict)
    category: str = ""

    @property
    def trusted(self) -> bool:
        """Whether its vectors follow its surface."""
        return not self.distrust


@dataclass(frozen=True)
class SceneMaterial:
    """A material of the scene, by the number in the pass `material_id`."""

    id: int
    name: str


@dataclass(frozen=True)
class Pass:
    """The EXR channels that hold a pass, in order, and what their numbers mean.

    estimated: guessed from pictures, as in footage, where a Blender scene gives exact numbers.
    """

    channels: tuple[str, ...]
    meaning: str
    estimated: bool = False


@dataclass(frozen=True)
class DrawnCondition:
    """A condition that lies in the shot as pictures, because it cannot be made from passes."""

    meaning: str
    estimated: bool = False


@dataclass(frozen=True)
class Shot:
    """What is known of a shot besides its pixels.

    fps: frames a second as numerator and denominator. resolution: width, height in pixels. frames: first and last,
    both included. near, far: range of planar depth of all surface pixels of the shot, metres. cuts: the first frame of
    every segment but the first. capture: names what was rendered; another capture into the same folder has another.
    prints: by frame, what its picture and passes were rendered from: alike in two captures where they show the same;
    none where a capture knows only that all of it is the same or not.
    source: `scene` or `footage`, which has no cameras. drawn: the conditions in conditions/, by name. has_pose: whether
    there is a folder pose/.
    """

    folder: Path
    name: str
    scene: str
    blender: str
    engine: str
    view_layer: str
    fps: tuple[int, int]
    resolution: tuple[int, int]
    pixel_aspect: tuple[float, float]
    frames: tuple[int, int]
    near: float
    far: float
    cuts: tuple[int, ...]
    cameras: dict[int, Camera]
    objects: tuple[SceneObject, ...]
    materials: tuple[SceneMaterial, ...]
    passes: dict[str, Pass]
    notices: tuple[str, ...] = ()
    capture: str = ""
    prints: dict[int, str] = field(default_factory=dict)
    source: str = "scene"
    drawn: dict[str, DrawnCondition] = field(default_factory=dict)
    has_pose: bool = False

    @property
    def frame_numbers(self) -> range:
        """All frame numbers of the shot in order."""
        return range(self.frames[0], self.frames[1] + 1)

    @property
    def rate(self) -> Fraction:
        """Frames a second, exact."""
        return Fraction(*self.fps)

    def segment_start(self, frame: int) -> int:
        """The first frame of the segment (frames between two cuts) that holds `frame`."""
        return max((cut for cut in (self.frames[0], *self.cuts) if cut <= frame), default=self.frames[0])

    def exr_path(self, frame: int) -> Path:
        """Where the passes of `frame` are."""
        return self.folder / "passes" / frame_file(frame, "exr")

    def picture_path(self, frame: int) -> Path:
        """Where the picture of `frame` is."""
        return self.folder / "pictures" / frame_file(frame, "png")

    def drawn_path(self, condition: str, frame: int) -> Path:
        """Where the picture of a drawn condition is. Raises ShotError when the name could leave the shot's folder."""
        return self.folder / "conditions" / checked_name(condition) / frame_file(frame, "png")

    def pose_path(self, frame: int) -> Path:
        """Where the joints of `frame` are."""
        return self.folder / "pose" / frame_file(frame, "json")

    def take_folder(self, take: str) -> Path:
        """The folder of the take named `take`. Raises ShotError when the name could leave the shot's folder."""
        return self.folder / "takes" / checked_name(take)

    def missing_frames(self) -> list[int]:
        """Frames of the range that were not captured."""
        return [
            frame
            for frame in self.frame_numbers
            if not self.picture_path(frame).exists() or (self.passes and not self.exr_path(frame).exists())
        ]

    def captured_frames(self, wanted: tuple[int, int] | None = None) -> range:
        """Those of the frames `wanted` (first and last, both included) that the shot has; None for all.

        Raises SettingsError (EMPTY_RANGE) where none is left, ShotError where one was not captured.
        """
        first, last = wanted or self.frames
        frames = range(max(first, self.frames[0]), min(last, self.frames[1]) + 1)
        if not frames:
            raise SettingsError(
                Code.EMPTY_RANGE,
                f"The shot has frames {self.frames[0]} to {self.frames[1]}, none of {first} to {last}: "
                "choose from those",
            )
        if missing := [frame for frame in self.missing_frames() if frame in frames]:
            raise ShotError(
                Code.BAD_SHOT, f"Frame {missing[0]} was not captured ({len(missing)} missing): capture again"
            )
        return frames

    def save(self) -> None:
        """Writes shot.json whole. Raises StorageError."""
        document: dict[str, Any] = {"format": FORMAT, "version": VERSION, **asdict(self)}
        del document["folder"]
        document["prints"] = {str(frame): print_ for frame, print_ in self.prints.items()}
        document["cameras"] = {str(frame): asdict(camera) for frame, camera in self.cameras.items()}
        write_json(make_folder(self.folder) / "shot.json", document)

    @staticmethod
    def load(folder: Path) -> "Shot":
        """Reads and checks shot.json in `folder`. Raises ShotError for anything that is not a shot of this version."""
        folder = Path(folder)
        document = read_json(folder / "shot.json", MAX_BYTES, _bad)
        fields = Fields(document, "shot.json", _bad)
        if fields.text("format") != FORMAT:
            raise _bad("shot.json is not a Flowbrush shot")
        if (version := fields.integer("version", 0, 1_000_000)) != VERSION:
            raise _bad(f"the shot has format version {version}, this Flowbrush reads {VERSION}; capture it again")
        first, last = _pair(fields.integers("frames", -MAX_FRAME, MAX_FRAME, 2), "frames")
        if last < first:
            raise _bad("'frames' ends before it starts")
        frames = range(first, last + 1)
        width, height = _pair(fields.integers("resolution", 1, MAX_SIDE, 2), "resolution")
        near, far = fields.number("near", 0.0), fields.number("far", 0.0)
        if far < near:
            raise _bad("'far' is nearer than 'near'")
        cameras, prints = fields.child("cameras"), fields.child("prints", {})
        source = fields.text("source", "scene", ("scene", "footage"))
        return Shot(
            folder=folder,
            name=fields.text("name"),
            scene=fields.text("scene"),
            blender=fields.text("blender"),
            engine=fields.text("engine"),
            view_layer=fields.text("view_layer"),
            fps=_pair(fields.integers("fps", 1, 1_000_000, 2), "fps"),
            resolution=(width, height),
            pixel_aspect=(fields.numbers("pixel_aspect", 2)[0], fields.numbers("pixel_aspect", 2)[1]),
            frames=(first, last),
            near=near,
            far=far,
            cuts=tuple(sorted(set(fields.integers("cuts", -MAX_FRAME, MAX_FRAME, MAX_ITEMS)) & set(frames))),
            cameras={frame: _camera(cameras.child(str(frame))) for frame in frames} if source == "scene" else {},
            objects=tuple(_object(child) for child in fields.children("objects", MAX_ITEMS)),
            materials=tuple(
                SceneMaterial(child.integer("id", 0, 2**31 - 1), child.text("name"))
                for child in fields.children("materials", MAX_ITEMS)
            ),
            passes=_passes(fields.child("passes")),
            notices=fields.texts("notices", MAX_ITEMS, []),
            capture=fields.text("capture", ""),
            prints={frame: prints.text(str(frame)) for frame in frames} if prints.names() else {},
            source=source,
            drawn=_drawn(fields.child("drawn", {})),
            has_pose=fields.flag("has_pose", False),
        )


def source_of(folder: Path) -> str:
    """What the shot in `folder` was made of, `scene` or `footage`; empty where there is none that can be read."""
    try:
        return Shot.load(folder).source
    except ShotError:
        return ""


def frame_file(frame: int, ending: str) -> str:
    """The file name of a frame: at least four digits, a minus in front of negative frames."""
    return f"{'-' if frame < 0 else ''}{abs(frame):04d}.{ending}"


def checked_name(name: str) -> str:
    """`name`, if it can be a folder's name on every system and stays inside its parent. Raises ShotError otherwise."""
    if not re.fullmatch(r"[^\W_][\w .()+-]{0,79}", name) or name.endswith((".", " ")):
        raise ShotError(
            Code.BAD_TAKE,
            f"'{name}' cannot be a take's name: begin with a letter or digit, "
            "then letters, digits, spaces, and . ( ) + - _ only, at most 80",
        )
    return name


def _bad(reason: str) -> ShotError:
    return ShotError(Code.BAD_SHOT, f"This is not a usable shot: {reason}")


def _pair(numbers: tuple[int, ...], name: str) -> tuple[int, int]:
    if len(numbers) != 2:
        raise _bad(f"'{name}' must hold two numbers")
    return numbers[0], numbers[1]


def _camera(fields: Fields) -> Camera:
    return Camera(
        name=fields.text("name"),
        kind=fields.text("kind", choices=("PERSP", "ORTHO")),
        matrix_world=fields.numbers("matrix_world", 16),
        projection=fields.numbers("projection", 16),
    )


def _object(fields: Fields) -> SceneObject:
    return SceneObject(
        id=fields.integer("id", 0, 2**31 - 1),
        name=fields.text("name"),
        collections=fields.texts("collections", MAX_ITEMS, []),
        materials=fields.texts("materials", MAX_ITEMS, []),
        distrust=fields.text("distrust", ""),
        properties=_texts(fields.child("properties", {})),
        category=fields.text("category", ""),
    )


def _texts(fields: Fields) -> dict[str, str]:
    return {name: fields.text(name) for name in fields.names()}


def _passes(fields: Fields) -> dict[str, Pass]:
    return {
        name: Pass(child.texts("channels", 16), child.text("meaning"), child.flag("estimated", False))
        for name, child in ((name, fields.child(name)) for name in fields.names())
    }


def _drawn(fields: Fields) -> dict[str, DrawnCondition]:
    return {
        checked_name(name): DrawnCondition(child.text("meaning"), child.flag("estimated", False))
        for name, child in ((name, fields.child(name)) for name in fields.names())
    }
