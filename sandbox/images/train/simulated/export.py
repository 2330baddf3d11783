"""`swift export --to_mcore true` and `--to_hf true` without Megatron.

Real: the arguments and their refusals (ms-swift 3.7.1's ExportArguments), every tensor, the files on both sides
(torch.distributed.checkpoint, safetensors), the precision check. Simulated: Megatron's model, which is replaced by its
tensors and a forward pass over them.
"""

import math
import sys

from simulated import arguments, checkpoint, forward, gpu, layout, lora

PROBE = {
    "messages": [
        {"role": "user", "content": "Which numbers must agree?"},
        {"role": "assistant", "content": "The logits of the model before and after its conversion."},
    ]
}


def _precision(model, weights, template):
    """ms-swift's precision check: the same tokens through both models, in float32."""
    import torch

    template.set_mode("train")
    tokens = torch.tensor(template.encode(PROBE)["input_ids"])
    with torch.inference_mode():
        theirs = model.float()(input_ids=tokens[None]).logits[0]
        ours = forward.logits({k: v.float() for k, v in weights.items()}, model.config, tokens)
    each = (ours - theirs).abs()
    print(f"token_mean_diff: {each.mean(dim=-1)[None]}")
    print(f"mean_diff: {each.mean().item()}, max_diff: {each.max().item()} (Please check that mean_diff is less than 0.1).")
    print(f"hf_tokens: {theirs.argmax(-1).tolist()}\nmg_tokens: {ours.argmax(-1).tolist()}")
    print(f"token_diff: {(theirs.argmax(-1) != ours.argmax(-1)).sum().item()}", flush=True)


def _files_per_rank(args, model):
    """--thread_count, or one file for each 10 GB and at least two."""
    gigabytes = sum(p.numel() for p in model.parameters()) * args.torch_dtype.itemsize / 1e9
    return args.thread_count or max(math.ceil(gigabytes / 10), 2)


def _to_mcore(args, model, template, logger):
    weights = layout.to_mcore({k: v.to(args.torch_dtype) for k, v in model.state_dict().items()}, model.config)
    logger.info("Megatron model created successfully.")
    if args.test_convert_precision:
        _precision(model, weights, template)
    logger.info("Successfully transferred HF model weights to MG model.")
    args.save_args()
    common = {"args": {"iteration": 1, "consumed_train_samples": 0}}
    checkpoint.save(args.output_dir, 1, weights, {}, common, _files_per_rank(args, model), as_file=True)
    logger.info(f"Successfully saved Megatron model weights in `{args.output_dir}`.")


def _to_hf(args, model, template, logger):
    from swift.llm import save_checkpoint

    adapter = args.mcore_adapters[0] if args.mcore_adapters else None
    # The adapter's args.json names its base, as the real one reads it.
    base = args.mcore_model or (adapter and lora.settings_of(adapter).get("load"))
    if base is None:
        raise ValueError("Please specify `--mcore_model`.")
    weights = checkpoint.load(base)
    if adapter:
        logger.info("Merge LoRA...")
        weights = lora.merged(weights, checkpoint.load(adapter, lora.is_adapter), lora.scale(lora.settings_of(adapter)))
    logger.info("Megatron model created successfully.")
    state = {k: v.to(args.torch_dtype) for k, v in layout.to_hf(weights, model.config).items()}
    model.to(args.torch_dtype).load_state_dict(state, strict=not model.config.tie_word_embeddings)
    if args.test_convert_precision:
        _precision(model, weights, template)
        model.to(args.torch_dtype)
    logger.info("Successfully transferred MG model weights to HF model.")
    save_checkpoint(
        model,
        template.processor,
        args.output_dir,
        safe_serialization=args.safe_serialization,
        model_dirs=[adapter or base, args.model_dir],
        max_shard_size=args.max_shard_size,
        additional_saved_files=model.model_meta.additional_saved_files,
    )
    logger.info(f"Successfully saved HF model weights in `{args.output_dir}`.")


def main(argv):
    gpu.claim_as_torch(0, "swift export")
    from swift.llm import ExportArguments, prepare_model_template
    from swift.utils import get_logger, parse_args

    logger = get_logger()
    args, rest = parse_args(ExportArguments, argv)
    if rest:
        raise ValueError(f"remaining_argv: {rest}")
    model, template = prepare_model_template(args)
    if arguments.megatron_settings(model.config, args.model_type) is None or model.config.model_type != "qwen2":
        sys.exit(f"swift export (simulated): only Qwen2 models are simulated, not {args.model_type}")
    (_to_mcore if args.to_mcore else _to_hf)(args, model, template, logger)
