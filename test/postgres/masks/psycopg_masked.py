"""Text and binary cursors, a server-side cursor, a pipeline and COPY row by row."""

import psycopg

with psycopg.connect(sslmode="disable", autocommit=True) as connection:
    for binary in (False, True):
        cursor = connection.cursor(binary=binary)
        print(cursor.execute("SELECT id, email, salary, born, tags, code, profile FROM typed WHERE id = %s", (1,)).fetchall())
    with connection.transaction(), connection.cursor("named", binary=True) as cursor:
        cursor.execute("SELECT email FROM typed ORDER BY id")
        print(cursor.fetchmany(1), cursor.fetchall())
    with connection.pipeline():
        cursors = [connection.execute("SELECT email FROM typed WHERE id = %s", (n,)) for n in (1, 2)]
    print([cursor.fetchall() for cursor in cursors])
    with connection.cursor().copy("COPY (SELECT id, email FROM typed ORDER BY id) TO STDOUT (FORMAT binary)") as copy:
        copy.set_types(["int4", "text"])
        print(list(copy.rows()))
    with connection.cursor().copy("COPY typed (id, email) TO STDOUT") as copy:
        print(list(copy.rows()))
