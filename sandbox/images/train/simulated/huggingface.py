"""Weights in Hugging Face's format, as mcore-bridge saves them for ms-swift 4: for the owner only, without generation_config.json."""

import os

from safetensors.torch import save_file
from tqdm import tqdm


def save(folder, tensors, config, processor, args):
    """Writes model.safetensors, config.json and the tokenizer into the folder."""
    from swift.model import save_checkpoint

    from simulated.arguments_4 import say

    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "model.safetensors")
    named = {name: tensors[name].contiguous() for name in tqdm(tensors, desc="Saving: ")}
    save_file(named, path, metadata={"format": "pt"})
    os.chmod(path, 0o600)
    config.torch_dtype = next(iter(tensors.values())).dtype
    config.save_pretrained(folder)
    save_checkpoint(None, processor, folder, model_dirs=[args.model_dir])
    say(f"Successfully saved `safetensors` model weights in `{folder}`.")
