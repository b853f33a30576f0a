"""The command line: everything that Flowbrush does, without a window."""

import argparse
import sys
from dataclasses import replace

from .arguments import parser
from .blender import run_scene
from .errors import Code, FlowbrushError, ModelError
from .models.catalogue import FAMILIES, with_needs
from .models.installed import agree, agreed, catalogue, listed
from .take import RegionSettings, TakeSettings, bad_settings, load_styles, style_settings


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


COMMANDS = {
    "capture": _capture,
    "footage": _footage,
    "estimate": _estimate,
    "stylize": _stylize,
    "measure": _measure,
    "conditions": _conditions,
    "masks": _masks,
    "report": _report,
    "sequence": _sequence,
    "demo": _demo,
    "models": _models,
    "download": _download,
    "merge": _merge,
    "environment": _environment,
    "serve": _serve,
}


def main() -> int:
    """Runs one command; the exit status is 0, or 1 after an error that was explained, or 130 after Ctrl+C."""
    try:
        given = parser().parse_args()
        COMMANDS[given.command](given)
    except FlowbrushError as error:
        print(f"flowbrush: {error} [{error.code}]", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("flowbrush: stopped; finished frames are kept, the same command goes on", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
