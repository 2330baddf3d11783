"""Megatron's argument classes of ms-swift 4, which decide which flags are right.

They are read without the packages that need CUDA: what the classes take from these stands here, with Megatron's own refusals.
"""

import enum
import sys
import types

import torch.distributed as dist

from simulated import inert

NEEDS_CUDA = {"mcore_bridge", "megatron_bridge"}
# Of which a fixture of the layout exists; ms-swift asks for 0.16 and newer.
MEGATRON_CORE = "0.19.2"
AttnBackend = enum.Enum("AttnBackend", ["flash", "fused", "unfused", "local", "auto"])


def model_size(args):
    """Ranks that share one copy of the model."""
    return args.tensor_model_parallel_size * args.pipeline_model_parallel_size * args.context_parallel_size


def _initialize_megatron(args):
    """Megatron's refusal of a world that does not fit (mpu.initialize_model_parallel), and ms-swift's seed."""
    from swift.utils import seed_everything

    if not dist.is_initialized():
        dist.init_process_group("gloo")
    args.world_size = dist.get_world_size()
    if args.world_size % model_size(args) != 0:
        raise RuntimeError(f"world_size ({args.world_size}) is not divisible by {model_size(args)}")
    seed_everything(args.seed)


def say(line):
    """As ms-swift's own log says it, on the main rank."""
    from swift.utils import get_logger

    get_logger().info(line)


def install():
    """Make swift.megatron importable for its arguments."""
    inert.NAMES.update(NEEDS_CUDA)
    inert.install()
    inert.enter("swift.megatron")
    utils = types.ModuleType("swift.megatron.utils")
    utils.initialize_megatron = _initialize_megatron
    sys.modules[utils.__name__] = utils
    import megatron.core
    import megatron.core.transformer.enums as enums

    megatron.core.__version__ = MEGATRON_CORE
    megatron.core.mpu = types.SimpleNamespace()
    enums.AttnBackend = AttnBackend


def megatron_train():
    """MegatronSftArguments, with its parser, its checks and its model table. Ranks meet over gloo, whatever the backend."""
    install()
    import swift.megatron.arguments.sft_args as declared

    meet = declared.init_process_group
    declared.init_process_group = lambda backend, timeout: meet("gloo", timeout)
    return declared.MegatronSftArguments


def megatron_export():
    """MegatronExportArguments."""
    install()
    from swift.megatron.arguments import MegatronExportArguments

    return MegatronExportArguments


def data_parallel(args):
    """The data-parallel size of a training, after Megatron's refusals that concern the model and the batch."""
    import megatron.core

    size = args.world_size // model_size(args)
    # ms-swift asks Megatron when it reckons the iterations.
    megatron.core.mpu.get_data_parallel_world_size = lambda: size
    step = args.micro_batch_size * size
    if args.global_batch_size % step != 0:
        raise ValueError(
            f"global batch size ({args.global_batch_size}) is not divisible by micro batch size ({args.micro_batch_size}) "
            f"times data parallel size ({size})."
        )
    return size


def check_model(args, config):
    """Megatron's refusals of a model that the parallel sizes do not divide (megatron-core, transformer_config)."""
    tensor, stages = args.tensor_model_parallel_size, args.pipeline_model_parallel_size
    counts = {"num_attention_heads": config.num_attention_heads, "num_query_groups": config.num_key_value_heads}
    for name, count in counts.items():
        if count % tensor != 0:
            raise ValueError(f"{name} ({count}) must be a multiple of tensor_model_parallel_size ({tensor}).")
    given = args.decoder_first_pipeline_num_layers is not None or args.decoder_last_pipeline_num_layers is not None
    if not given and config.num_hidden_layers % stages != 0:
        raise ValueError("num_layers should be divisible by pipeline_model_parallel_size")
