"""Table `bulk` of the probe's module, with the indexes that are measured.

The module declares a primary key and no other index, so the table is declared here once more. An index is kept from its
first use on: a case that uses none pays for none.
"""

from __future__ import annotations

import stdb_runtime.bindings as stdb
from tests.golden.probe.client import Bulk, Reducers

__all__ = ["Bulk", "BulkTable", "Reducers", "Tables", "bindings"]


class BulkTable(stdb.KeyedTable[Bulk], row=Bulk, name="bulk", primary_key="id"):
    """Table `bulk`. Reducer `fill` makes all names and all values of `x` different."""

    id = stdb.Unique[Bulk, stdb.U64]("id")
    name = stdb.Unique[Bulk, str]("name")
    x = stdb.BTree[Bulk, stdb.F64]("x")
    tag = stdb.BTree[Bulk, stdb.U32]("tag")


class Tables(stdb.TableSet):
    """The one table that is measured."""

    bulk: BulkTable


class Client(stdb.Client[Tables, Reducers, stdb.ProcedureSet]):
    """Client of the module, with that table."""


bindings = stdb.Bindings(
    version=stdb.VERSION, schema_hash="", client=Client, tables=Tables, reducers=Reducers, procedures=stdb.ProcedureSet
)
