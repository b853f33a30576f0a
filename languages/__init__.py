"""Flowbrush's words in other languages: a table for each, English sentence = translation. Knows nothing of Blender.

A sentence with a name or a number in it is written with numbered holes, as "{0} is finished". Such sentences are put
together where they are born, often in another process, and are told apart again here: what reaches the window is
English, which also stands in logs and reports. `{0:said}` in a translation: what stands there is translated as well,
`{0:list}`: each of the words between its commas.
"""

import re
import tomllib
from functools import cache, lru_cache
from pathlib import Path
from string import Formatter

FOLDER = Path(__file__).parent
CONTEXT = "Flowbrush"  # for words that Blender has in another sense: it would take its own translation of them
HOLE = "(.+?)"
TAIL = "(, .+?| and .+?|)"  # right behind a word or another hole: an end that the sentence may have, or not


@cache
def tables() -> dict[str, dict[str, str]]:
    """The translation of every English sentence, by Blender's name of the language (as zh_HANS)."""
    return {path.stem: tomllib.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.toml"))}


def holes(template: str) -> list[str]:
    """The numbers of the holes of `template`, in their order."""
    return [field for _literal, field, _spec, _conversion in Formatter().parse(template) if field is not None]


@lru_cache(maxsize=1024)
def recognised(sentence: str) -> tuple[str, tuple[str, ...]] | None:
    """The template that `sentence` was made of and what stands in its holes; None for a sentence of no table."""
    for template, pattern in _patterns():
        if found := pattern.fullmatch(sentence):
            return template, found.groups()
    return None


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    """Those that say most first: what fits them may fit a vaguer one as well."""
    templates = {english for table in tables().values() for english in table if holes(english)}
    return [
        (template, re.compile(_pattern(template), re.DOTALL))
        for template in sorted(templates, key=lambda template: (-len(re.sub(r"\{\d+\}", "", template)), template))
    ]


def _pattern(template: str) -> str:
    pattern = ""
    for literal, field, _spec, _conversion in Formatter().parse(template):
        pattern += re.escape(literal)
        if field is not None:
            ends_in_word = pattern.endswith(")") if not literal else literal[-1].isalpha()
            pattern += TAIL if ends_in_word else HOLE
    return pattern
