"""Any schema of the format that servers speak: what is well-formed, what is not, and what no module would ever have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from tests.codegen import schemas
from tests.codegen.schemas import Json

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

PRIMITIVES = (
    *("Bool", "String", "F32", "F64", "I8", "I16", "I32", "I64", "I128", "I256"),
    *("U8", "U16", "U32", "U64", "U128", "U256"),
)
ODD_NAMES = (
    *(
        "class",
        "None",
        "self",
        "stdb",
        "types",
        "int",
        "tuple",
        "str",
        "value",
        "variant",
        "on_x",
        "x",
        "X",
        "_x",
        "x_",
    ),
    *(
        "Client",
        "Tables",
        "Reducers",
        "Procedures",
        "connect",
        "where",
        "count",
        "by_x_y",
        "Columns",
        "Table",
        "__init__",
    ),
    *(
        '"""',
        "'",
        "\\",
        "\n",
        "a b",
        "\u202eabc",
        "größe",
        "表",
        "2nd",
        "",
        "n",
        "x" * 300,
        "word_" * 12,
        "Letters" * 12,
        "__class__",
        "_",
        "mro",
    ),
    *("createPlayer", "HTTPServer", "aB", "a_b", "name", "rename", "frozen", "tag", "row", "gc"),
)
names: SearchStrategy[str] = st.one_of(
    st.from_regex(r"[a-z]{1,3}(_[a-z]{1,2})?", fullmatch=True), st.sampled_from(ODD_NAMES), st.text(max_size=8)
)
# Names that differ also when they are Python names, so that most modules have packages.
tidy_names: SearchStrategy[list[str]] = st.lists(
    st.sampled_from(
        ["id", "class", "self", "stdb", "types", "str", "value", "variant", "count", "wo_rt", "Ab", "größe"]
    ),
    unique=True,
    max_size=5,
)


def types(refs: int) -> SearchStrategy[Json]:
    """A type where it is used, with references to types below a number."""
    special = (schemas.IDENTITY, schemas.CONNECTION_ID, schemas.TIMESTAMP, schemas.TIME_DURATION, schemas.UUID)
    plain = [schemas.simple(name) for name in PRIMITIVES]
    leaves: SearchStrategy[Json] = st.sampled_from([*plain, *special, schemas.SCHEDULE_AT, schemas.UNIT])
    if refs:
        leaves |= st.integers(0, refs - 1).map(schemas.ref)
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            inner.map(schemas.array), inner.map(schemas.option), st.builds(schemas.result, inner, inner)
        ),
        max_leaves=4,
    )


@st.composite
def elements(draw: DrawFn, refs: int, tidy: bool, least: int = 0) -> list[tuple[str, Json]]:
    """Fields, variants or parameters."""
    found = draw(tidy_names if tidy else st.lists(names, max_size=5))
    return [(name, draw(types(refs))) for name in found[:5] or ["x"] * least]


@st.composite
def tables(draw: DrawFn, name: str, row: int, width: int) -> Json:
    """A table of so many columns."""
    column = st.integers(0, max(width - 1, 0))
    columns = st.lists(column, min_size=1, max_size=3, unique=True)
    indexes: list[Json] = []
    for kind in draw(st.lists(st.sampled_from(["BTree", "BTree", "Hash", "Direct"]), max_size=2 if width else 0)):
        algorithm: Json = {kind: draw(column if kind == "Direct" else columns)}
        indexes.append(schemas.indexed(algorithm, draw(st.none() | names)))
    return schemas.table(
        name,
        row,
        key=draw(st.none() | column) if width else None,
        unique=draw(st.lists(columns, max_size=2)) if width else [],
        indexes=indexes,
        access=draw(st.sampled_from(["Public", "Public", "Private"])),
        schedule=draw(st.none() | names),
        auto_inc=draw(st.lists(column, max_size=1)) if width else [],
    )


@st.composite
def modules(draw: DrawFn) -> Json:
    """A module, of either version; most are such as servers have."""
    tidy = draw(st.sampled_from([True, True, True, False]))
    count = draw(st.integers(0, 5))
    # One type more than there are, in a module that is not tidy.
    refs = count if tidy else count + 1
    scoped = names | st.tuples(names, names).map(".".join)
    labels = draw(st.lists(scoped, min_size=count, max_size=count, unique=True))
    if tidy:
        labels = [f"T{number}{label}" for number, label in enumerate(labels)]
    defined: dict[str, Json] = {}
    for number, label in enumerate(labels):
        # A struct has only earlier types by value, so that most are finite.
        match draw(st.sampled_from(["product", "product", "sum", "enumeration", "other"])):
            case "product":
                defined[label] = schemas.product(*draw(elements(number if tidy else refs, tidy)))
            case "sum":
                defined[label] = schemas.sum_(("first", schemas.UNIT), *draw(elements(refs, tidy)))
            case "enumeration":
                found = draw(tidy_names if tidy else st.lists(names, max_size=4))
                defined[label] = schemas.sum_(*((name, schemas.UNIT) for name in found or ["only"]))
            case _:
                defined[label] = draw(types(number if tidy else refs))
    widths = {
        number: len(type_["Product"]["elements"]) for number, type_ in enumerate(defined.values()) if "Product" in type_
    }
    rows = st.sampled_from(sorted(widths) or [0]) if tidy else st.integers(0, count)
    own = st.lists(
        st.sampled_from(["a", "B", "class", "stdb", "on", "types", "int", "größe", "2x"]), unique=True, max_size=4
    )
    function_names = own if tidy else st.lists(names, max_size=4)
    raw = schemas.module(
        defined,
        [
            draw(tables(name, row, widths.get(row, 0) if tidy else 4))
            for name, row in zip(draw(function_names), draw(st.lists(rows, max_size=3)), strict=False)
            if widths or not tidy
        ],
        [
            schemas.reducer(
                name, *draw(elements(refs, tidy)), lifecycle=draw(st.sampled_from([None, None, "Init", "OnConnect"]))
            )
            for name in draw(function_names)
        ],
        [
            *(schemas.procedure(name, draw(types(refs)), *draw(elements(refs, tidy))) for name in draw(function_names)),
            *(
                schemas.view(f"view_{name}", schemas.array(schemas.ref(draw(rows))))
                for name in draw(function_names)[:2]
                if widths or not tidy
            ),
        ],
    )
    if not draw(st.booleans()):
        return raw
    sections: dict[str, Any] = {"Magic": []} if draw(st.booleans()) else {}
    made = schemas.version_10(raw, **sections)
    for section in made["sections"]:
        for found_table in section.get("Tables", ()):
            found_table["is_event"] = draw(st.booleans())
    return made
