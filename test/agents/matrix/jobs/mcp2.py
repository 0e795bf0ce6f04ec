"""Everything that jobs do with the MCP SDK 2.x for Python. Prints what came of it, a line of JSON each."""

import asyncio
import json
import os

import httpx2
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client


def say(**said):
    print(json.dumps(said, sort_keys=True), flush=True)


async def main():
    headers = {"Authorization": f"Bearer {os.environ['TICKETS_MCP_TOKEN']}"}
    async with httpx2.AsyncClient(headers=headers) as http:
        async with Client(streamable_http_client(os.environ["TICKETS_MCP_URL"], http_client=http)) as client:
            say(version=client.protocol_version)
            say(tools=[tool.name for tool in (await client.list_tools()).tools])
            for priority in ("high", "low"):
                ticket = {"title": "Charged twice", "customer": "Grace", "priority": priority}
                result = await client.call_tool("create_ticket", ticket)
                say(called=priority, error=result.is_error, text=[part.text for part in result.content])
            listed = await client.call_tool("list_tickets", {})
            say(listed=[part.text for part in listed.content])
            try:
                said = await client.call_tool("drop_everything", {})
                say(unknown=said.is_error)
            except MCPError as error:
                say(unknown=error.code)


asyncio.run(main())
