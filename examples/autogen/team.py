"""A team for duplicate orders: a DBA with the database, an SRE with a shell, and somebody who keeps the tickets.

What it opens comes from the environment, as everywhere: PGHOST, PGDATABASE, … (libpq), KUBECONFIG (kubectl), OPENAI_BASE_URL and OPENAI_API_KEY
(the openai package), TICKETS_MCP_URL and TICKETS_MCP_TOKEN (an MCP server, where there is one). Traces go where OTEL_EXPORTER_OTLP_ENDPOINT says.
"""

import argparse
import asyncio
import json
import os
import tempfile

import psycopg
from autogen_agentchat.agents import AssistantAgent, CodeExecutorAgent
from autogen_agentchat.base import TaskResult
from autogen_agentchat.conditions import MaxMessageTermination, TextMentionTermination
from autogen_agentchat.teams import SelectorGroupChat
from autogen_ext.code_executors.local import LocalCommandLineCodeExecutor
from autogen_ext.models.openai import OpenAIChatCompletionClient
from autogen_ext.tools.mcp import McpWorkbench, StreamableHttpServerParams
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

TASK = "Customers say that they are charged twice. Find the duplicate order, remove it, restart the service and file a ticket."

DBA = "You are the DBA. Use your tool to look at and correct the database shop. Say @sre when the shell is needed."
SRE = "You are the SRE. Write sh code blocks with psql and kubectl; runner runs them. Say @support when a ticket is needed."
SUPPORT = "You keep the tickets. Use your tools. Say DONE when everything is filed."


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


def next_speaker(messages):
    """Whoever is called; the runner after code, and the SRE after the runner."""
    last = messages[-1]
    text = last.to_text()
    if last.source == "runner":
        return "sre"
    if last.source == "sre" and "```" in text:
        return "runner"
    for name in ("sre", "support"):
        if f"@{name}" in text:
            return name
    return "dba" if last.source == "user" else last.source


def tickets():
    headers = {"Authorization": f"Bearer {os.environ['TICKETS_MCP_TOKEN']}"}
    return McpWorkbench(StreamableHttpServerParams(url=os.environ["TICKETS_MCP_URL"], headers=headers))


def send_traces():
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


async def team(model, executor):
    members = [
        AssistantAgent("dba", model, tools=[query], system_message=DBA, max_tool_iterations=8),
        AssistantAgent("sre", model, system_message=SRE),
        CodeExecutorAgent("runner", executor, sources=["sre"]),
    ]
    if "TICKETS_MCP_URL" in os.environ:
        members.append(AssistantAgent("support", model, workbench=tickets(), system_message=SUPPORT, max_tool_iterations=4))
    end = TextMentionTermination("DONE") | MaxMessageTermination(60)
    return SelectorGroupChat(members, model, termination_condition=end, selector_func=next_speaker)


async def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("task", nargs="?", default=TASK)
    options.add_argument("--transcript", help="a file for every message, as a line of JSON each")
    asked = options.parse_args()
    if "OTEL_EXPORTER_OTLP_ENDPOINT" in os.environ:
        send_traces()
    model = OpenAIChatCompletionClient(model=os.environ.get("MODEL", "gpt-4o"))
    with tempfile.TemporaryDirectory() as folder:
        async with LocalCommandLineCodeExecutor(timeout=60, work_dir=folder) as executor:
            said = []
            async for message in (await team(model, executor)).run_stream(task=asked.task):
                if isinstance(message, TaskResult):
                    print(f"-- {message.stop_reason}")
                    continue
                said.append({"source": message.source, "type": message.type, "text": message.to_text()})
                print(f"{message.source}: {message.to_text()}\n", flush=True)
    if asked.transcript:
        with open(asked.transcript, "w") as file:
            file.writelines(f"{json.dumps(line)}\n" for line in said)
    await model.close()


if __name__ == "__main__":
    asyncio.run(main())
