"""Reads the only row of each table that is named, in text and in binary, and says what psycopg makes of it; then by COPY."""

import json
import sys

import psycopg
from psycopg.rows import dict_row


def told(row):
    """Of a type that it was not told of, psycopg makes bytes in binary."""
    texts = {name: value.decode() if isinstance(value, bytes) else value for name, value in row.items()}
    return {name: value if value is None or isinstance(value, (str, dict)) else str(value) for name, value in texts.items()}


with psycopg.connect("", autocommit=True) as connection:
    for table in sys.argv[1:]:
        for how in ("text", "binary"):
            cursor = connection.cursor(binary=how == "binary", row_factory=dict_row)
            for row in cursor.execute(f"SELECT * FROM {table}"):
                print(json.dumps({"how": how, "table": table, "row": told(row)}))
            names = [column.name for column in cursor.description]
            types = [column.type_code for column in cursor.description]
            with connection.cursor().copy(f"COPY {table} TO STDOUT (FORMAT {how})") as copy:
                copy.set_types(types)
                for row in copy.rows():
                    print(json.dumps({"how": f"COPY {how}", "table": table, "row": told(dict(zip(names, row)))}))
