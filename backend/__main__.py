"""The command line: everything that Flowbrush does, without a window."""

import argparse
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from .blender import run_scene
from .errors import Code, FlowbrushError, ModelError
from .installing.variants import VARIANTS
from .models.catalogue import FAMILIES, with_needs
from .models.installed import VARIABLE, agree, agreed, catalogue, listed, models_folder
from .needs import CONDITIONS, EXTRAS, METHODS, PASSES
from .take import LIGHTS, SEED_MODES, RegionSettings, TakeSettings, bad_settings, load_styles, style_settings

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
    capture.set_defaults(run=_capture)

    footage = commands.add_parser("footage", help="make a shot of a movie or an image sequence; motion is estimated")
    footage.add_argument("footage", type=Path, help="a movie, a folder of numbered images, or one of the images")
    footage.add_argument("shot", type=Path, help="the folder to write")
    footage.add_argument("--frames", nargs=2, type=int, metavar=("FIRST", "LAST"), help="default: all of it")
    footage.add_argument("--size", nargs=2, type=int, metavar=("WIDTH", "HEIGHT"), help="default: the footage's size")
    footage.add_argument("--fps", type=Fraction, metavar="N/D", help="default: the movie's rate, or 24 for images")
    footage.set_defaults(run=_footage)

    estimate = commands.add_parser("estimate", help="estimate conditions of a shot of footage; needs the footage extra")
    estimate.add_argument("shot", type=Path, help="a folder that footage wrote")
    estimate.add_argument("conditions", nargs="*", help="what to estimate; without any, shows what there is")
    estimate.add_argument(
        "--weights", type=Path, help="the folder with the networks' weights; default: the hub's cache"
    )
    estimate.add_argument("--download", action="store_true", help="fetch missing weights from the Hugging Face hub")
    estimate.set_defaults(run=_estimate)

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
    stylize.set_defaults(run=_stylize)

    measure = commands.add_parser("measure", help="measure how steady, sharp and styled a take is")
    measure.add_argument("shot", type=Path, help="a folder that capture wrote")
    measure.add_argument("take", help="the take's name")
    measure.set_defaults(run=_measure)

    conditions = commands.add_parser("conditions", help="write a shot's ControlNet conditions as picture sequences")
    conditions.add_argument("shot", type=Path, help="a folder that capture wrote")
    conditions.add_argument("names", nargs="*", metavar="name", help=f"of {' '.join(CONDITIONS)}; default: all")
    conditions.add_argument("--out", type=Path, required=True, help="the folder that gets a folder for each")
    conditions.add_argument("--frames", nargs=2, type=int, metavar=("FIRST", "LAST"), help="default: the whole shot")
    conditions.set_defaults(run=_conditions)

    masks = commands.add_parser("masks", help="write a mask of a shot as a picture sequence")
    masks.add_argument("shot", type=Path, help="a folder that capture wrote")
    masks.add_argument("mask", help="such as 'hero & !sword | material:skin'; see docs/masks.md")
    masks.add_argument("--out", type=Path, required=True, help="the folder to write")
    masks.add_argument("--soft", type=float, default=0.0, metavar="PX", help="blur of its border in pixels; default: 0")
    masks.add_argument("--frames", nargs=2, type=int, metavar=("FIRST", "LAST"), help="default: the whole shot")
    masks.set_defaults(run=_masks)

    report = commands.add_parser("report", help="write a page that shows a take, for a browser; needs no network")
    report.add_argument("shot", type=Path, help="a folder that capture wrote")
    report.add_argument("take", help="the take's name")
    report.set_defaults(run=_report)

    sequence = commands.add_parser("sequence", help="put takes on the timeline of an edit .blend, or into a movie")
    sequence.add_argument("shot", type=Path, help="a folder that capture wrote")
    sequence.add_argument("out", type=Path, help="the .blend to write")
    sequence.add_argument("--take", required=True, action="append", help="a take's name; several make several strips")
    sequence.add_argument("--source", type=Path, help="the .blend whose sound is kept")
    sequence.add_argument("--movie", type=Path, help="also render this .mp4 from the timeline")
    _blender_option(sequence)
    sequence.set_defaults(run=_sequence)

    demo = commands.add_parser("demo", help="the whole way on the bundled scene")
    demo.add_argument("folder", type=Path, nargs="?", default=Path("flowbrush-demo"), help="where to put everything")
    demo.add_argument("--frames", type=int, default=48, help="how many frames (default 48)")
    _blender_option(demo)
    demo.set_defaults(run=_demo)

    models = commands.add_parser("models", help="list the models that can be downloaded, and those that are there")
    _models_option(models)
    models.set_defaults(run=_models)

    download = commands.add_parser("download", help="download models of the list, with what they need")
    download.add_argument("names", nargs="+", metavar="name")
    _models_option(download)
    download.add_argument("--agree", action="store_true", help="you have read their licences, and agree")
    download.add_argument("--log", type=Path, help=argparse.SUPPRESS)  # Blender asks: it is answered in messages
    download.set_defaults(run=_download)

    merge = commands.add_parser("merge", help="mix two checkpoints of the same family into a new one")
    merge.add_argument("first", type=Path, help="a .safetensors file in the original layout")
    merge.add_argument("second", type=Path, help="another one of the same family")
    merge.add_argument("weight", type=float, help="from 0, which is the first, to 1, which is the second")
    merge.add_argument("out", type=Path, help="the .safetensors file to write")
    merge.set_defaults(run=_merge)

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
    environment.set_defaults(run=_environment)

    serve = commands.add_parser("serve", help="the worker that Blender talks to; not for people")
    serve.add_argument("--log", type=Path, required=True)
    serve.set_defaults(run=_serve)
    return top


def _models_option(command: argparse.ArgumentParser) -> None:
    default = models_folder()
    note = "default: $" + VARIABLE
    command.add_argument("--folder", type=Path, default=default, required=default is None, help=note)


def _blender_option(command: argparse.ArgumentParser) -> None:
    command.add_argument("--blender", default="", help="Blender, or a Python that has bpy")


def _capture(given: argparse.Namespace) -> None:
    arguments = ["capture", str(given.file.absolute()), str(given.shot.absolute())]
    for option in ("frames", "size", "passes", "extras"):
        if (values := getattr(given, option)) is not None:
            arguments += [f"--{option}", *map(str, values)]
    if given.samples is not None:
        arguments += ["--samples", str(given.samples)]
    if given.scene:
        arguments += ["--scene", given.scene]
    run_scene(given.blender, arguments, print)
    print(f"The shot is in {given.shot}")


def _footage(given: argparse.Namespace) -> None:
    from .footage.capture import FootageSettings, capture_footage

    pairs = {"frames": given.frames, "size": given.size, "rate": given.fps and given.fps.as_integer_ratio()}
    settings = FootageSettings.parse({name: list(pair) for name, pair in pairs.items() if pair})
    for done in capture_footage(given.footage, given.shot, settings, warn=_note, cancelled=lambda: False):
        print(f"{done.path}  {done.done}/{done.total}, {done.seconds:.1f} s", flush=True)
    print(f"The shot is in {given.shot}")


def _estimate(given: argparse.Namespace) -> None:
    from .footage.catalogue import catalogue
    from .footage.estimate import estimate_conditions
    from .shot import Shot

    if not given.conditions:
        print("\n".join(catalogue()))
        return
    frames = estimate_conditions(
        Shot.load(given.shot), given.conditions, given.weights, cancelled=lambda: False, download=given.download
    )
    for done in frames:
        print(f"{done.path}  {done.done}/{done.total}, {done.seconds:.1f} s", flush=True)
    print(f"The shot in {given.shot} has {', '.join(Shot.load(given.shot).drawn)}")


def _stylize(given: argparse.Namespace) -> None:
    from .shot import Shot
    from .stylize import stylize

    settings = _base(given)
    texts = ("method", "prompt", "negative_prompt", "model", "seed_mode", "light", "paint")
    numbers = ("strength", "steps", "guidance", "seed", "refine", "shared_attention")
    chosen = {name: getattr(given, name) for name in (*texts, *numbers) if getattr(given, name) is not None}
    if given.region:
        chosen["regions"] = tuple(_region(mask, prompt) for mask, prompt in given.region)
    # What is given here holds for all frames.
    over_time = tuple(keyed for keyed in settings.over_time if keyed.setting.partition("[")[0] not in chosen)
    later = () if "prompt" in chosen else settings.later_prompts
    chosen |= {"over_time": over_time, "later_prompts": later}
    settings = replace(settings, **chosen, frames=tuple(given.frames) if given.frames else None)
    settings = TakeSettings.parse(settings.document(), "the command line")
    shot = Shot.load(given.shot)
    frames = stylize(shot, given.take, settings, warn=_note, cancelled=lambda: False, replace_other=given.replace)
    for done in frames:
        print(f"{done.path}  {done.done}/{done.total}, {done.seconds:.1f} s", flush=True)
    print(f"The take is in {shot.take_folder(given.take)}")


def _base(given: argparse.Namespace) -> TakeSettings:
    from .settings_file import read_settings

    if given.settings and given.style:
        raise bad_settings("the command line names a style and a settings file, which has one")
    if given.style:
        return style_settings(given.style)
    settings, notes = read_settings(given.settings) if given.settings else (TakeSettings(), [])
    for note in notes:
        _note(note)
    return settings


def _region(mask: str, prompt: str) -> RegionSettings:
    style = load_styles().get(prompt, TakeSettings(prompt=prompt))
    return RegionSettings(mask, style.prompt, style.negative_prompt)


def _measure(given: argparse.Namespace) -> None:
    from .quality.measure import measure
    from .quality.measures import FILE, Measures, table
    from .shot import Shot
    from .take import Take

    shot = Shot.load(given.shot)
    take = Take.load(shot, given.take)
    for done in measure(shot, take):
        print(f"Frame {done.frame}  {done.done}/{done.total}, {done.seconds:.1f} s", flush=True)
    print(table(Measures.load(take.folder)))
    print(f"The measures are in {take.folder / FILE}")


def _conditions(given: argparse.Namespace) -> None:
    from .export import export_conditions
    from .shot import Shot

    frames = tuple(given.frames) if given.frames else None
    for done in export_conditions(Shot.load(given.shot), given.names, given.out, frames):
        print(f"Frame {done.frame}  {done.done}/{done.total}, {done.seconds:.1f} s", flush=True)
    print(f"The conditions are in {given.out}")


def _masks(given: argparse.Namespace) -> None:
    from .export import export_mask
    from .shot import Shot

    frames = tuple(given.frames) if given.frames else None
    for done in export_mask(Shot.load(given.shot), given.mask, given.out, _note, given.soft, frames):
        print(f"{done.path}  {done.done}/{done.total}, {done.seconds:.1f} s", flush=True)
    print(f"The masks are in {given.out}")


def _report(given: argparse.Namespace) -> None:
    from .quality.report.make import measure_and_report, report_path
    from .shot import Shot
    from .take import Take

    shot = Shot.load(given.shot)
    take = Take.load(shot, given.take)
    for done in measure_and_report(shot, take, cancelled=lambda: False):
        print(f"Frame {done.frame}  {done.done}/{done.total}, {done.seconds:.1f} s", flush=True)
    print(f"The report is {report_path(take)}")


def _note(sentence: str) -> None:
    print(f"Note: {sentence}", file=sys.stderr)


def _sequence(given: argparse.Namespace) -> None:
    arguments = ["sequence", str(given.shot.absolute()), str(given.out.absolute())]
    for take in given.take:
        arguments += ["--take", take]
    for option in ("source", "movie"):
        if path := getattr(given, option):
            arguments += [f"--{option}", str(path.absolute())]
    run_scene(given.blender, arguments, print)
    print(f"The edit is {given.out}" + (f", the movie is {given.movie}" if given.movie else ""))


def _demo(given: argparse.Namespace) -> None:
    from .demo import run_demo

    run_demo(given.folder, given.frames, given.blender)


def _models(given: argparse.Namespace) -> None:
    there = listed(given.folder)
    for entry in catalogue(given.folder).values():
        size = f"{entry.megabytes} MB" if entry.megabytes else ""
        mark = "*" if entry.id in there else " "
        print(f"{mark} {entry.id:<22}{FAMILIES[entry.family]:<22}{size:>8}  {entry.licence.name}. {entry.about}")
    print("* is there")


def _download(given: argparse.Namespace) -> None:
    from .models import download

    download.go_online()
    entries = catalogue(given.folder)
    if unknown := [name for name in given.names if name not in entries]:
        raise ModelError(Code.MISSING_MODEL, f"There is no '{unknown[0]}' in the catalogue: see 'flowbrush models'")
    wanted = list({one.id: one for name in given.names for one in with_needs(entries[name], entries)}.values())
    if given.log:
        download.answer(wanted, given.folder, given.log)
        return
    licences = {entry.licence for entry in wanted if entry.licence.id not in agreed(given.folder)}
    if licences and not given.agree:
        for licence in licences:
            print(f"{licence.name}, {licence.link}\n    {licence.terms}")
        raise ModelError(Code.DOWNLOAD, "Read these licences; with --agree you accept them, and the download begins")
    for licence in licences:
        agree(given.folder, licence.id)
    for path in download.download(wanted, given.folder, _say_progress, lambda: False):
        print(f"{path.name} is in {path}")


def _say_progress(_done: int, _total: int, sentence: str) -> None:
    print(sentence, flush=True)


def _merge(given: argparse.Namespace) -> None:
    from .models.merge import merge

    merge(given.first, given.second, given.weight, given.out)
    print(f"The merged model is {given.out}")


def _environment(given: argparse.Namespace) -> None:
    from . import environment
    from .footage.catalogue import catalogue as estimators
    from .installing import install

    folder = given.folder.absolute()
    last = ""

    def tell(_done: int, _total: int, sentence: str) -> None:
        nonlocal last
        if sentence.partition(":")[0] != last.partition(":")[0]:
            print(sentence, flush=True)
        last = sentence

    what = install.contents(footage=given.footage, also=tuple(given.also))
    if given.what == "remove":
        install.remove(folder)
        print(f"The backend's environment in {folder} is removed")
        return
    if given.footage:
        print("The weights of the networks for footage are fetched when they are asked for and allowed:")
        print("\n".join(f"  {line}" for line in estimators()))
    if given.what == "create":
        install.create(folder, tell, what, variant=given.variant)
    elif given.what == "repair":
        install.repair(folder, tell, what)
    environment.check(environment.python_of(folder), footage=given.footage)
    print(f"The backend's environment in {folder} is ready")


def _serve(given: argparse.Namespace) -> None:
    from .protocol import Channel
    from .worker import Worker

    Worker(Channel(given.log)).serve()


def main() -> int:
    """Runs one command; the exit status is 0, or 1 after an error that was explained, or 130 after Ctrl+C."""
    try:
        given = parser().parse_args()
        given.run(given)
    except FlowbrushError as error:
        print(f"flowbrush: {error} [{error.code}]", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("flowbrush: stopped; finished frames are kept, the same command goes on", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
