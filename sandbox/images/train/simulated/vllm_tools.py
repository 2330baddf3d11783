"""Tool calls in generated text, in the Hermes form. Pure functions."""

import json
import re

CALL = re.compile(r"<tool_call>(.*?)</tool_call>|<tool_call>(.*)", re.DOTALL)


def hermes(text):
    """(what stands before the first call or None, [(name, arguments as JSON text)]); no calls if any is not JSON."""
    if "<tool_call>" not in text:
        return text, []
    try:
        found = [json.loads(closed or open_) for closed, open_ in CALL.findall(text)]
        calls = [(call["name"], json.dumps(call["arguments"], ensure_ascii=False)) for call in found]
    except (ValueError, KeyError, TypeError):
        return text, []
    return text[: text.index("<tool_call>")] or None, calls


def before_call(text):
    """How much of the text is surely no part of a call: up to its mark, or to what may become one."""
    mark = "<tool_call>"
    if mark in text:
        return text.index(mark)
    held = next((size for size in range(len(mark) - 1, 0, -1) if text.endswith(mark[:size])), 0)
    return len(text) - held


def call_pieces(index, call, size=12):
    """A call as vLLM streams it: id and name first, then the arguments in pieces."""
    function = call["function"]
    yield {"index": index, "id": call["id"], "type": call["type"], "function": {"name": function["name"]}}
    arguments = function["arguments"]
    for start in range(0, len(arguments), size):
        yield {"index": index, "function": {"arguments": arguments[start : start + size]}}


def readable(message):
    """A message of a request as the chat template wants it: text as one string, arguments as objects."""
    made = dict(message)
    if isinstance(made.get("content"), list):
        made["content"] = "".join(part.get("text", "") for part in made["content"] if part.get("type") == "text")
    made["content"] = made.get("content") or ""
    calls = []
    for call in made.get("tool_calls") or []:
        function = dict(call["function"])
        if isinstance(function.get("arguments"), str):
            function["arguments"] = json.loads(function["arguments"])
        calls.append({**call, "function": function})
    if calls:
        made["tool_calls"] = calls
    return made
