"""A job with asyncpg. Prints what came of it, a line of JSON each."""

import asyncio
import json

import asyncpg


def say(**said):
    print(json.dumps(said), flush=True)


async def main():
    pool = await asyncpg.create_pool(min_size=1, max_size=2)
    async with pool.acquire() as connection:
        say(rows=[list(row) for row in await connection.fetch("SELECT id, name, email FROM customers ORDER BY id")])
        say(named=await connection.fetchval("SELECT name FROM customers WHERE id = $1", 2))
        try:
            say(blocked=await connection.execute("TRUNCATE order_history"))
        except asyncpg.PostgresError as error:
            say(blocked=error.sqlstate, detail=error.detail, hint=error.hint)
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("INSERT INTO reports VALUES ($1)", "thrown away")
        await transaction.rollback()
        await connection.execute("INSERT INTO reports VALUES ($1)", "kept")
        say(kept=[row["text"] for row in await connection.fetch("SELECT text FROM reports")])
    await pool.close()


asyncio.run(main())
