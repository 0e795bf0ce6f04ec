"""What a Python job does with psycopg 3: plain, prepared and pipelined statements, COPY both ways, a server-side
cursor, notices, notifications, a cancel. Where the server is stands in libpq's environment variables."""

import threading
import time

import psycopg
from psycopg.types.json import Jsonb


def show(connection, query, parameters=None, **options):
    try:
        cursor = connection.execute(query, parameters, **options)
        print(cursor.statusmessage, cursor.fetchall() if cursor.description else "")
    except psycopg.Error as error:
        print("error", error.sqlstate, error.diag.message_primary, error.diag.message_detail)


with psycopg.connect("", autocommit=True) as connection:
    connection.add_notice_handler(lambda notice: print("notice", notice.message_primary))
    show(connection, "SELECT pg_backend_pid() = %s AS same", [connection.info.backend_pid])
    show(connection, "SELECT 1; SELECT 2")
    show(connection, "SELECT * FROM customers WHERE id = %s", [3])
    show(connection, "SELECT * FROM customers WHERE id = %s", [4], binary=True)
    for state in ("calm", "busy", "calm"):
        show(connection, "SELECT count(*) FROM customers WHERE state = %s", [state], prepare=True)
    show(connection, "SELECT %s::int[], %s, %s::bytea", [[1, 2], Jsonb({"a": 1}), b"\x00\xff"])
    show(connection, "SELECT 1/0")
    show(connection, "SELEC")
    show(connection, "SELECT warn('from psycopg')")

    with connection.transaction(force_rollback=True):
        show(connection, "INSERT INTO customers (name, email) VALUES ('x', 'x@example.org') RETURNING id")
        try:
            with connection.transaction():
                connection.execute("INSERT INTO customers (name, email) VALUES ('y', 'x@example.org')")
        except psycopg.errors.UniqueViolation as error:
            print("inner", error.sqlstate)
        show(connection, "SELECT count(*) FROM customers")

    with connection.transaction(), connection.cursor() as cursor:
        with cursor.copy("COPY staging.lines (n, t) FROM STDIN") as copy:
            for n in range(500):
                copy.write_row((n, f"line {n}"))
        with cursor.copy("COPY (SELECT n, t FROM staging.lines ORDER BY n LIMIT 20) TO STDOUT (FORMAT binary)") as copy:
            print("copied out", sum(len(block) for block in copy))
        try:
            with connection.transaction(), cursor.copy("COPY staging.lines (n, t) FROM STDIN") as copy:
                copy.write("not a number\tx\n")
        except psycopg.Error as error:
            print("copy failed", error.sqlstate)
        try:
            with connection.transaction(), cursor.copy("COPY staging.lines (n, t) FROM STDIN") as copy:
                raise ValueError("the client gave up")
        except ValueError as error:
            print(error)

    with connection.transaction(), connection.cursor("walk") as cursor:
        cursor.execute("SELECT id, name FROM customers ORDER BY id")
        print("server-side", cursor.fetchmany(3), cursor.fetchone())
        cursor.scroll(5)
        print(cursor.fetchone())

    with connection.pipeline() as pipeline:
        cursors = [connection.execute("SELECT %s::int", [n]) for n in range(50)]
        pipeline.sync()
        print("pipeline", sum(cursor.fetchone()[0] for cursor in cursors))
    try:
        with connection.pipeline():
            for query in ("SELECT 1", "SELECT 1/0", "SELECT 'skipped'"):
                connection.execute(query)
    except psycopg.Error as error:
        print("pipeline error", error.sqlstate)
    show(connection, "SELECT 'after the pipeline'")

    connection.execute("LISTEN news")
    connection.execute("NOTIFY news, 'hello'")
    for notification in connection.notifies(timeout=2, stop_after=1):
        print("notification", notification.channel, notification.payload)

    rows = connection.execute("SELECT g, repeat('x', 100) FROM generate_series(1, 20000) AS g").fetchall()
    print("rows", len(rows))
    with connection.cursor() as cursor:
        print("streamed", sum(1 for _ in cursor.stream("SELECT g FROM generate_series(1, 200) AS g")))

    threading.Thread(target=lambda: (time.sleep(0.3), connection.cancel_safe()), daemon=True).start()
    show(connection, "SELECT pg_sleep(30)")
    show(connection, "SELECT 'after the cancel'")
