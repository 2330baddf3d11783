"""Iterations and learning rate as Megatron and ms-swift reckon them. Pure functions."""

import math

STYLES = ("cosine", "linear", "constant")


def iterations(args, rows, data_parallel):
    """How many iterations to train: --train_iters, or from --max_epochs (swift/megatron/trainers/base.py)."""
    if args.train_iters is not None:
        return args.train_iters
    if args.max_epochs is None:
        raise ValueError("Please specify `--train_iters` or `--max_epochs`.")
    step = args.micro_batch_size * data_parallel
    return rows // step * step * args.max_epochs // args.global_batch_size


def learning_rate(args, done, total):
    """The rate after `done` iterations: warm-up, then decay to --min_lr (megatron-core 0.13, optimizer_param_scheduler)."""
    decay = args.lr_decay_iters or total
    warmup = args.lr_warmup_fraction * decay if args.lr_warmup_fraction else args.lr_warmup_iters
    if warmup > 0 and done <= warmup:
        return args.lr * done / warmup
    if args.lr_decay_style == "constant":
        return args.lr
    if done > decay:
        return args.min_lr
    part = (done - warmup) / max(decay - warmup, 1)
    shape = 1 - part if args.lr_decay_style == "linear" else 0.5 * (math.cos(math.pi * part) + 1)
    return args.min_lr + shape * (args.lr - args.min_lr)


def check_world(args, world):
    """Megatron's own refusals of a world that does not fit; returns the data-parallel size."""
    total_model_size = args.tensor_model_parallel_size * args.pipeline_model_parallel_size * args.context_parallel_size
    assert world % total_model_size == 0, f"world size ({world}) is not divisible by total_model_size ({total_model_size=})"
    data_parallel = world // total_model_size
    step = args.micro_batch_size * data_parallel
    assert args.global_batch_size % step == 0, (
        f"global batch size ({args.global_batch_size}) is not divisible by micro batch size ({args.micro_batch_size}) "
        f"times data parallel size ({data_parallel})"
    )
    tensor = args.tensor_model_parallel_size
    for name in ("num_attention_heads", "num_query_groups"):
        count = getattr(args, name)
        if count % tensor != 0:
            raise ValueError(f"{name} ({count}) must be a multiple of tensor_model_parallel_size ({tensor}).")
    stages = args.pipeline_model_parallel_size
    given = args.decoder_first_pipeline_num_layers is not None or args.decoder_last_pipeline_num_layers is not None
    if not given:
        assert args.num_layers % stages == 0, "Number of layers should be divisible by the pipeline-model-parallel size"
    return data_parallel
