"""What asyncpg does that libpq does not: Flush without Sync, binary everything, introspection of types, its reset query."""

import asyncio

import asyncpg


async def show(connection, query, *parameters):
    try:
        print([dict(row) for row in await connection.fetch(query, *parameters)])
    except asyncpg.PostgresError as error:
        print("error", error.sqlstate, error)


async def main():
    connection = await asyncpg.connect(ssl=False)
    connection.add_log_listener(lambda _, message: print("notice", message.message))
    await show(connection, "SELECT pg_backend_pid() = $1 AS same", connection.get_server_pid())
    await show(connection, "SELECT * FROM customers WHERE id = $1", 3)  # introspects the enum and the domain
    await show(connection, "SELECT $1::int[] AS list, $2::jsonb AS document", [1, None], '{"a": 1}')
    await show(connection, "SELECT 1/0")
    await show(connection, "SELECT warn('from asyncpg')")
    print(await connection.execute("CREATE TEMP TABLE t (a int); INSERT INTO t VALUES (1); SELECT * FROM t"))
    statement = await connection.prepare("SELECT name FROM customers WHERE id = $1")
    print([await statement.fetchval(n) for n in (1, 2, 3)], statement.get_attributes()[0].name)
    await connection.executemany("INSERT INTO t VALUES ($1)", [(n,) for n in range(200)])
    async with connection.transaction():
        cursor = await connection.cursor("SELECT id FROM customers ORDER BY id")
        print(await cursor.fetch(5), await cursor.forward(10), await cursor.fetchrow())
        print(sum([row["id"] async for row in connection.cursor("SELECT id FROM customers ORDER BY id", prefetch=7)]))
    try:
        async with connection.transaction():
            await connection.execute("INSERT INTO customers (name, email) VALUES ('a', 'c1@example.org')")
    except asyncpg.UniqueViolationError as error:
        print("unique", error.constraint_name)
    print(await connection.copy_records_to_table("lines", schema_name="staging", records=[(n, "r") for n in range(300)]))
    out = bytearray()

    async def write(data):
        out.extend(data)

    print(await connection.copy_from_query("SELECT n FROM staging.lines ORDER BY n LIMIT 10", output=write, format="csv"), len(out))
    heard = asyncio.Event()
    await connection.add_listener("news", lambda *event: (print("notification", event[2], event[3]), heard.set()))
    await connection.execute("NOTIFY news, 'hello'")
    await asyncio.wait_for(heard.wait(), 2)
    try:
        await connection.fetch("SELECT pg_sleep(30)", timeout=0.3)
    except asyncio.TimeoutError:
        print("timed out")
    await show(connection, "SELECT 'after the cancel' AS still")
    print(len(await connection.fetch("SELECT g, repeat('x', 100) FROM generate_series(1, 20000) AS g")))
    await connection.close()

    async with asyncpg.create_pool(min_size=1, max_size=1, ssl=False) as pool:
        for n in (1, 2):
            print(await pool.fetchval("SELECT name FROM customers WHERE id = $1", n))


asyncio.run(main())
