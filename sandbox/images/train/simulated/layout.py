"""Names and shapes of a Qwen2's weights in Megatron's checkpoint and in Hugging Face's. Pure functions.

As megatron-core stores a model of equal layers: each tensor of the decoder holds all layers, stacked on the first
axis; query, key and value are one tensor, grouped by key-value head; gate and up projection are one tensor, one after
the other (ms-swift 3.7.1, megatron/model/gpt/hf2mcore.py and mcore2hf.py). Megatron's `_extra_state` keys are left out for
ms-swift 3.
"""

import torch

LAYER = "model.layers.{}."
PLAIN = {
    "embedding.word_embeddings.weight": "model.embed_tokens.weight",
    "decoder.final_layernorm.weight": "model.norm.weight",
    "output_layer.weight": "lm_head.weight",
}
PER_LAYER = {
    "decoder.layers.self_attention.linear_proj.weight": "self_attn.o_proj.weight",
    "decoder.layers.self_attention.linear_qkv.layer_norm_weight": "input_layernorm.weight",
    "decoder.layers.mlp.linear_fc1.layer_norm_weight": "post_attention_layernorm.weight",
    "decoder.layers.mlp.linear_fc2.weight": "mlp.down_proj.weight",
}
QKV = "decoder.layers.self_attention.linear_qkv."
FC1 = "decoder.layers.mlp.linear_fc1.weight"
# Megatron's linear modules, and Hugging Face's that they are made of.
PARTS = {
    "self_attention.linear_qkv": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    "self_attention.linear_proj": ("self_attn.o_proj",),
    "mlp.linear_fc1": ("mlp.gate_proj", "mlp.up_proj"),
    "mlp.linear_fc2": ("mlp.down_proj",),
}


def _fuse_qkv(layer, kind, groups):
    parts = [layer[f"self_attn.{p}_proj.{kind}"] for p in "qkv"]
    tail = parts[0].shape[1:]
    return torch.cat([part.reshape(groups, -1, *tail) for part in parts], dim=1).reshape(-1, *tail)


def _split_qkv(fused, kind, groups, heads):
    tail = fused.shape[1:]
    head_size = fused.shape[0] // (heads + 2 * groups)
    sizes = [head_size * heads // groups, head_size, head_size]
    parts = fused.reshape(groups, -1, *tail).split(sizes, dim=1)
    return {f"self_attn.{p}_proj.{kind}": part.reshape(-1, *tail) for p, part in zip("qkv", parts)}


def extra_states(layers):
    """Names of the empty states that TransformerEngine's modules save."""
    each = [f"decoder.layers.{module}._extra_state/shard_{i}_{layers}" for module in PARTS for i in range(layers)]
    return [*each, "decoder.final_layernorm._extra_state/shard_0_1"]


def split(module, fused, config):
    """Rows of a fused module's matrix for each of its parts, in the order of PARTS."""
    if module == "self_attention.linear_qkv":
        return list(_split_qkv(fused, "", config.num_key_value_heads, config.num_attention_heads).values())
    return list(fused.chunk(len(PARTS[module])))


def to_mcore(state, config):
    """Hugging Face's tensors by name -> Megatron's. `config` is the model's Hugging Face config."""
    groups = config.num_key_value_heads
    prefixes = [LAYER.format(i) for i in range(config.num_hidden_layers)]
    layers = [{k[len(p) :]: v for k, v in state.items() if k.startswith(p)} for p in prefixes]
    made = {ours: state[theirs] for ours, theirs in PLAIN.items() if theirs in state}
    if config.tie_word_embeddings:
        made.pop("output_layer.weight", None)
    for ours, theirs in PER_LAYER.items():
        made[ours] = torch.stack([layer[theirs] for layer in layers])
    for kind in ("weight", "bias"):
        if f"self_attn.q_proj.{kind}" in layers[0]:
            made[QKV + kind] = torch.stack([_fuse_qkv(layer, kind, groups) for layer in layers])
    made[FC1] = torch.stack([torch.cat([la["mlp.gate_proj.weight"], la["mlp.up_proj.weight"]]) for la in layers])
    return made


def to_hf(weights, config):
    """Megatron's tensors by name -> Hugging Face's."""
    made = {theirs: weights[ours] for ours, theirs in PLAIN.items() if ours in weights}
    for i in range(config.num_hidden_layers):
        layer = {theirs: weights[ours][i] for ours, theirs in PER_LAYER.items()}
        for kind in ("weight", "bias"):
            if QKV + kind in weights:
                fused = weights[QKV + kind][i]
                layer |= _split_qkv(fused, kind, config.num_key_value_heads, config.num_attention_heads)
        layer["mlp.gate_proj.weight"], layer["mlp.up_proj.weight"] = weights[FC1][i].chunk(2)
        made |= {LAYER.format(i) + name: tensor for name, tensor in layer.items()}
    return {name: tensor.contiguous() for name, tensor in made.items()}


def shard_axis(name):
    """The axis on which the ranks share a tensor: not the one that counts layers."""
    return 1 if "decoder.layers." in name else 0
