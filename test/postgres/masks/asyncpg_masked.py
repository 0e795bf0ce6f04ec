"""Everything in the binary format, decoded by type: a masked value must be one of its column's."""

import asyncio
import io

import asyncpg


async def main():
    connection = await asyncpg.connect(ssl=False)
    print(dict(await connection.fetchrow("SELECT * FROM typed WHERE id = $1", 1)))
    statement = await connection.prepare("SELECT email, id FROM typed ORDER BY id")
    print([tuple(row) for row in await statement.fetch()])
    async with connection.transaction():
        print([tuple(row) async for row in connection.cursor("SELECT id, email FROM typed ORDER BY id", prefetch=1)])
    copied = io.BytesIO()
    await connection.copy_from_query("SELECT id, email FROM typed ORDER BY id", output=copied, format="csv")
    print(copied.getvalue())
    try:
        await connection.execute("INSERT INTO typed (id) VALUES (1)")
    except asyncpg.PostgresError as error:
        print(error.sqlstate, error.detail)
    await connection.close()


asyncio.run(main())
