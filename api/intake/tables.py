"""All sheets, and what marks the rows and sheets that are for people only."""

from __future__ import annotations

from collections.abc import Mapping

from api.intake.columns import SheetTable
from api.intake.register_columns import CHARGE_GROUPS, DRIVERS, SITES, UNITS, VEHICLES
from api.intake.request_columns import REQUESTS, STOPS

#: In the order in which they refer to each other, which is also that of the template.
TABLES: tuple[SheetTable, ...] = (UNITS, SITES, CHARGE_GROUPS, VEHICLES, DRIVERS, REQUESTS, STOPS)
BY_KIND: Mapping[str, SheetTable] = {table.kind: table for table in TABLES}
#: An id that begins so marks the template's example rows, which are left out.
EXAMPLE_PREFIXES = ("示例-", "EXAMPLE-")
NOTES_SHEETS = ("填写说明", "说明", "notes", "readme", "instructions", "可选值", "lists")
