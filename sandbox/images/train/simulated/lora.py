"""LoRA on Megatron's fused modules, over a Hugging Face model that computes.

A module of Megatron has one A and one B, whatever Hugging Face's model splits it into. Names and shapes in a checkpoint are
Megatron's: decoder.layers.MODULE.lora_{A,B}.default.weight, all layers stacked on the first axis.
"""

import json
import math
import os

import torch
import torch.nn.functional as F
from torch import nn

from simulated import layout

ALL = "all-linear"


def modules(wanted):
    """Megatron's modules that --target_modules names."""
    short = {name.split(".")[1]: name for name in layout.PARTS}
    unknown = [name for name in wanted if name != ALL and name not in short]
    if unknown or isinstance(wanted, str):
        raise NotImplementedError(f"megatron (simulated): --target_modules: only {', '.join([ALL, *short])} are simulated")
    return [name for place, name in short.items() if ALL in wanted or place in wanted]


def scale(settings):
    """Factor of B x A, from arguments or what args.json says of them."""
    rank = settings["lora_rank"]
    return settings["lora_alpha"] / (math.sqrt(rank) if settings["use_rslora"] else rank)


def _key(module, kind):
    return f"decoder.layers.{module}.lora_{kind}.default.weight"


class Lora(nn.Module):
    """The adapter of a model; attached to it by hooks. The model's own parameters are frozen."""

    def __init__(self, model, args):
        super().__init__()
        if args.modules_to_save or args.lora_bias != "none":
            raise NotImplementedError("megatron (simulated): --modules_to_save and --lora_bias are not simulated")
        self.settings, self.config, self.dropout = vars(args), model.config, args.lora_dropout
        self.chosen = modules(args.target_modules)
        self.pairs = nn.ParameterDict()
        model.requires_grad_(False)
        for index, layer in enumerate(model.model.layers):
            for module in self.chosen:
                parts = [layer.get_submodule(name) for name in layout.PARTS[module]]
                down = nn.Parameter(torch.empty(args.lora_rank, parts[0].in_features))
                nn.init.kaiming_uniform_(down, a=math.sqrt(5))
                up = nn.Parameter(torch.zeros(sum(part.out_features for part in parts), args.lora_rank))
                self.pairs[self._own(index, module, "A")], self.pairs[self._own(index, module, "B")] = down, up
                for place, part in enumerate(parts):
                    part.register_forward_hook(self._hook(index, module, place))

    @staticmethod
    def _own(index, module, kind):
        return f"{index}|{module.replace('.', '|')}|{kind}"

    def _hook(self, index, module, place):
        factor = scale(self.settings)

        def add(_, inputs, output):
            down, up = (self.pairs[self._own(index, module, kind)] for kind in "AB")
            kept = F.dropout(inputs[0], self.dropout, self.training)
            return output + factor * F.linear(F.linear(kept, down), layout.split(module, up, self.config)[place])

        return add

    def tensors(self, value=lambda parameter: parameter):
        """By Megatron's names; `value` of each parameter, stacked."""
        layers = range(self.config.num_hidden_layers)
        return {
            _key(module, kind): torch.stack([value(self.pairs[self._own(i, module, kind)]).detach() for i in layers])
            for module in self.chosen
            for kind in "AB"
        }

    def take(self, tensors):
        """Takes the values of a checkpoint's tensors."""
        for module in self.chosen:
            for kind in "AB":
                for index, tensor in enumerate(tensors[_key(module, kind)]):
                    self.pairs[self._own(index, module, kind)].data.copy_(tensor)


def is_adapter(name):
    """Whether a name in a checkpoint is one of an adapter's tensors; the optimizer's have the same names behind their own."""
    return not name.startswith("optimizer.") and (".lora_A." in name or ".lora_B." in name)


def merged(weights, adapter, factor):
    """Megatron's tensors with an adapter's in them."""
    made = dict(weights)
    for name, down in adapter.items():
        if ".lora_A." not in name:
            continue
        base, up = name.replace(".lora_A.default", ""), adapter[name.replace("lora_A", "lora_B")]
        made[base] = (made[base].float() + factor * (up.float() @ down.float())).to(weights[base].dtype)
    return made


def to_peft(adapter, config):
    """An adapter's tensors by PEFT's names: A once for each part of a fused module, B split."""
    made = {}
    for module, parts in layout.PARTS.items():
        if _key(module, "A") not in adapter:
            continue
        for index in range(config.num_hidden_layers):
            ups = layout.split(module, adapter[_key(module, "B")][index], config)
            for part, up in zip(parts, ups):
                prefix = f"base_model.model.model.layers.{index}.{part}"
                made[f"{prefix}.lora_A.weight"] = adapter[_key(module, "A")][index].clone()
                made[f"{prefix}.lora_B.weight"] = up.contiguous().clone()
    return made


def write_peft(folder, adapter, config, settings, base):
    """adapter_model.safetensors and its two configurations, as mcore-bridge and ms-swift write them."""
    from peft import LoraConfig
    from safetensors.torch import save_file

    os.makedirs(folder, exist_ok=True)
    tensors = to_peft(adapter, config)
    path = os.path.join(folder, "adapter_model.safetensors")
    save_file(tensors, path, metadata={"format": "pt"})
    os.chmod(path, 0o600)
    said = LoraConfig(
        task_type="CAUSAL_LM",
        r=settings["lora_rank"],
        lora_alpha=settings["lora_alpha"],
        lora_dropout=settings["lora_dropout"],
        use_rslora=settings["use_rslora"],
        target_modules=sorted({name.split(".")[-3] for name in tensors}),
        base_model_name_or_path=base,
        inference_mode=True,
    )
    said.save_pretrained(folder)
    with open(os.path.join(folder, "additional_config.json"), "w", encoding="utf-8") as file:
        json.dump({"lora_dtype": settings["lora_dtype"], "lorap_lr_ratio": None, "lorap_emb_lr": 1e-06}, file)


def settings_of(folder):
    """What args.json of an adapter's checkpoint says."""
    with open(os.path.join(folder, "args.json"), encoding="utf-8") as file:
        return json.load(file)
