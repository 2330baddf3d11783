"""`vllm serve MODEL ...`: the flags of vLLM 0.10.0, real generation on CPU, no vLLM."""

import os
import signal
import sys
import threading

from simulated import gpu, vllm_nodes
from simulated.vllm_arguments import parse

TITLE = "vllm (simulated: the flags of vLLM 0.10.0, real generation with transformers on CPU, no vLLM)"


def _fail(kind, message):
    sys.exit(f"{kind}: {message}")


def _claim(args):
    """Take one simulated GPU for each tensor- and pipeline-parallel part of each engine of this node."""
    for ordinal in range(args.tensor_parallel_size * args.pipeline_parallel_size * vllm_nodes.local_engines(args)):
        try:
            gpu.claim(ordinal, "vllm serve")
        except gpu.OutOfMemory as error:
            _fail("torch.OutOfMemoryError", error)
        except gpu.InvalidDevice as error:
            _fail("RuntimeError", error)


def main():
    print(TITLE, flush=True)
    argv = sys.argv[1:]
    if argv[:1] in (["--version"], ["-v"]):
        print("0.10.0 (simulated)")
        return
    if argv[:1] != ["serve"]:
        _fail("vllm (simulated)", f"only `vllm serve` is simulated, not: {' '.join(argv[:1]) or '(nothing)'}")
    try:
        args = parse(argv[1:])
    except (TypeError, ValueError) as error:
        _fail(type(error).__name__, error)
    for flag in ("config", "lora_modules"):
        if getattr(args, flag):
            _fail("vllm (simulated)", f"--{flag.replace('_', '-')} is not simulated")
    if not args.model_tag or not os.path.isdir(args.model_tag):
        _fail("OSError", f"{args.model_tag} is not a local folder, and a model can not be fetched here")
    if args.headless:
        if args.data_parallel_start_rank is None:
            _fail("vllm (simulated)", "--headless is simulated with --data-parallel-start-rank only")
        _claim(args)
        vllm_nodes.serve_headless(args)
    if args.distributed_executor_backend == "ray":
        _fail("vllm (simulated)", "--distributed-executor-backend ray is not simulated")
    from simulated.vllm_server import Server

    names = args.served_model_name or [args.model_tag]
    key = args.api_key or os.environ.get("VLLM_API_KEY")
    host = args.host or "0.0.0.0"
    try:
        server = Server((host, args.port), args, names, key)
    except OSError as error:
        _fail("OSError", error)
    _claim(args)
    from simulated.vllm_engine import Engine

    try:
        engine = Engine(args.model_tag, args.max_model_len, args.tokenizer)
    except (ValueError, OSError) as error:
        _fail(type(error).__name__, error)
    heads = engine.model.config.num_attention_heads
    if heads % args.tensor_parallel_size != 0:
        text = f"Total number of attention heads ({heads}) must be divisible by tensor parallel size ({args.tensor_parallel_size})."
        _fail("ValueError", text)
    if vllm_nodes.spans_nodes(args):
        vllm_nodes.await_others(args)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"INFO Starting vLLM API server 0 on http://{host}:{args.port}", flush=True)
    print("INFO:     Application startup complete.", flush=True)
    server.start(engine)
