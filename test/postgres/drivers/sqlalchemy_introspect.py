"""Everything that SQLAlchemy's inspector knows to ask, as Superset and Alembic ask it, over psycopg and over asyncpg."""

import asyncio

from sqlalchemy import MetaData, create_engine, inspect, text
from sqlalchemy.engine.reflection import ObjectKind, ObjectScope
from sqlalchemy.ext.asyncio import create_async_engine


def look(connection):
    inspector = inspect(connection)
    print(inspector.default_schema_name, inspector.get_schema_names())
    for schema in (None, "public"):
        print(inspector.get_table_names(schema), inspector.get_view_names(schema), inspector.get_materialized_view_names(schema))
        print(inspector.get_sequence_names(schema), inspector.get_temp_table_names(), inspector.get_temp_view_names())
        for get in ("columns", "pk_constraint", "foreign_keys", "unique_constraints", "indexes", "table_comment", "check_constraints", "table_options"):
            every = getattr(inspector, {"columns": "get_multi_columns"}.get(get, f"get_multi_{get}"))
            print(get, sorted(str(key) for key in every(schema=schema, kind=ObjectKind.ANY, scope=ObjectScope.ANY)))
    print(inspector.has_table("customers"), inspector.has_table("nobody"), inspector.has_sequence("orders_id_seq"))
    print(inspector.get_view_definition("totals"), inspector.get_enums(), inspector.get_domains())
    print(connection.dialect.server_version_info > (9,), connection.get_isolation_level() if hasattr(connection, "get_isolation_level") else "")
    metadata = MetaData()
    metadata.reflect(connection, views=True)
    print(sorted(metadata.tables))


engine = create_engine("postgresql+psycopg://", pool_pre_ping=True, isolation_level="REPEATABLE READ")
with engine.connect() as connection:
    look(connection)
with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
    print(connection.execute(text("SELECT name FROM customers WHERE id = :id"), {"id": 1}).all())
with engine.connect().execution_options(postgresql_readonly=True, postgresql_deferrable=True) as connection:
    print(connection.execute(text("SELECT count(*) FROM orders")).scalar())
engine.dispose()


async def main():
    asynchronous = create_async_engine("postgresql+asyncpg://", connect_args={"ssl": False}, pool_pre_ping=True)
    async with asynchronous.connect() as connection:
        await connection.run_sync(look)
    await asynchronous.dispose()


asyncio.run(main())
