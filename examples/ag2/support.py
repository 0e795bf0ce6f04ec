"""Somebody in support, who looks into the database and works with tickets over MCP.

What it opens comes from the environment, as everywhere: PGHOST, PGDATABASE, … (libpq), OPENAI_BASE_URL and OPENAI_API_KEY, TICKETS_MCP_URL and
TICKETS_MCP_TOKEN.
"""

import argparse
import asyncio
import json
import os

import psycopg
from ag2 import Agent
from ag2.config import OpenAIConfig
from ag2.events import ModelResponse, ToolResultsEvent
from ag2.tools import tool
from ag2.tools.toolkits.mcp_server import MCPServerConfig, MCPToolkit

TASK = "Is there anything in the open tickets that the orders explain? Answer the customer."
PROMPT = "You are in support of a shop. Use your tools, and answer in one sentence."


@tool
def query(sql: str) -> str:
    """Runs one SQL statement in the database shop, and returns its rows as JSON."""
    try:
        with psycopg.connect(autocommit=True) as connection:
            cursor = connection.execute(sql)
            if cursor.description is None:
                return cursor.statusmessage
            names = [column.name for column in cursor.description]
            return json.dumps([dict(zip(names, row)) for row in cursor.fetchall()], default=str)
    except psycopg.Error as error:
        return f"Error: {error}"


def tickets():
    url, token = os.environ["TICKETS_MCP_URL"], os.environ["TICKETS_MCP_TOKEN"]
    return MCPToolkit(MCPServerConfig(server_url=url, authorization_token=token, protocol_mode="auto"))


def lines(event):
    """What an event says, calls and returns: source, type and text each."""
    if isinstance(event, ModelResponse):
        if event.content:
            yield {"source": "support", "type": "text", "text": event.content}
        for call in event.tool_calls.calls:
            yield {"source": "support", "type": "call", "text": f"{call.name}({call.arguments})"}
    elif isinstance(event, ToolResultsEvent):
        for result in event.results:
            text = "".join(part.content for part in result.result.parts)
            yield {"source": "tool", "type": "result", "text": text}


async def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("task", nargs="?", default=TASK)
    options.add_argument("--transcript", help="a file for everything that is said, as a line of JSON each")
    asked = options.parse_args()
    config = OpenAIConfig(model=os.environ.get("MODEL", "gpt-4o"), streaming=True)
    support = Agent("support", prompt=PROMPT, config=config, tools=[query, tickets()])
    reply = await support.ask(asked.task)
    said = [line for event in await reply.history.get_events() for line in lines(event)]
    for line in said:
        print(f"{line['source']}: {line['text']}\n", flush=True)
    if asked.transcript:
        with open(asked.transcript, "w") as file:
            file.writelines(f"{json.dumps(line)}\n" for line in said)


if __name__ == "__main__":
    asyncio.run(main())
