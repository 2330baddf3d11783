"""`swift export --to_mcore true`, `--to_hf true` and `megatron export` of ms-swift 4, without Megatron.

Real: the arguments and their refusals, every tensor, the files on both sides (torch.distributed.checkpoint, safetensors), the
precision check. Simulated: Megatron's model, which is replaced by its tensors and a forward pass over them.
"""

import math
import os
import shutil
import sys
from argparse import Namespace

from simulated import arguments_4, checkpoint, forward, gpu, huggingface, layout, lora

PROBE = {
    "messages": [
        {"role": "user", "content": "Which numbers must agree?"},
        {"role": "assistant", "content": "The logits of the model before and after its conversion."},
    ]
}


def _precision(model, weights, template):
    """ms-swift's precision check: the same tokens through both models, in float32; all of them, and those with a label."""
    import torch

    template.set_mode("train")
    encoded = template.encode(PROBE)
    tokens = torch.tensor(encoded["input_ids"])
    learned = torch.tensor(encoded["labels"]) != -100
    with torch.inference_mode():
        theirs = model.float()(input_ids=tokens[None]).logits[0]
        ours = forward.logits({name: tensor.float() for name, tensor in weights.items()}, model.config, tokens)
    each, other = (ours - theirs).abs(), theirs.argmax(-1) != ours.argmax(-1)
    print(f"token_mean_diff: {each.mean(dim=-1)[None]}")
    print(f"mean_diff: {each.mean().item()}, max_diff: {each.max().item()}")
    print(
        f"mean_diff (with loss): {each[learned].mean().item()}, max_diff (with loss): {each[learned].max().item()} "
        "(Please check that mean_diff (with loss) is less than 0.1)."
    )
    print(f"hf_tokens: {theirs.argmax(-1).tolist()}\nmg_tokens: {ours.argmax(-1).tolist()}")
    print(f"token_diff: {other.sum().item()}\ntoken_diff (with loss): {other[learned].sum().item()}", flush=True)


def _files(args, parameters):
    """--thread_count, or one file for each 10 GB and at least two; `megatron export` knows no such flag, and writes one."""
    if not hasattr(args, "thread_count"):
        return 1
    return args.thread_count or max(math.ceil(parameters * args.torch_dtype.itemsize / 1e10), 2)


def _only_qwen2(args, config):
    if config.model_type != "qwen2":
        sys.exit(f"{_name(args)} (simulated): only Qwen2 models are simulated, not {args.model_type}")


def _name(args):
    return "swift export" if hasattr(args, "thread_count") else "megatron export"


def _source(args):
    """Where the weights come from: (mcore checkpoint, adapter's checkpoint); the first is None for --model itself."""
    base, adapter = args.mcore_model, args.mcore_adapter
    if adapter and base is None:
        base = lora.settings_of(adapter).get("mcore_model")
    # swift export takes no Hugging Face weights beside an adapter; megatron export does (swift/megatron/convert.py of 4.6.0).
    if base is None and not args.to_mcore and (_name(args) == "swift export" or args.model is None):
        raise ValueError("Please specify `--mcore_model`.")
    return base, adapter


def _weights(args, model, base):
    """Megatron's tensors of the base."""
    if base is not None:
        weights = checkpoint.load(base)
        arguments_4.say(f"Successfully loaded Megatron model weights from: {base}")
        return weights
    return layout.to_mcore({name: tensor.to(args.torch_dtype) for name, tensor in model.state_dict().items()}, model.config)


def _to_mcore(args, template, model, weights):
    config = template.processor.model_info.config
    arguments_4.say("Successfully transferred HF model weights to MG model.")
    args.save_args(args.output_dir)
    arguments_4.say("Saving the model...")
    told = Namespace(tensor_model_parallel_size=1, pipeline_model_parallel_size=1, no_save_optim=True, no_save_rng=True)
    states = {name: b"" for name in layout.extra_states(config.num_hidden_layers)}
    parameters = sum(tensor.numel() for tensor in weights.values())
    checkpoint.save(args.output_dir, 1, weights, states, {"args": told}, _files(args, parameters), as_file=False)
    arguments_4.say(f"Successfully saved Megatron model weights in `{args.output_dir}`.")
    if args.test_convert_precision and model is not None:
        _precision(model, weights, template)


def _to_hf(args, template, weights, adapter):
    from swift.pipelines import prepare_model_template

    config = template.processor.model_info.config
    arguments_4.say("Converting weights and saving the model...")
    if adapter:
        lora.write_peft(args.output_dir, adapter, config, lora.settings_of(args.mcore_adapter), args.model_dir)
        arguments_4.say(f"Successfully saved `safetensors` model weights in `{args.output_dir}`.")
    else:
        state = {name: tensor.to(args.torch_dtype) for name, tensor in layout.to_hf(weights, config).items()}
        huggingface.save(args.output_dir, state, config, template.processor, args)
    if args.ckpt_dir:
        shutil.copy(os.path.join(args.ckpt_dir, "args.json"), os.path.join(args.output_dir, "args.json"))
    else:
        args.save_args(args.output_dir)
    if args.test_convert_precision and not adapter:
        model, template = prepare_model_template(args, model=args.output_dir)
        _precision(model, weights, template)


def _run(args):
    from swift.pipelines import prepare_model_template

    base, source = _source(args)
    model, template = prepare_model_template(args, load_model=base is None)
    _only_qwen2(args, template.processor.model_info.config)
    weights = _weights(args, model, base)
    adapter = checkpoint.load(source, lora.is_adapter) if source else None
    # swift export merges always.
    if adapter and getattr(args, "thread_count", args.merge_lora) is not False:
        arguments_4.say("Merge LoRA...")
        weights, adapter, model = lora.merged(weights, adapter, lora.scale(lora.settings_of(source))), None, None
    arguments_4.say("Megatron model created successfully.")
    if args.to_hf:
        _to_hf(args, template, weights, adapter)
    else:
        _to_mcore(args, template, model, weights)


def _parsed(cls, argv):
    from swift.utils import parse_args

    args, rest = parse_args(cls, argv)
    if rest:
        raise ValueError(f"remaining_argv: {rest}")
    return args


def main(argv):
    """`swift export`: one process."""
    gpu.claim_as_torch(0, "swift export")
    from swift.arguments import ExportArguments

    _run(_parsed(ExportArguments, argv))


def main_of_megatron(argv):
    """A rank of `megatron export`. The first one converts; the others hold their GPUs until it has."""
    import torch.distributed as dist

    gpu.claim_as_torch(int(os.environ.get("LOCAL_RANK", "0")), "megatron export")
    args = _parsed(arguments_4.megatron_export(), argv)
    if dist.get_rank() == 0:
        _run(args)
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    main_of_megatron(sys.argv[1:])
