"""Everything that jobs do with the MCP SDK 1.x for Python. Prints what came of it, a line of JSON each."""

import asyncio
import json
import os

import httpx
from mcp import ClientSession, McpError
from mcp.client.streamable_http import streamable_http_client


def say(**said):
    print(json.dumps(said, sort_keys=True), flush=True)


async def main():
    headers = {"Authorization": f"Bearer {os.environ['TICKETS_MCP_TOKEN']}"}
    async with httpx.AsyncClient(headers=headers) as http:
        async with streamable_http_client(os.environ["TICKETS_MCP_URL"], http_client=http) as (read, write, *_):
            async with ClientSession(read, write) as session:
                version = (await session.initialize()).protocolVersion
                say(version=version)
                say(tools=[tool.name for tool in (await session.list_tools()).tools])
                await session.send_ping()
                for priority in ("high", "low"):
                    ticket = {"title": "Charged twice", "customer": "Grace", "priority": priority}
                    result = await session.call_tool("create_ticket", ticket)
                    say(called=priority, error=result.isError, text=[part.text for part in result.content])
                listed = await session.call_tool("list_tickets", {})
                say(listed=[part.text for part in listed.content])
                try:
                    said = await session.call_tool("drop_everything", {})
                    say(unknown=said.isError)
                except McpError as error:
                    say(unknown=error.error.code)


asyncio.run(main())
