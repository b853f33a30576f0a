"""Context help: Blender's own operators are asked, as F1 and the menu of the right mouse button ask them."""

import re
import webbrowser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import bpy
import flowbrush
import pytest
from flowbrush import context_help, registration
from flowbrush.backend.errors import Code

LOOKED_UP = bpy.types.PropertyGroup
if bpy.app.version >= (5, 0):  # before, Blender does not find the fields of any add-on's preferences
    LOOKED_UP |= bpy.types.AddonPreferences
built = pytest.mark.skipif(not context_help.came_along(), reason="`make build` puts the manual into the zip")


@pytest.fixture(scope="module", autouse=True)
def registered():
    bpy.ops.wm.read_factory_settings(use_empty=True)
    known = bpy.context.preferences.addons.new()  # what installing does; without it there are no preferences
    known.module = "flowbrush"
    flowbrush.register()
    yield
    flowbrush.unregister()
    bpy.context.preferences.addons.remove(known)
    assert context_help._pages not in bpy.utils._manual_map


@pytest.fixture
def opened(monkeypatch):
    """The addresses that the browser got."""
    addresses = []
    monkeypatch.setattr(webbrowser, "open", addresses.append)
    return addresses


def page(address):
    """The page of the manual at an address, which is a file's."""
    parts = urlsplit(address)
    assert parts.scheme == "file" and not parts.query and not parts.fragment
    return Path(bpy.path.native_pathsep(unquote(parts.path))).relative_to(context_help.FOLDER).as_posix()


def all_of_ours():
    """What Blender calls our operators and properties when it looks up their page."""
    for cls in registration.CLASSES:
        if issubclass(cls, bpy.types.Operator):
            yield cls.bl_idname
        elif issubclass(cls, LOOKED_UP):
            yield from (f"{cls.__name__}.{name}" for name in cls.__annotations__)


@built
def test_every_operator_and_property_has_its_page(opened):
    names = list(all_of_ours())
    assert len(names) > 200
    pages = {}
    for name in names:
        assert bpy.ops.wm.doc_view_manual(doc_id=name) == {"FINISHED"}, name
        pages[name] = page(opened.pop())
    assert {name for name, shown in pages.items() if shown == "index.html"} == {"flowbrush.open_manual"}
    assert pages["flowbrush.capture"] == "tasks/capture.html"
    assert pages["FlowbrushSettings.prompt"] == "tasks/stylize_frame.html"
    assert pages["FlowbrushSettings.paint_softness"] == "tasks/regions.html"
    assert pages.get("FlowbrushPreferences.variant", "tasks/set_up.html") == "tasks/set_up.html"


@built
def test_every_pattern_leads_to_a_page_and_is_the_first_for_something():
    classes = [f"bpy.types.{cls.__name__}" for cls in registration.CLASSES if not issubclass(cls, bpy.types.Operator)]
    kinds = [f"bpy.{'ops' if name.startswith('flowbrush.') else 'types'}.{name}" for name in all_of_ours()]
    find = bpy.types.WM_OT_doc_view_manual._find_reference
    _prefix, pages = context_help._pages()
    numbered = [(pattern, str(number)) for number, (pattern, _page) in enumerate(pages)]
    used = {int(find(name, numbered, verbose=False)) for name in (*kinds, *classes)}
    unused = [pattern for number, (pattern, _page) in enumerate(pages) if number not in used]
    assert not [pattern for pattern in unused if bpy.app.version >= (5, 0) or "preferences" not in pattern]
    assert not [shown for _pattern, shown in pages if not (context_help.FOLDER / shown).is_file()]


@built
@pytest.mark.parametrize("code", Code)
def test_an_errors_code_leads_to_its_place(opened, code):
    assert bpy.ops.flowbrush.open_manual(code=code) == {"FINISHED"}
    assert page(opened[0]) == f"errors/{code}.html"
    text = (context_help.FOLDER / "errors" / f"{code}.html").read_text("utf-8")
    name, _, place = re.search(r"url=\.\./([^\"]+)", text)[1].partition("#")
    assert place == code.replace("_", "-")
    assert f'id="{place}"' in (context_help.FOLDER / name).read_text("utf-8")


@built
def test_without_a_code_or_with_one_that_is_unknown_it_opens_at_the_front(opened):
    for code in ("", "no such code", "../../launch"):
        bpy.ops.flowbrush.open_manual(code=code)
    assert [page(address) for address in opened] == ["index.html"] * 3


def test_without_the_manual_it_is_said(monkeypatch, tmp_path, opened):
    monkeypatch.setattr(context_help, "FOLDER", tmp_path)
    with pytest.raises(RuntimeError, match="This copy of Flowbrush has no manual"):
        bpy.ops.flowbrush.open_manual()
    bpy.ops.wm.doc_view_manual(doc_id="flowbrush.capture")
    assert not opened
