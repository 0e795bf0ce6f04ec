"""Reads the only row of each table that is named, and says what asyncpg makes of it: always in binary, with the types looked up first."""

import asyncio
import json
import sys

import asyncpg


async def main():
    connection = await asyncpg.connect(host=None, ssl=False)
    for table in sys.argv[1:]:
        for row in await connection.fetch(f"SELECT * FROM {table}"):
            told = {name: value if value is None or isinstance(value, str) else str(value) for name, value in row.items()}
            print(json.dumps({"how": "binary", "table": table, "row": told}))
    await connection.close()


asyncio.run(main())
