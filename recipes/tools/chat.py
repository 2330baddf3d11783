"""Ask a server with the OpenAI API one question, and prove that the model that was meant has answered.

    chat.py --url http://HOST:PORT --request JSON [--timeout-seconds N] [--result FILE]

Waits until GET /v1/models lists the request's model, posts the request to /v1/chat/completions, and checks that the
answer names that model and says something. The API key comes from MUSTER_API_KEY. No proxy is used: the server is on
the cluster's own network. Python 3.8 or newer, standard library only. Prints one JSON object; exit 1 on failure.
"""

import argparse
import json
import os
import time
import urllib.error
import urllib.request

from result import finish

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class ChatError(Exception):
    """No proper answer; the text says why."""


def call(url, body, seconds):
    """The JSON answer of the server."""
    headers = {"Content-Type": "application/json"}
    key = os.environ.get("MUSTER_API_KEY")
    if key:
        headers["Authorization"] = f"Bearer {key}"
    data = None if body is None else json.dumps(body).encode()
    with OPENER.open(urllib.request.Request(url, data, headers), timeout=max(0.1, seconds)) as answer:
        return json.loads(answer.read().decode())


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


def ask(base, request, deadline):
    """The server's answer to the request."""
    try:
        return call(f"{base}/v1/chat/completions", request, deadline - time.monotonic())
    except urllib.error.HTTPError as error:
        raise ChatError(f"POST /v1/chat/completions: {error.code}: {error.read().decode(errors='replace')[:500]}")
    except (OSError, ValueError) as error:
        raise ChatError(f"POST /v1/chat/completions: {error}")


def chat(options):
    """The result: reply, model, tokens, seconds."""
    request = json.loads(options.request)
    base = options.url.rstrip("/")
    deadline = time.monotonic() + options.timeout_seconds
    served = until_listed(base, request["model"], deadline)
    began = time.monotonic()
    answer = ask(base, request, deadline)
    seconds = time.monotonic() - began
    if answer.get("model") != request["model"]:
        raise ChatError(f"{answer.get('model')} has answered, {request['model']} was asked")
    choices = answer.get("choices") or [{}]
    message = choices[0].get("message") or {}
    reasoning = message.get("reasoning_content") or message.get("reasoning")
    if not (message.get("content") or reasoning or message.get("tool_calls")):
        raise ChatError(f"the reply is empty (finish reason {choices[0].get('finish_reason')}); is maxTokens too small?")
    usage = answer.get("usage") or {}
    tokens = usage.get("completion_tokens")
    return {
        "ok": True,
        "model": answer["model"],
        "served": served,
        "reply": message.get("content") or "",
        "reasoning": reasoning or "",
        "toolCalls": message.get("tool_calls") or [],
        "finishReason": choices[0].get("finish_reason"),
        "promptTokens": usage.get("prompt_tokens"),
        "replyTokens": tokens,
        "seconds": round(seconds, 3),
        "tokensPerSecond": round(tokens / seconds, 1) if tokens and seconds > 0 else None,
    }


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--url", required=True)
    parser.add_argument("--request", required=True)
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
