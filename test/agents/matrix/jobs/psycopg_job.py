"""A job with psycopg 3. Prints what came of it, a line of JSON each."""

import json

import psycopg


def say(**said):
    print(json.dumps(said), flush=True)


with psycopg.connect(autocommit=True) as connection:
    say(rows=connection.execute("SELECT id, name, email FROM customers ORDER BY id").fetchall())
    for attempt in range(7):  # From the sixth on it is prepared.
        named = connection.execute("SELECT name FROM customers WHERE id = %s", [2]).fetchone()
    say(named=named)
    try:
        say(blocked=connection.execute("TRUNCATE order_history").statusmessage)
    except psycopg.Error as error:
        say(blocked=error.sqlstate, detail=error.diag.message_detail, hint=error.diag.message_hint)
    try:
        with connection.transaction():
            connection.execute("INSERT INTO reports VALUES (%s)", ["thrown away"])
            raise psycopg.Rollback()
    except psycopg.Rollback:
        pass
    connection.execute("INSERT INTO reports VALUES (%s)", ["kept"])
    with connection.cursor() as cursor, cursor.copy("COPY reports TO STDOUT") as copy:
        say(copied=[bytes(line).decode() for line in copy])
