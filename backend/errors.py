"""The few errors that Flowbrush raises on purpose, each with a code and one sentence for the user."""

from enum import StrEnum


class Code(StrEnum):
    """Every error code that can reach a user; troubleshooting is written by these."""

    NO_CAMERA = "no_camera"
    EMPTY_RANGE = "empty_range"
    UNSUPPORTED_SCENE = "unsupported_scene"
    RENDER_FAILED = "render_failed"
    BAD_SHOT = "bad_shot"
    BAD_EXR = "bad_exr"
    BAD_FOOTAGE = "bad_footage"
    MISSING_PASS = "missing_pass"
    BAD_TAKE = "bad_take"
    BAD_SETTINGS = "bad_settings"
    BAD_MASK = "bad_mask"
    BAD_QUEUE = "bad_queue"
    MISSING_MODEL = "missing_model"
    UNSAFE_MODEL = "unsafe_model"
    BAD_MODEL = "bad_model"
    DISK_FULL = "disk_full"
    NOT_WRITABLE = "not_writable"
    NO_ENVIRONMENT = "no_environment"
    NO_BLENDER = "no_blender"
    WORKER_DIED = "worker_died"
    PROTOCOL = "protocol"
    DOWNLOAD = "download"
    OUT_OF_MEMORY = "out_of_memory"
    CANCELLED = "cancelled"
    INTERNAL = "internal"


class FlowbrushError(Exception):
    """Base of all expected errors; `str(error)` is the sentence that the user reads."""

    def __init__(self, code: Code, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class SceneError(FlowbrushError):
    """The scene cannot be captured, or the sequencer cannot take a result."""


class ShotError(FlowbrushError):
    """A shot or take on disk is missing something, damaged or of another version."""


class FootageError(FlowbrushError):
    """A movie or an image sequence cannot be read, or not as one shot."""


class SettingsError(FlowbrushError):
    """A setting has no meaning or lies outside its range."""


class ModelError(FlowbrushError):
    """A model is missing, unsafe or not what it says it is."""


class QueueError(FlowbrushError):
    """The queue cannot be read, or another Blender has it."""


class BackendError(FlowbrushError):
    """The worker, its Python environment or Blender itself does not run as it should."""


class StorageError(FlowbrushError):
    """A file cannot be written: the disk is full or the folder is read-only."""


class Cancelled(FlowbrushError):
    """The user asked to stop; what is finished stays."""

    def __init__(self, sentence: str = "Cancelled; finished frames are kept") -> None:
        super().__init__(Code.CANCELLED, sentence)
