"""ms-swift's own argument classes, which decide which flags are right."""

import os

from simulated import inert


def megatron_train():
    """MegatronTrainArguments of ms-swift 3.7.1, with its parser, its checks and its model table.

    One check is left out: ms-swift wants numpy below 2 for Megatron's sake, and Debian has 2.2.
    """
    inert.install()
    inert.enter("swift.megatron")
    import swift.megatron.argument.megatron_args as declared

    require = declared.require_version
    declared.require_version = lambda wanted, hint=None: None if wanted.startswith("numpy") else require(wanted, hint)
    from swift.megatron.argument import MegatronTrainArguments

    return MegatronTrainArguments


def megatron_settings(config, model_type):
    """Megatron's settings for a Hugging Face config, by ms-swift's own table; None if it has none for the type."""
    inert.install()
    if "swift.megatron" not in os.sys.modules:
        inert.enter("swift.megatron")
    from swift.megatron.model import get_megatron_model_meta

    meta = get_megatron_model_meta(model_type)
    return None if meta is None else meta.convert_hf_config(config)
