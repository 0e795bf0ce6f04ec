"""What asyncpg does by itself: connecting, the reset of a pooled connection, and the introspection of every kind of type."""

import asyncio

import asyncpg


async def main():
    async with asyncpg.create_pool(min_size=1, max_size=2, ssl=False) as pool:
        print(await pool.fetch("SELECT name FROM customers WHERE id = $1", 1))
        async with pool.acquire() as connection:
            print(await connection.fetch("SELECT * FROM customers WHERE id < 3"))
            print(await connection.fetchval("SELECT $1::mood", "calm"))
            print(await connection.fetchval("SELECT $1::mood[]", ["calm", "busy"]))
            print(await connection.fetchval("SELECT c FROM customers c WHERE id = 1"))
            print(await connection.fetchval("SELECT ARRAY(SELECT c FROM customers c WHERE id < 3)"))
            print(await connection.fetchval("SELECT $1::int4range", asyncpg.Range(1, 5)))
            print(await connection.fetchval("SELECT '{[1,2)}'::int4multirange"))
            print(await connection.fetchval("SELECT '{\"a\": 1}'::jsonb"))
            await connection.set_type_codec("jsonb", encoder=str, decoder=str, schema="pg_catalog")
            async with connection.transaction(isolation="serializable", readonly=True, deferrable=True):
                async for row in connection.cursor("SELECT id FROM orders ORDER BY id LIMIT 5", prefetch=2):
                    print(row)
                async with connection.transaction():
                    print(await connection.fetchval("SELECT count(*) FROM orders"))
            statement = await connection.prepare("SELECT total FROM orders WHERE id = $1")
            print(await statement.fetchval(3), statement.get_parameters(), [a.name for a in statement.get_attributes()])
            print((await statement.explain(3))[0]["Plan"]["Node Type"])
            await connection.reload_schema_state()
            await connection.reset()
    async with asyncpg.create_pool(min_size=1, max_size=1, ssl=False, statement_cache_size=0) as pool:
        print(await pool.fetch("SELECT id FROM customers WHERE id = $1", 2))


asyncio.run(main())
