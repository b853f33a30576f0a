"""Every English sentence has its translation in every language, and no translation is of a sentence that is gone."""

import re
from pathlib import Path
from string import Formatter

import flowbrush
import pytest
from english_words import words
from flowbrush import languages
from flowbrush.languages.lines import lines

ENGLISH = words(Path(flowbrush.__file__).parent)
LANGUAGES = ("ja_JP", "zh_HANS", "zh_HANT")  # Blender's names of them since 4.0
CHINESE_OR_JAPANESE = re.compile("[\u3040-\u30ff\u4e00-\u9fff，：]|\\{0\\} / \\{1\\}")


def test_there_is_a_table_for_each_language() -> None:
    assert tuple(languages.tables()) == LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_is_translated(language: str) -> None:
    table = languages.tables()[language]
    missing = [f"{where}: {sentence}" for sentence, where in ENGLISH.items() if sentence not in table]
    assert not missing, "without a translation"
    gone = [sentence for sentence in table if sentence not in ENGLISH]
    assert not gone, "nobody says these any more"


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_are_in_their_language_and_have_the_holes_of_the_english(language: str) -> None:
    for english, there in languages.tables()[language].items():
        assert CHINESE_OR_JAPANESE.search(there), english
        assert sorted(languages.holes(there)) == sorted(languages.holes(english)), english
        assert {spec for _literal, _field, spec, _as in Formatter().parse(there)} <= {None, "", "said", "list"}, english


@pytest.mark.parametrize(
    ("sentence", "template", "parts"),
    [
        ("take 3 is finished", "{0} is finished", ("take 3",)),
        ("Frames 1 to 48, 1280 × 720", "Frames {0} to {1}{2}, {3} × {4}", ("1", "48", "", "1280", "720")),
        (
            "Frames 1 to 48, 3 missing, 1280 × 720",
            "Frames {0} to {1}{2}, {3} × {4}",
            ("1", "48", ", 3 missing", "1280", "720"),
        ),
        ("0.4 s a frame, more than 3 min left", "{0}, more than {1} left", ("0.4 s a frame", "3 min")),
        ("Fetching torch: 1 GB of 2 GB", "Fetching {0}: {1} of {2}{3}", ("torch", "1 GB", "2 GB", "")),
        (
            "Fetching torch: 1 GB of 2 GB, about 5 min left",
            "Fetching {0}: {1} of {2}{3}",
            ("torch", "1 GB", "2 GB", ", about 5 min left"),
        ),
    ],
)
def test_a_sentence_that_was_put_together_is_told_apart(sentence: str, template: str, parts: tuple[str, ...]) -> None:
    assert languages.recognised(sentence) == (template, parts)


def test_what_nobody_says_is_not_recognised() -> None:
    assert languages.recognised("ink drawing of a hero, bold lines") is None


def test_lines_break_between_words_or_between_signs() -> None:
    assert lines("Render the passes of the shot", 12) == ["Render the", "passes of", "the shot"]
    assert lines("在后台渲染镜头，的各通道", 12) == ["在后台渲染镜", "头，的各通道"]
    assert lines("后台渲染镜，头的各通道", 10) == ["后台渲染", "镜，头的各", "通道"]
    assert lines("安装 PyTorch 以后", 8) == ["安装", "PyTorch", "以后"]
    assert lines("无法运行（/bin/python）：请设置", 10) == ["无法运行", "（/bin/python）：", "请设置"]
    assert lines("", 8) == []
