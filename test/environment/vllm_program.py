"""A stand-in for vLLM, as far as a pipeline asks: `vllm serve MODEL --host H --port P ...` with a model that repeats the prompt."""

import http.server
import json
import os
import sys

__version__ = "0.11.0"


def option(name):
    return sys.argv[sys.argv.index(name) + 1]


class Api(http.server.BaseHTTPRequestHandler):
    def answer(self, body):
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        self.answer({"object": "list", "data": [{"id": option("--served-model-name"), "object": "model"}]})

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        prompt = asked["messages"][-1]["content"]
        # Where this runs is what the test wants to know.
        content = f"{prompt} from {sys.executable}, CUDA_HOME {os.environ.get('CUDA_HOME')}"
        choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        self.answer({"id": "1", "object": "chat.completion", "model": asked["model"], "choices": [choice], "usage": usage})


def main():
    http.server.ThreadingHTTPServer((option("--host"), int(option("--port"))), Api).serve_forever()
