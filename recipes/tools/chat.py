"""Ask a server with the OpenAI API some questions, and prove that the model that was meant has answered.

    chat.py --url http://HOST:PORT --plan JSON [--timeout-seconds N] [--result FILE]

The plan: {"model", "answering": [names by which the server may say that it is the model], "exchanges": [{"name", "request",
"toolCall", "reasoning"}]}. Waits until GET /v1/models lists the model, posts each request to /v1/chat/completions, whole or
streamed as it says, and checks that the answer names the model and says something. With "toolCall" the answer must be a call
of a tool of the request, parsed; with "reasoning" the thinking must have come apart from the answer: "require" makes it a
fault, "report" only records it. The API key comes from MUSTER_API_KEY. Python 3.8 or newer, standard library only.
Prints one JSON object; exit 1 on failure.
"""

import argparse
import json
import time
import urllib.error

from completion import ChatError, call, complete
from result import finish

# The result is read back up to 64 KiB; all texts are in the server's answer, not to be kept.
LONGEST = {"reply": 6000, "reasoning": 1000, "toolCalls": 1000}
CALL_MARKS = ("<tool_call>", "<function", "[TOOL_CALLS]", "<|tool", "Action:", '"arguments"')


def until_listed(base, model, deadline):
    """Names that the server offers, when the model is among them."""
    last = "nothing was heard"
    while time.monotonic() < deadline:
        try:
            names = [entry["id"] for entry in call(f"{base}/v1/models", None, min(5, deadline - time.monotonic()))["data"]]
            if model in names:
                return names
            raise ChatError(f"the server offers {', '.join(names) or 'no model'}, not {model}; is servedModelName right?")
        except urllib.error.HTTPError as error:
            if error.code in (401, 403):
                raise ChatError(f"GET /v1/models: {error.code}: the API key is not the server's")
            last = f"status {error.code}"
        except (OSError, ValueError, KeyError) as error:
            last = str(error)
        time.sleep(min(1, max(0, deadline - time.monotonic())))
    raise ChatError(f"{base} was not ready in time: {last}; see the server's log")


def faults_of(exchange, answer, answering):
    """(what is wrong with any answer, what is missing of the tool call, what is missing of the reasoning)."""
    wrong = []
    if answer["model"] not in answering:
        wrong.append(f"{answer['model']} has answered, {answering[0]} was asked")
    elif not (answer["content"] or answer["reasoning"] or answer["toolCalls"]):
        wrong.append(f"the reply is empty (finish reason {answer['finishReason']}); is maxTokens too small?")
    call_fault = missing_call(exchange["request"], answer) if exchange.get("toolCall") else None
    thought_fault = missing_reasoning(answer) if exchange.get("reasoning") else None
    return wrong, call_fault, thought_fault


def missing_call(request, answer):
    """Why the answer is no call of one of the request's tools; None if it is."""
    tools = [tool["function"]["name"] for tool in request["tools"]]
    if not answer["toolCalls"]:
        if any(mark in answer["content"] for mark in CALL_MARKS):
            return "the call of the tool came back as text: the server's parser does not read the dialect that the model writes"
        return "the model answered without calling the tool"
    for made in answer["toolCalls"]:
        function = made.get("function") or {}
        try:
            arguments = json.loads(function.get("arguments") or "")
        except (ValueError, TypeError):
            return f"the arguments of the call are no JSON: {str(function.get('arguments'))[:200]}"
        if function.get("name") not in tools or not isinstance(arguments, dict):
            return f"{function.get('name')!r} was called, the request has {', '.join(tools)}"
    return None


def missing_reasoning(answer):
    """Why the thinking did not come apart from the answer; None if it did."""
    if answer["reasoning"]:
        return None
    if "think>" in answer["content"]:
        return "the thinking came back inside the answer: the server's reasoning parser does not read it"
    return "the model answered without thinking"


def speed(answer):
    """Tokens a second: of a streamed answer after its first one, of a whole one from the request on."""
    tokens, first, seconds = answer["usage"].get("completion_tokens"), answer["firstTokenSeconds"], answer["seconds"]
    if first is not None and tokens and tokens > 1 and seconds > first:
        return round((tokens - 1) / (seconds - first), 1)
    return round(tokens / seconds, 1) if tokens and seconds > 0 else None


def record(exchange, answer):
    """What is kept of an answer."""
    first, calls = answer["firstTokenSeconds"], answer["toolCalls"]
    return {
        "name": exchange["name"],
        "reply": answer["content"][: LONGEST["reply"]],
        "reasoning": answer["reasoning"][: LONGEST["reasoning"]],
        "toolCalls": calls if len(json.dumps(calls)) <= LONGEST["toolCalls"] else calls[:1],
        "finishReason": answer["finishReason"],
        "promptTokens": answer["usage"].get("prompt_tokens"),
        "replyTokens": answer["usage"].get("completion_tokens"),
        "seconds": round(answer["seconds"], 3),
        "firstTokenSeconds": None if first is None else round(first, 3),
        "tokensPerSecond": speed(answer),
    }


def ask(base, exchange, answering, deadline):
    """(record, faults) of one exchange."""
    answer = complete(base, exchange["request"], deadline)
    made = record(exchange, answer)
    faults, call_fault, thought_fault = faults_of(exchange, answer, answering)
    for kind, fault in (("toolCall", call_fault), ("reasoning", thought_fault)):
        if exchange.get(kind):
            made[f"{kind}Problem"] = fault or ""
            faults += [fault] if fault and exchange[kind] == "require" else []
    return made, [f"{exchange['name']}: {fault}" for fault in faults]


def chat(options):
    """The result: each exchange, and of the first one what it said. Every exchange is made, so that all faults are told."""
    plan = json.loads(options.plan)
    base = options.url.rstrip("/")
    deadline = time.monotonic() + options.timeout_seconds
    served = until_listed(base, plan["model"], deadline)
    made, faults = [], []
    for exchange in plan["exchanges"]:
        try:
            done, wrong = ask(base, exchange, plan["answering"], deadline)
            made.append(done)
            faults += wrong
        except ChatError as error:
            faults.append(f"{exchange['name']}: {error}")
    timed = next((one for one in made if one["firstTokenSeconds"] is not None), made[0] if made else {})
    return {
        "ok": not faults,
        "faults": faults,
        "model": plan["model"],
        "served": served,
        "reply": made[0]["reply"] if made else "",
        "firstTokenSeconds": timed.get("firstTokenSeconds"),
        "tokensPerSecond": timed.get("tokensPerSecond"),
        "exchanges": [{**one, "reply": one["reply"][:500]} for one in made],
    }


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--url", required=True)
    parser.add_argument("--plan", required=True)
    parser.add_argument("--timeout-seconds", type=float, default=300)
    parser.add_argument("--result")
    options = parser.parse_args()
    try:
        result = chat(options)
    except ChatError as error:
        result = {"ok": False, "faults": [str(error)]}
    finish(options.result, result)


if __name__ == "__main__":
    main()
