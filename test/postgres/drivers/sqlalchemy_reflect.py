"""The introspection passes of SQLAlchemy, over psycopg and over asyncpg, and a session of its ORM."""

import asyncio

from sqlalchemy import MetaData, create_engine, inspect, select, text
from sqlalchemy.ext.asyncio import create_async_engine

engine = create_engine("postgresql+psycopg://")
metadata = MetaData()
metadata.reflect(engine, views=True)
for table in metadata.sorted_tables:
    print(table.name, [(column.name, str(column.type)) for column in table.columns])
inspector = inspect(engine)
print(inspector.get_schema_names(), inspector.get_indexes("orders"), inspector.get_foreign_keys("orders"))
print(inspector.get_enums(), inspector.get_check_constraints("orders"), inspector.get_view_definition("totals"))
with engine.connect() as connection:
    customers = metadata.tables["customers"]
    print(connection.execute(select(customers.c.name).where(customers.c.id < 3).order_by(customers.c.id)).all())
    connection.rollback()
    print(connection.execution_options(stream_results=True).execute(text("SELECT g FROM generate_series(1, 2000) AS g")).fetchmany(3))
engine.dispose()


async def main():
    asynchronous = create_async_engine("postgresql+asyncpg://", connect_args={"ssl": False})
    async with asynchronous.connect() as connection:
        await connection.run_sync(lambda sync: MetaData().reflect(sync))
        print((await connection.execute(text("SELECT count(*) FROM customers"))).all())
    await asynchronous.dispose()


asyncio.run(main())
