"""Flowbrush in the language of Blender's interface.

Blender looks names, tooltips and plain labels up by itself. What it cannot look up is a sentence with a name or a
number in it: `said` does. The words themselves are in `languages`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import bpy
from bpy.app.translations import contexts, pgettext_iface, pgettext_rpt

from . import languages

# A button asks in the second, panels and some fields in the third, all else in the first
CONTEXTS = (contexts.default, contexts.operator_default, languages.CONTEXT)


@dataclass(frozen=True)
class _Part:
    """What stands in a hole of a sentence: as it is, or translated as `languages` says."""

    text: str
    translate: Callable[[str], str]

    def __format__(self, how: str) -> str:
        if how == "list":
            return ", ".join(said(one, self.translate) for one in self.text.split(", "))
        return said(self.text, self.translate) if how == "said" else self.text


def said(sentence: str, translate: Callable[[str], str] = pgettext_iface) -> str:
    """`sentence` in the user's language; as it is where that has no words for it.

    translate: Blender's look-up, which knows whether the user wants this kind of words translated.
    """
    table = languages.tables().get(_language())
    if table is None:
        return sentence
    plain = translate(sentence)
    if plain != sentence:
        return table.get(sentence, plain)  # Blender may have the word in another sense
    found = languages.recognised(sentence)
    if found is None:
        return sentence
    template, parts = found
    translated = translate(template)
    if translated == template:
        return sentence
    return translated.format(*(_Part(part, translate) for part in parts))


def _language() -> str:
    return str(bpy.app.translations.locale)


def reported(sentence: str) -> str:
    """`sentence` for Blender's reports, in the user's language where the user wants reports translated."""
    return said(sentence, pgettext_rpt)


def register() -> None:
    """Hands the tables to Blender."""
    words = {
        language: {(context, english): there for context in CONTEXTS for english, there in table.items()}
        for language, table in languages.tables().items()
    }
    bpy.app.translations.register(__package__, words)


def unregister() -> None:
    """Takes them back."""
    bpy.app.translations.unregister(__package__)
