"""An agent with psycopg 3: does what each line of its input says, and says what came of it, in JSON."""

import json
import sys

import psycopg


def say(**said):
    print(json.dumps(said), flush=True)


def run(connection, asked):
    if asked["do"] == "execute":
        cursor = connection.execute(asked["text"], asked.get("values"))
        return [cursor.statusmessage]
    if asked["do"] == "pipeline":
        with connection.pipeline():
            cursors = [connection.execute(text, values) for text, values in asked["statements"]]
        return [cursor.statusmessage for cursor in cursors]
    if asked["do"] == "copy":
        with connection.cursor() as cursor:
            with cursor.copy(asked["text"]) as copy:
                for row in asked["rows"]:
                    copy.write_row(row)
            return [cursor.statusmessage]
    return [getattr(connection, asked["do"])()]


with psycopg.connect("", autocommit="autocommit" in sys.argv) as connection:
    connection.add_notice_handler(
        lambda notice: say(notice=notice.message_primary, detail=notice.message_detail, hint=notice.message_hint)
    )
    for line in sys.stdin:
        try:
            say(came=run(connection, json.loads(line)))
        except psycopg.Error as error:
            diag = error.diag
            say(error=error.sqlstate, message=diag.message_primary, detail=diag.message_detail, hint=diag.message_hint)
