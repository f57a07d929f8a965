from __future__ import annotations

import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stdb_codegen.emit import naming
from stdb_codegen.emit.naming import Identifier
from stdb_codegen.errors import NameCollisionError, check_distinct


@pytest.mark.parametrize(
    ("name", "variable", "type_name", "member"),
    [
        ("createPlayer", "create_player", "CreatePlayer", "CREATE_PLAYER"),
        ("create_player", "create_player", "CreatePlayer", "CREATE_PLAYER"),
        ("CREATE_PLAYER", "create_player", "CreatePlayer", "CREATE_PLAYER"),
        ("OneU8", "one_u8", "OneU8", "ONE_U8"),
        ("one_u_8", "one_u_8", "OneU8", "ONE_U_8"),
        ("http2Server", "http2_server", "Http2Server", "HTTP2_SERVER"),
        ("HTTPServer", "http_server", "HTTPServer", "HTTP_SERVER"),
        ("Vec2D", "vec2d", "Vec2D", "VEC2D"),
        ("NPC", "npc", "NPC", "NPC"),
        ("x", "x", "X", "X"),
        ("__x__", "x", "X", "X"),
        ("two  words, three", "two_words_three", "TwoWordsThree", "TWO_WORDS_THREE"),
        ("2fast", "n2fast", "N2fast", "N2FAST"),
        ("", "n", "N", "N"),
        ("'; import os", "import_os", "ImportOs", "IMPORT_OS"),
        ("größe", "größe", "Größe", "GRÖSSE"),
        ("ﬁx", "fix", "Fix", "FIX"),
        ("表", "表", "N表", "表"),
        ("\u202eabc", "abc", "Abc", "ABC"),
        ("class", "class_", "Class", "CLASS"),
        ("None", "none", "None_", "NONE"),
        ("str", "str_", "Str", "STR"),
        ("types", "types_", "Types", "TYPES"),
        ("id", "id", "Id", "ID"),
        ("type", "type", "Type", "TYPE"),
        ("match", "match", "Match", "MATCH"),
        ("Client", "client", "Client_", "CLIENT"),
        ("Tables", "tables", "Tables_", "TABLES"),
        ("Reducers", "reducers", "Reducers_", "REDUCERS"),
        ("Procedures", "procedures", "Procedures_", "PROCEDURES"),
        ("TypeAlias", "type_alias", "TypeAlias_", "TYPE_ALIAS"),
        ("self", "self", "Self", "SELF"),
    ],
)
def test_names(name: str, variable: str, type_name: str, member: str) -> None:
    assert (naming.variable(name), naming.type_name(name), naming.member(name)) == (variable, type_name, member)


@pytest.mark.parametrize(
    ("name", "apart"),
    [
        ("OneU8", "one_u_8"),
        ("one_u_8", "one_u_8"),
        ("player1Id", "player_1_id"),
        ("http2Server", "http_2_server"),
        ("Vec2D", "vec_2_d"),
        ("x", "x"),
        ("self1", "self_1"),
    ],
)
def test_digits_can_be_words_of_their_own(name: str, apart: str) -> None:
    assert naming.variable(name, digits_apart=True) == naming.parameter(name, digits_apart=True) == apart


def test_parameter_is_not_self() -> None:
    assert naming.parameter("self") == "self_"
    assert naming.parameter("class") == "class_"


def test_accessor_dodges_the_members_of_handles() -> None:
    assert naming.accessor(Identifier("count")) == "count_"
    assert naming.accessor(Identifier("class_")) == "class_"


@pytest.mark.parametrize(
    ("table", "name"),
    [
        ("player", "PlayerTable"),
        ("large_table", "LargeTable"),
        ("table", "Table"),
        ("largetable", "LargetableTable"),
        ("table_large", "TableLargeTable"),
        ("class_", "ClassTable"),
    ],
)
def test_classes_of_tables_end_in_table(table: str, name: str) -> None:
    assert naming.table_class(Identifier(table)) == name


def test_scopes_are_joined() -> None:
    assert naming.type_name("geo", "point2d") == "GeoPoint2d"
    assert naming.type_name("Activity", "2nd") == "Activity2nd"


@given(st.text())
def test_any_text_becomes_a_name(text: str) -> None:
    rules = (naming.variable, naming.parameter, naming.type_name, naming.member)
    for name in (rule(text) for rule in rules):
        assert name.isidentifier()
        assert not keyword.iskeyword(name)
        assert not name.startswith("_")


@given(st.text(), st.text())
def test_variables_never_hide_types(variable: str, type_name: str) -> None:
    assert naming.variable(variable) != naming.type_name(type_name)


@given(st.text(st.characters(codec="ascii")))
def test_names_stay_themselves(text: str) -> None:
    for rule in (naming.variable, naming.member):
        once = rule(text)
        assert rule(once) == once


@pytest.mark.parametrize("text", ["", "a b", "class", "1", "a'", "ﬁ", "a\n"])
def test_identifier_is_checked(text: str) -> None:
    with pytest.raises(ValueError, match="is not an identifier"):
        Identifier(text)


def test_collision_names_both_sides() -> None:
    with pytest.raises(NameCollisionError) as caught:
        check_distinct("tables", [("fooBar", "foo_bar"), ("x", "x"), ("foo_bar", "foo_bar")])
    assert (caught.value.first, caught.value.second) == ("fooBar", "foo_bar")
    assert str(caught.value) == (
        "tables: 'fooBar' and 'foo_bar' both become 'foo_bar'; "
        "give one of them another name, in the module or by a rename in the configuration"
    )
