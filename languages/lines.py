"""Breaks a sentence into lines: between words, and in Chinese and Japanese between any two signs."""

import re
import textwrap

WIDE = "\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef"  # signs as wide as two letters
STAYS = "、。，．：；！？）」』】”…ー"  # may not begin a line
OPENS = "（「『【“"  # may not end one
PIXELS_A_LETTER = 6.2  # of the interface's font at scale 1, in wide words
PIECES = re.compile(rf"[{OPENS}]*(?:[{WIDE}]|[^\s{WIDE}]+)[{STAYS}]*|\s+")


def lines(text: str, letters: int) -> list[str]:
    """`text` in lines of at most that many letters; a wide sign counts as two of them."""
    if not re.search(f"[{WIDE}]", text):
        return textwrap.wrap(text, letters)
    done, line = [], ""
    for piece in PIECES.findall(text):
        if line.strip() and _width(line + piece.rstrip()) > letters:
            done.append(line.strip())
            line = ""
        line += piece
    return [*done, line.strip()] if line.strip() else done


def _width(text: str) -> int:
    return len(text) + len(re.findall(f"[{WIDE}]", text))
