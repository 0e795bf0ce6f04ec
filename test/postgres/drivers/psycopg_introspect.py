"""What psycopg 3 does by itself: connecting, its pool's check and reset, the search for types, and its ways to read rows."""

import psycopg
import psycopg_pool
from psycopg.types import TypeInfo
from psycopg.types.composite import CompositeInfo
from psycopg.types.enum import EnumInfo
from psycopg.types.multirange import MultirangeInfo
from psycopg.types.range import RangeInfo

check = psycopg_pool.ConnectionPool.check_connection
with psycopg_pool.ConnectionPool("", min_size=1, max_size=1, check=check, reset=lambda c: c.execute("DISCARD ALL") and c.commit(), kwargs={"autocommit": False}, open=True) as pool:
    for number in (1, 2):
        with pool.connection() as connection:
            print(connection.execute("SELECT name FROM customers WHERE id = %s", [number]).fetchall())
    with pool.connection() as connection:
        for kind, name in ((TypeInfo, "email"), (EnumInfo, "mood"), (CompositeInfo, "customers"), (RangeInfo, "int4range"), (MultirangeInfo, "int4multirange")):
            found = kind.fetch(connection, name)
            print(name, found and found.name)
    with pool.connection() as connection:
        connection.read_only = True
        connection.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
        connection.deferrable = True
        with connection.transaction(), connection.cursor("walk") as cursor:
            cursor.execute("SELECT id FROM orders ORDER BY id")
            print(cursor.fetchmany(3))
        with connection.cursor().copy("COPY (SELECT id, name FROM customers WHERE id < 4 ORDER BY id) TO STDOUT") as copy:
            print(list(copy.rows()))
        with psycopg.ClientCursor(connection) as cursor:
            print(cursor.execute("SELECT %s, %s::date", ["it's", "2026-01-01"]).fetchall())
        with connection.transaction():
            for number in range(7):
                connection.execute("SELECT %s::int", [number], prepare=True)
        connection.rollback()
        connection.read_only = None
        connection.isolation_level = None
        connection.deferrable = None
