"""The words that Blender looks up by itself, read from what is registered, and those that Flowbrush looks up."""

import bpy
import pytest
from bl_ui.utils import PresetPanel
from flowbrush import languages, registration, translations

SPOKEN_IN_ENGLISH = {"style", "variant", "category"}  # prompts, an own driver's number, and ADE20K's classes


@pytest.fixture(scope="module", autouse=True)
def registered():
    registration.register()
    yield
    registration.unregister()


def shown():
    """Name and tooltip of every property, operator, menu and panel, and of the choices."""
    for cls in registration.CLASSES:
        if not issubclass(cls, PresetPanel):  # Blender names its header after the preset that was chosen last
            yield getattr(cls, "bl_label", "")
        if issubclass(cls, bpy.types.Operator | bpy.types.Menu):
            yield cls.bl_rna.description
        for name in getattr(cls, "__annotations__", {}):
            given = cls.bl_rna.properties.get(name)
            if given is None:
                continue
            yield from (given.name, given.description)
            if given.type == "ENUM" and name not in SPOKEN_IN_ENGLISH:
                for item in given.enum_items_static:
                    yield from (item.name, item.description)


@pytest.mark.parametrize("language", list(languages.tables()))
def test_all_that_is_registered_is_translated(language):
    from english_words import is_english

    table = languages.tables()[language]
    assert not sorted({text for text in shown() if is_english(text) and text not in table})


def test_a_sentence_is_said_with_its_parts(monkeypatch):
    table = languages.tables()["zh_HANS"]
    monkeypatch.setattr(translations, "_language", lambda: "zh_HANS")

    def look_up(sentence):
        return table.get(sentence, sentence)

    assert translations.said("Capture 24 Frames", look_up) == "采集 24 帧"
    assert translations.said("Depth", look_up) == "深度"
    assert translations.said("Depth is finished", look_up) == "Depth 已完成"  # a take's name stays as it is
    assert translations.said("a hero, bold lines", look_up) == "a hero, bold lines"


def test_english_stays_english():
    assert translations.said("Capture 24 Frames") == "Capture 24 Frames"
