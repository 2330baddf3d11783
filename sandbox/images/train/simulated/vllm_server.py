"""The OpenAI API of vLLM 0.10.0, as far as it is simulated: health, models, chat and plain completions."""

import itertools
import json
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from simulated.vllm_engine import Sampling
from simulated.vllm_tools import before_call, call_pieces, hermes, readable


class Refused(Exception):
    """An error for the client: HTTP status, type, text."""

    def __init__(self, status, kind, message):
        super().__init__(message)
        self.status = status
        self.body = {"object": "error", "message": message, "type": kind, "param": None, "code": status}


def bad(message):
    """A 400 as vLLM words its type."""
    return Refused(400, "BadRequestError", message)


class Server(ThreadingHTTPServer):
    """Bound at once, answering only after `start`."""

    daemon_threads = True

    def __init__(self, address, args, names, api_key):
        super().__init__(address, Handler, bind_and_activate=False)
        self.server_bind()
        self.args, self.names, self.api_key, self.engine = args, names, api_key, None

    def start(self, engine):
        """Serve until shutdown."""
        self.engine = engine
        self.server_activate()
        self.serve_forever(poll_interval=0.1)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format, *args):
        print(f"INFO:     {self.client_address[0]}:{self.client_address[1]} - {format % args}", flush=True)

    def _send(self, status, body=None):
        data = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status)
        if body is not None:
            self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _allowed(self):
        key = self.server.api_key
        if key and self.path.startswith("/v1") and self.headers.get("Authorization") != f"Bearer {key}":
            self._send(401, {"error": "Unauthorized"})
            return False
        return True

    def do_GET(self):
        if not self._allowed():
            return
        if self.path in ("/health", "/ping"):
            self._send(200)
        elif self.path == "/version":
            self._send(200, {"version": "0.10.0"})
        elif self.path == "/v1/models":
            made = {"object": "model", "created": int(time.time()), "owned_by": "vllm", "root": self.server.args.model_tag}
            more = {"parent": None, "max_model_len": self.server.engine.max_model_len, "permission": []}
            self._send(200, {"object": "list", "data": [{"id": name, **made, **more} for name in self.server.names]})
        else:
            self._send(404, {"detail": "Not Found"})

    def do_POST(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not self._allowed():
            return
        answers = {"/v1/chat/completions": Chat, "/v1/completions": Completion}
        if self.path not in answers:
            self._send(404, {"detail": "Not Found"})
            return
        try:
            try:
                request = json.loads(raw)
            except ValueError as error:
                raise bad(f"JSON decode error: {error}") from None
            answer = answers[self.path](self.server, request)
            if request.get("stream"):
                self._stream(answer)
            else:
                self._send(200, answer.whole())
        except Refused as refused:
            self._send(refused.status, refused.body)

    def _stream(self, answer):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        # Each event leaves as soon as it is made: a client measures the time to the first token.
        for event in itertools.chain(answer.pieces(), [None]):
            text = "[DONE]" if event is None else json.dumps(event, ensure_ascii=False)
            data = f"data: {text}\n\n".encode()
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")


class Completion:
    """One request to /v1/completions."""

    prefix, whole_kind, piece_kind = "cmpl", "text_completion", "text_completion"

    def __init__(self, server, request):
        self.engine, self.args, self.request = server.engine, server.args, request
        name = request.get("model") or server.names[0]
        if name not in server.names:
            raise Refused(404, "NotFoundError", f"The model `{name}` does not exist.")
        for field in ("logprobs", "best_of"):
            if request.get(field):
                raise bad(f"vllm (simulated): {field} is not simulated")
        if (request.get("n") or 1) != 1:
            raise bad("vllm (simulated): n above 1 is not simulated")
        self.prompt = self._prompt()
        self.sampling = self._sampling()
        self.head = {"id": f"{self.prefix}-{uuid.uuid4().hex}", "created": int(time.time()), "model": name}

    def _prompt(self):
        prompt = self.request.get("prompt")
        if isinstance(prompt, list) and prompt and all(isinstance(token, int) for token in prompt):
            return prompt
        if not isinstance(prompt, str) or not prompt:
            raise bad("vllm (simulated): prompt must be one text or one list of token ids")
        return self.engine.tokenizer.encode(prompt)

    def _sampling(self):
        asked, room = self.request, self.engine.max_model_len - len(self.prompt)
        limit = asked.get("max_completion_tokens") or asked.get("max_tokens") or (16 if self.prefix == "cmpl" else room)
        if limit > room or room <= 0:
            raise bad(
                f"This model's maximum context length is {self.engine.max_model_len} tokens. However, you requested "
                f"{len(self.prompt) + limit} tokens ({len(self.prompt)} in the messages, {limit} in the completion). "
                "Please reduce the length of the messages or completion."
            )
        names = ("temperature", "top_p", "top_k", "presence_penalty", "frequency_penalty", "repetition_penalty", "seed", "ignore_eos")
        stop = asked.get("stop") or []
        given = {name: asked[name] for name in names if asked.get(name) is not None}
        return Sampling(max_tokens=limit, stop=[stop] if isinstance(stop, str) else stop, **given)

    def _usage(self, made):
        count = len(self.prompt)
        return {"prompt_tokens": count, "total_tokens": count + made, "completion_tokens": made, "prompt_tokens_details": None}

    def _choice(self, text, why):
        return {"index": 0, "text": text, "logprobs": None, "finish_reason": why, "stop_reason": None}

    def _first(self):
        return []

    def _piece(self, text, why):
        return self._choice(text, why)

    def whole(self):
        """The answer in one piece."""
        for text, made, why in self.engine.tokens(self.prompt, self.sampling):
            pass
        return {**self.head, "object": self.whole_kind, "choices": [self._choice(text, why)], "usage": self._usage(made)}

    def pieces(self):
        """The answer as server-sent events."""
        head = {**self.head, "object": self.piece_kind}
        yield from ({**head, "choices": [choice]} for choice in self._first())
        sent = ""
        for text, made, why in self.engine.tokens(self.prompt, self.sampling):
            yield {**head, "choices": [self._piece(text[len(sent) :], why)]}
            sent = text
        if (self.request.get("stream_options") or {}).get("include_usage"):
            yield {**head, "choices": [], "usage": self._usage(made)}


class Chat(Completion):
    """One request to /v1/chat/completions."""

    prefix, whole_kind, piece_kind = "chatcmpl", "chat.completion", "chat.completion.chunk"

    def _prompt(self):
        messages, tools = self.request.get("messages"), self.request.get("tools") or None
        if not isinstance(messages, list) or not messages:
            raise bad("messages: a list of at least one message is required")
        choice = self.request.get("tool_choice") or ("auto" if tools else "none")
        if choice not in ("auto", "none"):
            raise bad("vllm (simulated): only the tool_choice auto and none are simulated")
        self.calls_tools = bool(tools) and choice == "auto"
        if self.calls_tools and not self.args.enable_auto_tool_choice:
            raise bad('"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set')
        extra = self.request.get("chat_template_kwargs") or {}
        return self.engine.tokenizer.apply_chat_template(
            [readable(message) for message in messages], tools=tools, add_generation_prompt=True, **extra
        )

    def _parsed(self, text):
        hermes_form = self.calls_tools and self.args.tool_call_parser == "hermes"
        content, calls = hermes(text) if hermes_form else (text, [])
        made = [
            {"id": f"chatcmpl-tool-{uuid.uuid4().hex}", "type": "function", "function": {"name": name, "arguments": arguments}}
            for name, arguments in calls
        ]
        return content, made

    def _choice(self, text, why):
        content, calls = self._parsed(text)
        message = {"role": "assistant", "content": content, "refusal": None, "reasoning_content": None, "tool_calls": calls}
        why = "tool_calls" if calls else why
        return {"index": 0, "message": message, "logprobs": None, "finish_reason": why, "stop_reason": None}

    def _first(self):
        return [{"index": 0, "delta": {"role": "assistant", "content": ""}, "logprobs": None, "finish_reason": None}]

    def _piece(self, text, why):
        return {"index": 0, "delta": {"content": text}, "logprobs": None, "finish_reason": why}

    def pieces(self):
        """As for a plain completion; with tools the text is sent up to a call, and the call when it is whole, in pieces."""
        if not self.calls_tools or self.args.tool_call_parser != "hermes":
            yield from super().pieces()
            return
        head = {**self.head, "object": self.piece_kind}
        yield {**head, "choices": self._first()}
        sent = 0
        for text, made, why in self.engine.tokens(self.prompt, self.sampling):
            ready = before_call(text)
            if ready > sent:
                yield {**head, "choices": [self._delta({"content": text[sent:ready]})]}
                sent = ready
        content, calls = self._parsed(text)
        # Text that only looked like a call is text after all.
        if not calls and len(text) > sent:
            yield {**head, "choices": [self._delta({"content": text[sent:]})]}
        for index, call in enumerate(calls):
            for piece in call_pieces(index, call):
                yield {**head, "choices": [self._delta({"tool_calls": [piece]})]}
        yield {**head, "choices": [self._delta({}, "tool_calls" if calls else why)]}
        if (self.request.get("stream_options") or {}).get("include_usage"):
            yield {**head, "choices": [], "usage": self._usage(made)}

    @staticmethod
    def _delta(delta, why=None):
        return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": why}
