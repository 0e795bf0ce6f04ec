"""psycopg 3 on asyncio: a pool, a pipeline, COPY, a cancelled task."""

import asyncio

import psycopg
from psycopg_pool import AsyncConnectionPool


async def main():
    async with AsyncConnectionPool("", min_size=1, max_size=1, open=False, kwargs={"autocommit": True}) as pool:
        for customer in (1, 2, 3):
            async with pool.connection() as connection:
                cursor = await connection.execute("SELECT name, tags FROM customers WHERE id = %s", [customer])
                print(await cursor.fetchall())
        async with pool.connection() as connection:
            async with connection.pipeline():
                cursors = [await connection.execute("SELECT %s::text", [str(n)]) for n in range(30)]
            print("pipeline", [(await cursor.fetchone())[0] for cursor in cursors][-1])
            async with connection.transaction(), connection.cursor() as cursor:
                async with cursor.copy("COPY staging.lines FROM STDIN (FORMAT binary)") as copy:
                    copy.set_types(["int4", "text"])
                    for n in range(100):
                        await copy.write_row((n, "binary"))
                async with cursor.copy("COPY staging.lines TO STDOUT") as copy:
                    print("rows out", len([row async for row in copy.rows()]))
            try:
                await asyncio.wait_for(connection.execute("SELECT pg_sleep(30)"), 0.3)
            except (asyncio.TimeoutError, psycopg.errors.QueryCanceled) as error:
                print("cancelled", type(error).__name__)
            cursor = await connection.execute("SELECT 'after the cancel'")
            print(await cursor.fetchone())


asyncio.run(main())
