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
