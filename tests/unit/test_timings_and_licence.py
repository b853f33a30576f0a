import json
from pathlib import Path

from flowbrush.backend.models.licence import licence_of
from flowbrush.backend.timings import FILE, Timing, add, read


def test_the_last_timing_of_a_frame_counts(tmp_path: Path) -> None:
    assert read(tmp_path) == []
    for timing in (Timing(2, False, 1.0), Timing(1, True, 9.0), Timing(2, False, 3.0), Timing(1, False, 2.0)):
        add(tmp_path, timing)
    assert read(tmp_path) == [Timing(1, False, 2.0), Timing(1, True, 9.0), Timing(2, False, 3.0)]


def test_lines_that_mean_nothing_are_passed_over(tmp_path: Path) -> None:
    bad = [
        "",
        "[]",
        "{",
        '{"frame": "1", "keyframe": false, "seconds": 1.0}',
        '{"frame": 1, "keyframe": 0, "seconds": 1.0}',
        '{"frame": true, "keyframe": false, "seconds": 1.0}',
        '{"frame": 1, "keyframe": false, "seconds": NaN}',
        '{"frame": 1, "keyframe": false, "seconds": -1.0}',
        "[" * 100_000,
    ]
    (tmp_path / FILE).write_text("\n".join(bad) + "\n")
    add(tmp_path, Timing(4, False, 0.5))
    with open(tmp_path / FILE, "a") as file:
        file.write('{"frame": 5, "keyfr')
    assert read(tmp_path) == [Timing(4, False, 0.5)]


def test_a_model_card_names_the_licence(tmp_path: Path) -> None:
    card = tmp_path / "README.md"
    assert licence_of(tmp_path) == ""
    card.write_text("---\ntags: [a]\nlicense: creativeml-openrail-m\n---\nlicense: mit\n")
    assert licence_of(tmp_path) == "creativeml-openrail-m"
    card.write_text("---\nlicense: other\nlicense_name: 'my own'\n---\n")
    assert licence_of(tmp_path) == "my own"
    card.write_text("# A model\nlicense: mit\n")
    assert licence_of(tmp_path) == ""
    card.write_bytes(b"---\n\xff\n---\n")
    assert licence_of(tmp_path) == ""


def test_a_safetensors_file_names_the_licence(tmp_path: Path) -> None:
    def written(header: bytes, length: int | None = None) -> str:
        path = tmp_path / "model.safetensors"
        path.write_bytes((len(header) if length is None else length).to_bytes(8, "little") + header)
        return licence_of(path)

    assert written(json.dumps({"__metadata__": {"modelspec.license": "OpenRAIL++"}}).encode()) == "OpenRAIL++"
    assert written(json.dumps({"__metadata__": {"modelspec.license": 7}}).encode()) == ""
    assert written(b"[]") == written(b"{") == written(b"\xff") == written(b"{}", 2**62) == ""
    assert licence_of(tmp_path / "absent") == ""
