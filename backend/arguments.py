"""The command line's commands and their options."""

import argparse
from fractions import Fraction
from pathlib import Path

from .installing.variants import VARIANTS
from .models.installed import VARIABLE, models_folder
from .needs import CONDITIONS, EXTRAS, METHODS, PASSES
from .take import LIGHTS, SEED_MODES, load_styles

EXAMPLES = """
examples:
  flowbrush capture dance.blend shots/dance --frames 1 48      a scene becomes a shot
  flowbrush footage dance.mp4 shots/dance --size 960 540       a movie, or a folder of images, becomes a shot
  flowbrush stylize shots/dance --take ink --style ink         a shot becomes a take
  flowbrush measure shots/dance ink                            how steady, sharp and styled a take is, in numbers
  flowbrush report shots/dance ink                             a page that shows a take, for a browser
  flowbrush conditions shots/dance depth canny --out maps      a shot's ControlNet conditions, for other programs
  flowbrush sequence shots/dance --take ink edit.blend         a take becomes an edit that Blender opens
  flowbrush sequence shots/dance --take ink edit.blend --movie dance.mp4
  flowbrush models --folder models                             what can be downloaded, with licence and size
  flowbrush download sd15 --folder models                      Stable Diffusion 1.5, into the folder models
  flowbrush demo demo-output                                   all of it, on the scene that comes with Flowbrush

capture, sequence and demo run Blender (or a Python with bpy): --blender, $FLOWBRUSH_BLENDER, or the one on PATH.
"""


def parser() -> argparse.ArgumentParser:
    """All commands with their options."""
    top = argparse.ArgumentParser(
        prog="flowbrush",
        description="Turns a 3D animation into a stylized one that stays steady on the moving surfaces.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    capture = commands.add_parser("capture", help="render a scene's pictures and passes into a shot folder")
    capture.add_argument("file", type=Path, help="a .blend, or a .glb, .gltf or .fbx that gets a camera and a light")
    capture.add_argument("shot", type=Path, help="the folder to write")
    capture.add_argument("--frames", nargs=2, type=int, metavar=("FIRST", "LAST"), help="default: the scene's range")
    capture.add_argument("--size", nargs=2, type=int, metavar=("WIDTH", "HEIGHT"), help="default: the scene's size")
    capture.add_argument("--samples", type=int, help="samples of the picture; default: the scene's")
    capture.add_argument("--scene", default="", help="default: the file's active scene")
    capture.add_argument(
        "--passes", nargs="*", choices=PASSES, metavar="PASS", help=f"of {' '.join(PASSES)}; default: all"
    )
    capture.add_argument(
        "--extras", nargs="*", choices=EXTRAS, metavar="EXTRA", help=f"of {' '.join(EXTRAS)}; default: none"
    )
    _blender_option(capture)

    footage = commands.add_parser("footage", help="make a shot of a movie or an image sequence; motion is estimated")
    footage.add_argument("footage", type=Path, help="a movie, a folder of numbered images, or one of the images")
    footage.add_argument("shot", type=Path, help="the folder to write")
    footage.add_argument("--frames", nargs=2, type=int, metavar=("FIRST", "LAST"), help="default: all of it")
    footage.add_argument("--size", nargs=2, type=int, metavar=("WIDTH", "HEIGHT"), help="default: the footage's size")
    footage.add_argument("--fps", type=Fraction, metavar="N/D", help="default: the movie's rate, or 24 for images")

    estimate = commands.add_parser("estimate", help="estimate conditions of a shot of footage; needs the footage extra")
    estimate.add_argument("shot", type=Path, help="a folder that footage wrote")
    estimate.add_argument("conditions", nargs="*", help="what to estimate; without any, shows what there is")
    estimate.add_argument(
        "--weights", type=Path, help="the folder with the networks' weights; default: the hub's cache"
    )
    estimate.add_argument("--download", action="store_true", help="fetch missing weights from the Hugging Face hub")

    stylize = commands.add_parser("stylize", help="paint a shot: make a take, or go on with it")
    stylize.add_argument("shot", type=Path, help="a folder that capture wrote")
    stylize.add_argument("--take", required=True, help="the take's name")
    stylize.add_argument("--style", help=f"one of: {', '.join(load_styles())}")
    stylize.add_argument("--settings", type=Path, help="a .flowbrush file; what else is given here goes before it")
    stylize.add_argument("--method", choices=METHODS, help="how frames depend on each other")
    stylize.add_argument("--light", choices=LIGHTS, help="what paint that surface finds again does as light changes")
    stylize.add_argument("--prompt", help="instead of the style's")
    stylize.add_argument("--negative-prompt", help="what should not be seen")
    stylize.add_argument("--model", help="starter, a diffusers folder, or a .safetensors file")
    stylize.add_argument("--strength", type=float, help="denoising strength: 0 keeps the render, 1 forgets it")
    stylize.add_argument("--steps", type=int, help="denoising steps at full strength")
    stylize.add_argument("--guidance", type=float, help="classifier-free guidance scale; 1 turns it off")
    stylize.add_argument("--seed", type=int, help="another number, another variation")
    stylize.add_argument(
        "--seed-mode", choices=SEED_MODES, help="the noise of all frames, of each frame, or what stays on the surfaces"
    )
    stylize.add_argument("--refine", type=float, help="strength of a last pass over every frame; default: none")
    stylize.add_argument(
        "--shared-attention", action="store_true", default=None, help="every frame looks at the first that is painted"
    )
    stylize.add_argument("--frames", nargs=2, type=int, metavar=("FIRST", "LAST"), help="default: the whole shot")
    stylize.add_argument(
        "--region",
        nargs=2,
        action="append",
        default=[],
        metavar=("MASK", "PROMPT"),
        help="paint a part so; or a style's name",
    )
    stylize.add_argument("--paint", metavar="MASK", help="what is painted; the rest stays the render")
    stylize.add_argument("--replace", action="store_true", help="remove a take of this name made with other settings")

    measure = commands.add_parser("measure", help="measure how steady, sharp and styled a take is")
    measure.add_argument("shot", type=Path, help="a folder that capture wrote")
    measure.add_argument("take", help="the take's name")

    conditions = commands.add_parser("conditions", help="write a shot's ControlNet conditions as picture sequences")
    conditions.add_argument("shot", type=Path, help="a folder that capture wrote")
    conditions.add_argument("names", nargs="*", metavar="name", help=f"of {' '.join(CONDITIONS)}; default: all")
    conditions.add_argument("--out", type=Path, required=True, help="the folder that gets a folder for each")
    conditions.add_argument("--frames", nargs=2, type=int, metavar=("FIRST", "LAST"), help="default: the whole shot")

    masks = commands.add_parser("masks", help="write a mask of a shot as a picture sequence")
    masks.add_argument("shot", type=Path, help="a folder that capture wrote")
    masks.add_argument("mask", help="such as 'hero & !sword | material:skin'; see docs/concepts/masks.md")
    masks.add_argument("--out", type=Path, required=True, help="the folder to write")
    masks.add_argument("--soft", type=float, default=0.0, metavar="PX", help="blur of its border in pixels; default: 0")
    masks.add_argument("--frames", nargs=2, type=int, metavar=("FIRST", "LAST"), help="default: the whole shot")

    report = commands.add_parser("report", help="write a page that shows a take, for a browser; needs no network")
    report.add_argument("shot", type=Path, help="a folder that capture wrote")
    report.add_argument("take", help="the take's name")

    sequence = commands.add_parser("sequence", help="put takes on the timeline of an edit .blend, or into a movie")
    sequence.add_argument("shot", type=Path, help="a folder that capture wrote")
    sequence.add_argument("out", type=Path, help="the .blend to write")
    sequence.add_argument("--take", required=True, action="append", help="a take's name; several make several strips")
    sequence.add_argument("--source", type=Path, help="the .blend whose sound is kept")
    sequence.add_argument("--movie", type=Path, help="also render this .mp4 from the timeline")
    _blender_option(sequence)

    demo = commands.add_parser("demo", help="the whole way on the bundled scene")
    demo.add_argument("folder", type=Path, nargs="?", default=Path("flowbrush-demo"), help="where to put everything")
    demo.add_argument("--frames", type=int, default=48, help="how many frames (default 48)")
    _blender_option(demo)

    models = commands.add_parser("models", help="list the models that can be downloaded, and those that are there")
    _models_option(models)

    download = commands.add_parser("download", help="download models of the list, with what they need")
    download.add_argument("names", nargs="+", metavar="name")
    _models_option(download)
    download.add_argument("--agree", action="store_true", help="you have read their licences, and agree")
    download.add_argument("--log", type=Path, help=argparse.SUPPRESS)  # Blender asks: it is answered in messages

    merge = commands.add_parser("merge", help="mix two checkpoints of the same family into a new one")
    merge.add_argument("first", type=Path, help="a .safetensors file in the original layout")
    merge.add_argument("second", type=Path, help="another one of the same family")
    merge.add_argument("weight", type=float, help="from 0, which is the first, to 1, which is the second")
    merge.add_argument("out", type=Path, help="the .safetensors file to write")

    environment = commands.add_parser(
        "environment", help="make, check, repair or remove the worker's Python environment"
    )
    environment.add_argument("what", choices=("create", "check", "repair", "remove"))
    environment.add_argument("folder", type=Path)
    environment.add_argument(
        "--footage", action="store_true", help="with the extra that estimates conditions of footage"
    )
    environment.add_argument(
        "--variant", choices=tuple(VARIANTS), help="build of PyTorch; default: what is there, or the package index has"
    )
    environment.add_argument("--also", type=Path, action="append", default=[], help="further requirement files")

    serve = commands.add_parser("serve", help="the worker that Blender talks to; not for people")
    serve.add_argument("--log", type=Path, required=True)
    return top


def _models_option(command: argparse.ArgumentParser) -> None:
    default = models_folder()
    note = "default: $" + VARIABLE
    command.add_argument("--folder", type=Path, default=default, required=default is None, help=note)


def _blender_option(command: argparse.ArgumentParser) -> None:
    command.add_argument("--blender", default="", help="Blender, or a Python that has bpy")
