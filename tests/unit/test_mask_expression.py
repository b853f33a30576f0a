"""The language of masks: what it reads, what it means, and how it says what is wrong."""

import pytest
from flowbrush.backend.errors import Code, SettingsError
from flowbrush.backend.mask_expression import (
    MAX_DEPTH,
    And,
    Expression,
    Ids,
    Mask,
    Name,
    Not,
    Or,
    Pattern,
    Word,
    look_up,
    parse,
    possible_passes,
    written,
)
from flowbrush.backend.shot import SceneMaterial, SceneObject
from hypothesis import given
from hypothesis import strategies as st

OBJECTS = (
    SceneObject(1, "hero body", ("hero", "cast"), ("skin", "cloth"), properties={"role": "lead", "is_hero": "True"}),
    SceneObject(2, "sword", ("hero", "props"), ("steel",), properties={"role": "prop", "is_hero": "0"}),
    SceneObject(3, "floor", ("set",), ("stone",)),
    SceneObject(4, "床", ("舞台 A",), ("stone",), properties={"είδος": "τοίχος"}),
    SceneObject(5, "cloth", ("set",), ("cloth",)),
    SceneObject(6, "rig:left*arm", (), ()),
)
MATERIALS = tuple(SceneMaterial(n, name) for n, name in enumerate(("skin", "cloth", "steel", "stone"), 1))


def named(text: str) -> Name:
    return Name("", Pattern((text,)))


def meant(text: str) -> Ids:
    """What the one name in `text` means."""
    (ids,) = look_up(text, OBJECTS, MATERIALS).meaning.values()
    return ids


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("hero", named("hero")),
        (" hero & !sword | floor ", Or((And((named("hero"), Not(named("sword")))), named("floor")))),
        ("a&b&c", And((named("a"), named("b"), named("c")))),
        ("a & (b | c)", And((named("a"), Or((named("b"), named("c")))))),
        ("!!(a)", Not(Not(named("a")))),
        ("everything & !background", And((Word("everything"), Not(Word("background"))))),
        ('"everything"', named("everything")),
        ('"a & b" | Cube.001', Or((named("a & b"), named("Cube.001")))),
        (r'"say \"no\" \\ \n"', named(r'say "no" \ \n')),
        ("object:床", Name("object", Pattern(("床",)))),
        ("rig:hero", named("rig:hero")),
        ('collection:"舞台 A"', Name("collection", Pattern(("舞台 A",)))),
        ("arm*.L", Name("", Pattern(("arm", ".L")))),
        ("**", Name("", Pattern(("", "")))),
        ('"left *"*', Name("", Pattern(("left *", "")))),
        ("property:is_hero", Name("property", Pattern(("is_hero",)))),
        ('property:"a=b"=c=d', Name("property", Pattern(("a=b",)), Pattern(("c=d",)))),
    ],
)
def test_reads(text: str, tree: Expression) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "The mask is empty"),
        (" ", "The mask is empty"),
        ("()", "at character 2, ')', a name is missing"),
        ("hero &", "at its end a name is missing"),
        ("hero & | floor", "at character 8, '| floor', a name is missing"),
        ("hero sword", "at character 6, 'sword', '&' or '|' is missing"),
        ("(hero | sword", "at its end the '(' at character 1 is not closed"),
        ("hero) & sword", "at character 5, ') & sword', this ')' closes nothing"),
        ('hero & "sword', "at character 8, '\"sword', this quote is not closed"),
        ("object:", "at its end a name is missing"),
        ("property:role=", "at its end a name is missing"),
        ("!" * 60 + "a", f"more than {MAX_DEPTH}"),
        ("(" * 100_000, "longer than 4000 characters"),
    ],
)
def test_says_where_it_goes_wrong(text: str, sentence: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(text)
    assert sentence in str(caught.value)
    assert caught.value.code == Code.BAD_MASK


letters = st.text(st.characters(exclude_categories=("Cs",)) | st.sampled_from('!&|()"*:=\\ '), max_size=6)
patterns = st.builds(
    lambda first, between, last: Pattern((first, *between, *last)),
    letters,
    st.lists(letters.filter(bool), max_size=2),
    letters.map(lambda text: (text,)) | st.just(()),
).filter(lambda pattern: pattern.pieces != ("",) and all(pattern.pieces[1:-1]))
leaves = (
    st.builds(Name, st.sampled_from(("", "object", "collection", "material")), patterns)
    | st.builds(Name, st.just("property"), patterns, st.none() | patterns)
    | st.builds(Word, st.sampled_from(("everything", "background")))
)


def grown(parts: st.SearchStrategy) -> st.SearchStrategy:
    several = st.lists(parts, min_size=2, max_size=4).map(tuple)
    return st.builds(Not, parts) | st.builds(And, several) | st.builds(Or, several)


@given(st.recursive(leaves, grown, max_leaves=12))
def test_reads_what_it_writes(tree: Expression) -> None:
    assert parse(str(tree)) == tree


@given(st.text(max_size=40) | st.text('ab!&|()"*:= \\', max_size=40))
def test_any_text_is_an_expression_or_one_error(text: str) -> None:
    try:
        look_up(text, OBJECTS, MATERIALS)
    except SettingsError as error:
        assert error.code == Code.BAD_MASK


@given(letters.filter(bool), st.sampled_from(("object", "collection", "material")))
def test_any_name_can_be_written(name: str, kind: str) -> None:
    objects = (SceneObject(1, name, (name,)), SceneObject(2, name + "x", (name + "x",)))
    materials = (SceneMaterial(1, name), SceneMaterial(2, name + "x"))
    (ids,) = look_up(written(kind, name), objects, materials).meaning.values()
    assert ids.numbers == {1}


@given(st.lists(st.text("ab", max_size=3), min_size=1, max_size=4), st.text("ab", max_size=8))
def test_stars_match_as_in_file_names(pieces: list[str], name: str) -> None:
    import fnmatch

    assert Pattern(tuple(pieces)).matches(name) == fnmatch.fnmatchcase(name, "*".join(pieces))


@pytest.mark.parametrize(
    ("text", "source", "numbers"),
    [
        ("sword", "object_id", {2}),
        ('"hero body"', "object_id", {1}),
        ("hero", "object_id", {1, 2}),
        ("cast", "object_id", {1}),
        ("skin", "material_id", {1}),
        ("cloth", "object_id", {5}),
        ("material:cloth", "material_id", {2}),
        ("collection:set", "object_id", {3, 5}),
        ("s*", "object_id", {2}),
        ("material:st*", "material_id", {3, 4}),
        ("床", "object_id", {4}),
        ('"rig:left*arm"', "object_id", {6}),
        ("property:role", "object_id", {1, 2}),
        ("property:role=lead", "object_id", {1}),
        ("property:role=*p", "object_id", {2}),
        ("property:is_hero", "object_id", {1}),
        ("property:είδος=τοίχος", "object_id", {4}),
    ],
)
def test_names_mean(text: str, source: str, numbers: set[int]) -> None:
    assert meant(text) == Ids(source, frozenset(numbers))
    assert source in possible_passes(text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("swrod", "no object, collection or material 'swrod': did you mean sword?"),
        ("object:hero", "no object 'hero': did you mean hero body?"),
        ("hero & material:steal", "no material 'steal': did you mean steel or stone?"),
        ("property:rôle", "no object with the custom property 'rôle': did you mean role?"),
        ("property:role=leda", "no object whose property role is 'leda': did you mean lead?"),
        ("zzz*", "no object, collection or material 'zzz*': look at the names in the Outliner"),
    ],
)
def test_unknown_names_come_with_near_ones(text: str, sentence: str) -> None:
    with pytest.raises(SettingsError) as caught:
        look_up(text, OBJECTS, MATERIALS)
    assert sentence in str(caught.value)
    assert caught.value.code == Code.BAD_MASK


def test_a_name_with_two_meanings_is_told() -> None:
    notice = "cloth is both an object and a material: the object is meant, or say material:cloth"
    assert look_up("cloth | !cloth", OBJECTS, MATERIALS).notices == (notice,)
    assert look_up("object:cloth | material:cloth", OBJECTS, MATERIALS).notices == ()


def test_only_what_is_needed_is_read() -> None:
    def passes(text: str) -> tuple[str, ...]:
        return look_up(text, OBJECTS, MATERIALS).passes

    assert passes("everything") == possible_passes("everything") == ()
    assert passes("background") == possible_passes("background") == ("object_id",)
    assert passes("skin") == possible_passes("material:skin") == ("material_id",)
    assert passes("sword & skin") == possible_passes("sword") == ("material_id", "object_id")
    assert possible_passes("object:sword & collection:x & property:y=z") == ("object_id",)
    assert isinstance(look_up("sword", OBJECTS, MATERIALS), Mask)
