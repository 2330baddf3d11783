"""One chat completion of a server with the OpenAI API, whole or streamed, with its timings. Standard library only."""

import json
import os
import time
import urllib.error
import urllib.request

# No proxy: the server is on the cluster's own network.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class ChatError(Exception):
    """No proper answer; the text says why."""


def open_url(url, body, seconds):
    """The open answer. The API key comes from MUSTER_API_KEY."""
    headers = {"Content-Type": "application/json"}
    key = os.environ.get("MUSTER_API_KEY")
    if key:
        headers["Authorization"] = f"Bearer {key}"
    data = None if body is None else json.dumps(body).encode()
    return OPENER.open(urllib.request.Request(url, data, headers), timeout=max(0.1, seconds))


def call(url, body, seconds):
    """The JSON answer."""
    with open_url(url, body, seconds) as answer:
        return json.loads(answer.read().decode())


def complete(base, request, deadline):
    """{model, message, finishReason, usage, seconds, firstTokenSeconds or None} of the request."""
    url = f"{base}/v1/chat/completions"
    began = time.monotonic()
    try:
        if request.get("stream"):
            with open_url(url, request, deadline - began) as answer:
                return streamed(answer, began, deadline)
        return whole(call(url, request, deadline - began), began)
    except urllib.error.HTTPError as error:
        raise ChatError(f"POST /v1/chat/completions: {error.code}: {error.read().decode(errors='replace')[:500]}")
    except (OSError, ValueError) as error:
        raise ChatError(f"POST /v1/chat/completions: {error}")


def whole(answer, began):
    choice = (answer.get("choices") or [{}])[0]
    message = choice.get("message") or {}
    return {
        "model": answer.get("model"),
        "content": message.get("content") or "",
        # vLLM calls it reasoning_content, from 0.12 on reasoning.
        "reasoning": message.get("reasoning_content") or message.get("reasoning") or "",
        "toolCalls": message.get("tool_calls") or [],
        "finishReason": choice.get("finish_reason"),
        "usage": answer.get("usage") or {},
        "firstTokenSeconds": None,
        "seconds": time.monotonic() - began,
    }


def streamed(answer, began, deadline):
    """Server-sent events put together. A stream that ends before [DONE] has broken off."""
    made = whole({}, began)
    calls = {}
    for event in events(answer, deadline):
        if event.get("error") or event.get("object") == "error":
            raise ChatError(f"the stream told an error: {json.dumps(event, ensure_ascii=False)[:500]}")
        made["model"] = event.get("model") or made["model"]
        made["usage"] = event.get("usage") or made["usage"]
        for choice in event.get("choices") or []:
            delta = choice.get("delta") or {}
            made["finishReason"] = choice.get("finish_reason") or made["finishReason"]
            pieces = {"content": delta.get("content"), "reasoning": delta.get("reasoning_content") or delta.get("reasoning")}
            for name, piece in pieces.items():
                made[name] += piece or ""
            for place, piece in enumerate(delta.get("tool_calls") or []):
                join(calls, place, piece)
            if made["firstTokenSeconds"] is None and (any(pieces.values()) or delta.get("tool_calls")):
                made["firstTokenSeconds"] = time.monotonic() - began
    made["toolCalls"] = [calls[index] for index in sorted(calls)]
    made["seconds"] = time.monotonic() - began
    return made


def events(answer, deadline):
    """The JSON of each event until [DONE]."""
    for raw in answer:
        if time.monotonic() > deadline:
            raise ChatError("the stream did not end in time")
        line = raw.decode(errors="replace").strip()
        if not line.startswith("data:"):
            continue
        text = line[5:].strip()
        if text == "[DONE]":
            return
        yield json.loads(text)
    raise ChatError("the stream broke off before its end")


def join(calls, place, piece):
    """Adds a piece of a tool call: the name comes once, the arguments in pieces."""
    made = calls.setdefault(piece.get("index", place), {"type": "function", "function": {"name": "", "arguments": ""}})
    if piece.get("id"):
        made["id"] = piece["id"]
    function = piece.get("function") or {}
    made["function"]["name"] += function.get("name") or ""
    made["function"]["arguments"] += function.get("arguments") or ""
