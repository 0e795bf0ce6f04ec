"""Everything that jobs do with OpenAI's client for Python; 2.x and 3.x alike. Prints what came of it, a line of JSON each."""

import json

import openai


def say(**said):
    print(json.dumps(said, sort_keys=True), flush=True)


def user(text):
    return [{"role": "user", "content": text}]


TOOL = {"type": "function", "function": {"name": "query", "parameters": {"type": "object", "properties": {"sql": {"type": "string"}}}}}

with openai.OpenAI() as client:
    chat = client.chat.completions
    answer = chat.create(model="gpt-4o", messages=user("hello"))
    say(chat=answer.choices[0].message.content, tokens=answer.usage.total_tokens)

    pieces, tokens = [], None
    for chunk in chat.create(model="gpt-4o", messages=user("hello"), stream=True, stream_options={"include_usage": True}):
        pieces += [choice.delta.content for choice in chunk.choices if choice.delta.content]
        tokens = chunk.usage.total_tokens if chunk.usage else tokens
    say(stream=pieces, tokens=tokens)
    say(unasked=[chunk.usage for chunk in chat.create(model="gpt-4o", messages=user("hello"), stream=True)])

    called = chat.create(model="gpt-4o", messages=user("call"), tools=[TOOL]).choices[0]
    say(calls=[call.function.arguments for call in called.message.tool_calls], reason=called.finish_reason)
    with chat.stream(model="gpt-4o", messages=user("call"), tools=[TOOL]) as stream:
        streamed = stream.get_final_completion().choices[0].message
    say(streamed_calls=[call.function.arguments for call in streamed.tool_calls])

    vectors = client.embeddings.create(model="text-embedding-3-small", input=["one", "two"]).data
    say(embeddings=[[round(value, 3) for value in vector.embedding] for vector in vectors])

    response = client.responses.create(model="gpt-4o", instructions="Be brief.", input="hello")
    say(response=response.output_text, tokens=response.usage.total_tokens)
    with client.responses.stream(model="gpt-4o", input="call", tools=[{"name": "query", "strict": False, **TOOL["function"], "type": "function"}]) as stream:
        final = stream.get_final_response()
    say(response_calls=[item.arguments for item in final.output if item.type == "function_call"])
    say(models=[model.id for model in client.models.list()])

    say(retried=chat.create(model="gpt-4o", messages=user("later")).choices[0].message.content)
    try:
        chat.create(model="gpt-4o", messages=user("wrong"))
    except openai.APIStatusError as error:
        say(error=type(error).__name__, status=error.status_code, message=error.body["message"])

    stream = chat.create(model="gpt-4o", messages=user("long"), stream=True)
    next(iter(stream))
    stream.close()
    say(left=True)

    try:
        chat.create(model="gpt-secret", messages=user("hello"))
        say(secret="answered")
    except openai.PermissionDeniedError as error:
        say(secret="denied", code=error.code, message=error.body["message"])
