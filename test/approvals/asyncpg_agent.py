"""An agent with asyncpg: does what each line of its input says, and says what came of it, in JSON."""

import asyncio
import json
import sys

import asyncpg


def say(**said):
    print(json.dumps(said), flush=True)


async def main():
    connection = await asyncpg.connect(ssl=False)
    connection.add_log_listener(lambda _, told: say(notice=told.message, detail=told.detail, hint=told.hint))
    transaction = None
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        asked = json.loads(line)
        try:
            if asked["do"] == "begin":
                transaction = connection.transaction()
                await transaction.start()
                say(came=["BEGIN"])
            elif asked["do"] in ("commit", "rollback"):
                await getattr(transaction, asked["do"])()
                say(came=[asked["do"]])
            else:
                say(came=[await connection.execute(asked["text"], *asked.get("values", []))])
        except asyncpg.PostgresError as error:
            say(error=error.sqlstate, message=error.message, detail=error.detail, hint=error.hint)
    await connection.close()


asyncio.run(main())
