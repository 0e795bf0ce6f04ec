"""An analyst who answers questions about a shop from its database and its cluster.

What it opens comes from the environment, as everywhere: PGHOST, PGDATABASE, … (libpq), KUBECONFIG (kubectl), OPENAI_BASE_URL and OPENAI_API_KEY.
"""

import argparse
import asyncio
import json
import os
import shlex
import subprocess
from typing import Annotated

import psycopg
from agent_framework import Agent
from agent_framework.openai import OpenAIChatClient

TASK = "How many orders does each customer have, and does the service run? Write the answer into the table reports."
INSTRUCTIONS = "You are the analyst of a shop. Use your tools, and answer in one sentence."


def query(sql: Annotated[str, "One SQL statement."]) -> str:
    """Runs one SQL statement in the database shop, and returns its rows as JSON."""
    try:
        with psycopg.connect() as connection:
            cursor = connection.execute(sql)
            if cursor.description is None:
                return cursor.statusmessage
            names = [column.name for column in cursor.description]
            return json.dumps([dict(zip(names, row)) for row in cursor.fetchall()], default=str)
    except psycopg.Error as error:
        return f"Error: {error}"


def kubectl(arguments: Annotated[str, "What follows kubectl on the command line."]) -> str:
    """Runs kubectl, and returns what it prints."""
    ran = subprocess.run(["kubectl", *shlex.split(arguments)], capture_output=True, text=True, timeout=60)
    return ran.stdout + ran.stderr


def lines(message):
    """What a message says, calls and returns: source, type and text each."""
    for content in message.contents:
        if content.type == "text":
            yield {"source": message.role, "type": "text", "text": content.text}
        elif content.type == "function_call":
            yield {"source": message.role, "type": "call", "text": f"{content.name}({content.arguments})"}
        elif content.type == "function_result":
            yield {"source": message.role, "type": "result", "text": str(content.result)}


async def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("task", nargs="?", default=TASK)
    options.add_argument("--transcript", help="a file for everything that is said, as a line of JSON each")
    asked = options.parse_args()
    client = OpenAIChatClient(model=os.environ.get("MODEL", "gpt-4o"))
    analyst = Agent(client=client, name="analyst", instructions=INSTRUCTIONS, tools=[query, kubectl])
    answer = await analyst.run(asked.task)
    said = [line for message in answer.messages for line in lines(message)]
    for line in said:
        print(f"{line['source']}: {line['text']}\n", flush=True)
    if asked.transcript:
        with open(asked.transcript, "w") as file:
            file.writelines(f"{json.dumps(line)}\n" for line in said)


if __name__ == "__main__":
    asyncio.run(main())
