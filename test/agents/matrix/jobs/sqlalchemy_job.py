"""A job with SQLAlchemy, over psycopg and over asyncpg. Prints what came of it, a line of JSON each."""

import asyncio
import json

from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

LOOK = text("SELECT id, name, email FROM customers ORDER BY id")


def say(**said):
    print(json.dumps(said), flush=True)


def code(error):
    return getattr(error.orig, "sqlstate", None)


def over_psycopg():
    engine = create_engine("postgresql+psycopg://", pool_pre_ping=True)
    with engine.begin() as connection:
        say(rows=[list(row) for row in connection.execute(LOOK)])
    try:
        with engine.begin() as connection:
            connection.execute(text("TRUNCATE order_history"))
            say(blocked="ran")
    except DBAPIError as error:
        say(blocked=code(error))
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO reports VALUES (:text)"), [{"text": "kept"}, {"text": "kept too"}])
        say(kept=[row.text for row in connection.execute(text("SELECT text FROM reports ORDER BY text"))])
    engine.dispose()


async def over_asyncpg():
    engine = create_async_engine("postgresql+asyncpg://")
    async with engine.begin() as connection:
        say(rows=[list(row) for row in await connection.execute(LOOK)])
    try:
        async with engine.begin() as connection:
            await connection.execute(text("TRUNCATE order_history"))
            say(blocked="ran")
    except DBAPIError as error:
        say(blocked=code(error))
    await engine.dispose()


over_psycopg()
asyncio.run(over_asyncpg())
