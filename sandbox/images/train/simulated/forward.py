"""The forward pass of a Qwen2 over Megatron's tensors as they stand, so that a wrong conversion shows in the logits."""

import torch
import torch.nn.functional as F


def _normed(x, weight, epsilon):
    wide = x.float()
    return (wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + epsilon)).to(x.dtype) * weight


def _turned(x, cos, sin):
    left, right = x.chunk(2, dim=-1)
    return x * cos + torch.cat([-right, left], dim=-1) * sin


def logits(weights, config, token_ids):
    """Logits [tokens, vocabulary] of one sequence. `config` is the model's Hugging Face config."""
    heads, groups = config.num_attention_heads, config.num_key_value_heads
    size = config.hidden_size // heads
    count = len(token_ids)
    x = weights["embedding.word_embeddings.weight"][token_ids]
    speeds = 1.0 / config.rope_theta ** (torch.arange(0, size, 2).float() / size)
    angles = torch.outer(torch.arange(count).float(), speeds).repeat(1, 2)
    cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    layer = {k.removeprefix("decoder.layers."): v for k, v in weights.items() if k.startswith("decoder.layers.")}
    for i in range(config.num_hidden_layers):
        w = {name: stacked[i] for name, stacked in layer.items()}
        y = _normed(x, w["self_attention.linear_qkv.layer_norm_weight"], config.rms_norm_eps)
        y = F.linear(y, w["self_attention.linear_qkv.weight"], w.get("self_attention.linear_qkv.bias"))
        y = y.view(count, groups, heads // groups + 2, size)
        query = y[:, :, :-2].reshape(count, heads, size).transpose(0, 1)
        key = y[:, :, -2].repeat_interleave(heads // groups, dim=1).transpose(0, 1)
        value = y[:, :, -1].repeat_interleave(heads // groups, dim=1).transpose(0, 1)
        y = F.scaled_dot_product_attention(_turned(query, cos, sin), _turned(key, cos, sin), value, is_causal=True)
        x = x + F.linear(y.transpose(0, 1).reshape(count, -1), w["self_attention.linear_proj.weight"])
        y = _normed(x, w["mlp.linear_fc1.layer_norm_weight"], config.rms_norm_eps)
        gate, up = F.linear(y, w["mlp.linear_fc1.weight"]).chunk(2, dim=-1)
        x = x + F.linear(F.silu(gate) * up, w["mlp.linear_fc2.weight"])
    x = _normed(x, weights["decoder.final_layernorm.weight"], config.rms_norm_eps)
    return F.linear(x, weights.get("output_layer.weight", weights["embedding.word_embeddings.weight"]))
