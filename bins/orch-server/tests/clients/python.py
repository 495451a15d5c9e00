# The official Python SDK as a client of the daemon: does everything once, and prints what came of it as JSON.
#   python python.py http|sse legacy|modern URL KEY PREFIX NOTES
# The server writes into the file NOTES what reaches it.
import json
import os
import sys

import anyio
import httpx2
import mcp_types as types
from mcp import Client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client

transport, era, url, key, prefix, notes = sys.argv[1:]
headers = {"authorization": f"Bearer {key}"}


async def elicit(_context, _params):
    return types.ElicitResult(action="accept", content={"response": "Ada"})


async def sample(_context, _params):
    content = types.TextContent(type="text", text="sampled")
    return types.CreateMessageResult(role="assistant", model="m", content=content)


async def roots(_context):
    return types.ListRootsResult(roots=[types.Root(uri="file:///r", name="r")])


async def give_up(scope):
    while not (os.path.exists(notes) and "sleeping" in open(notes).read()):
        await anyio.sleep(0.02)
    scope.cancel()


def text(result):
    return result.content[0].text


async def main():
    found = {}
    if transport == "sse":
        connection = sse_client(url, headers=headers)
    else:
        connection = streamable_http_client(url, http_client=httpx2.AsyncClient(headers=headers, timeout=60))
    mode = "2026-07-28" if era == "modern" else "legacy"
    async with Client(
        connection, mode=mode, elicitation_callback=elicit, sampling_callback=sample, list_roots_callback=roots
    ) as client:
        found["tools"] = [tool.name for tool in (await client.list_tools()).tools]
        found["echo"] = text(await client.call_tool(f"{prefix}test_echo", {"text": "héllo"}))
        resources = (await client.list_resources()).resources
        uri = next(str(one.uri) for one in resources if str(one.uri).endswith("static-text"))
        found["read"] = (await client.read_resource(uri)).contents[0].text
        found["elicited"] = text(await client.call_tool(f"{prefix}test_elicitation", {"message": "who?"}))
        found["sampled"] = text(await client.call_tool(f"{prefix}test_sampling", {"prompt": "say"}))
        progress = []

        async def note(done, _total, _message):
            progress.append(done)

        await client.call_tool(f"{prefix}test_tool_with_progress", {}, progress_callback=note)
        found["progress"] = progress
        async with anyio.create_task_group() as watching:
            with anyio.CancelScope() as scope:
                watching.start_soon(give_up, scope)
                await client.call_tool(f"{prefix}test_sleep", {"ms": 60000})
        found["cancelled"] = scope.cancelled_caught
        found["after"] = text(await client.call_tool(f"{prefix}test_echo", {"text": "still there"}))
    print(json.dumps(found))


anyio.run(main)
