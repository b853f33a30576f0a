"""How the frames of a take depend on each other: which are painted, which are carried along, in what order."""

from .flow import Flow
from .per_frame import PerFrame
from .plan import Method
from .surface import Surface

METHODS: dict[str, Method] = {"per_frame": PerFrame(), "flow": Flow(), "surface": Surface()}
