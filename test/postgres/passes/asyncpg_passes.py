import asyncio

import asyncpg


async def main():
    async with asyncpg.create_pool(min_size=1, max_size=1, ssl=False) as pool:
        await pool.fetch("SELECT * FROM customers WHERE id = $1", 1)
        async with pool.acquire() as connection:
            async with connection.transaction():
                await connection.fetch("SELECT name FROM customers LIMIT 1")
            await connection.set_type_codec("json", encoder=str, decoder=str, schema="pg_catalog")
    print("asyncpg", asyncpg.__version__)


asyncio.run(main())
