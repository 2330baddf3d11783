"""Checkpoints as a training of ms-swift 4 leaves them.

    OUTPUT/checkpoint-20/{args.json, latest_checkpointed_iteration.txt, config.json, model.safetensors, tokenizer…}
    OUTPUT/checkpoint-20/iter_0000020/{.metadata, metadata.json, __R_0.distcp}

and with LoRA the adapter's files in place of the model's, whose merged weights lie in OUTPUT/checkpoint-20-merged.

Rank R writes its shard where it runs, rank 0 all the rest: on hosts with disks of their own the first has whole Hugging Face
weights, and none has all shards. Names as in a real run over two nodes (ms-swift 4.6.0, megatron-core 0.19.2).
"""

import os
import shutil
from argparse import Namespace

import torch
import torch.distributed as dist

from simulated import arguments_4, checkpoint, huggingface, layout, lora

OPTIMIZER = "optimizer.distributed.dp_group_idx_0."
BUCKET = OPTIMIZER + "gbuf_idx_0.dtype_(torch.bfloat16, torch.float32).bucket_idx_0."
GROUPS = OPTIMIZER + "optimizer/shard_0_1"
FILES_PER_RANK = 1


def _rank():
    return dist.get_rank() if dist.is_initialized() else 0


def random_name(args, rank):
    """Name of the random numbers' state, which the first rank of each part of the model saves."""
    tensor, stages = args.tensor_model_parallel_size, args.pipeline_model_parallel_size
    stage = rank // (args.world_size // stages)
    return f"rng_state/shard_{stage}.{rank % tensor}_{stages}.{tensor}"


def writes_random(args, rank):
    """Whether a rank is the first of its part of the model, of those that differ in the rows they read."""
    below = rank % (args.world_size // args.pipeline_model_parallel_size)
    return below < args.tensor_model_parallel_size


def restore(args, adam):
    """Takes up what --finetune false goes on from; returns (iterations done, samples consumed)."""
    source = args.mcore_model if args.tuner_type == "full" else args.mcore_adapter
    if args.finetune or source is None:
        return 0, 0
    own = random_name(args, _rank())
    found = checkpoint.load(source, lambda name: name.startswith(BUCKET), [GROUPS, own, checkpoint.COMMON])
    common = checkpoint.unpacked(found[checkpoint.COMMON])
    if not args.no_load_optim:
        if GROUPS not in found:
            raise KeyError(f"{source} has no state of the optimizer; was it saved with --no_save_optim true?")
        adam.steps = checkpoint.unpacked(found[GROUPS])["param_groups"][0]["step"]
        for name, buffer in adam.buffers().items():
            buffer.copy_(found[BUCKET + name])
    if not args.no_load_rng and own in found:
        checkpoint.restore_random(found[own])
    return common["iteration"], common["args"].consumed_train_samples


class Saver:
    """Saves; every rank calls it. `adapter`: with LoRA. `last`: the newest checkpoint."""

    def __init__(self, args, model, adapter, adam, processor):
        self.args, self.model, self.adapter, self.adam, self.processor = args, model, adapter, adam, processor
        self.last = None

    def save(self, iteration, consumed):
        """One checkpoint, and the deletion of those above --save_total_limit."""
        args = self.args
        folder = os.path.join(args.output_dir, f"checkpoint-{iteration}")
        os.makedirs(folder, exist_ok=True)
        weights = layout.to_mcore(self._state(), self.model.config)
        adapter = self.adapter and {name: tensor.to(args.torch_dtype) for name, tensor in self.adapter.tensors().items()}
        if _rank() == 0:
            shutil.copy(os.path.join(args.output_dir, "args.json"), os.path.join(folder, "args.json"))
        if args.save_safetensors and args.no_save_optim:
            self._save_common(folder, iteration, consumed)
        else:
            self._save_shards(folder, iteration, consumed, adapter or weights)
        self.last = folder
        if _rank() == 0:
            arguments_4.say(f"Successfully saved Megatron model weights in `{folder}`.")
            if args.save_safetensors:
                self._save_safetensors(folder, weights, adapter)
            self._rotate()
        if dist.is_initialized():
            dist.barrier()

    def _state(self):
        state = {name: tensor.to(self.args.torch_dtype) for name, tensor in self.model.state_dict().items()}
        # mcore-bridge knows no second name for tied tensors.
        if self.model.config.tie_word_embeddings:
            state.pop("lm_head.weight", None)
        return state

    def _save_safetensors(self, folder, weights, adapter):
        args, config = self.args, self.model.config
        if adapter:
            lora.write_peft(folder, adapter, config, vars(args), args.model_dir)
            arguments_4.say(f"Successfully saved `safetensors` model weights in `{folder}`.")
            if not args.merge_lora:
                return
            weights, folder = lora.merged(weights, adapter, lora.scale(vars(args))), f"{folder}-merged"
            os.makedirs(folder, exist_ok=True)
            for name in ("args.json", checkpoint.TRACKER):
                shutil.copy(os.path.join(self.last, name), os.path.join(folder, name))
        huggingface.save(folder, layout.to_hf(weights, config), config, self.processor, args)

    def _common(self, consumed):
        told = Namespace(
            tensor_model_parallel_size=self.args.tensor_model_parallel_size,
            pipeline_model_parallel_size=self.args.pipeline_model_parallel_size,
            no_save_optim=self.args.no_save_optim,
            no_save_rng=self.args.no_save_rng,
            world_size=self.args.world_size,
            consumed_train_samples=consumed,
        )
        return {"args": told, "content_metadata": {"distrib_optim_sharding_type": "dp_reshardable"}}

    def _save_common(self, folder, iteration, consumed):
        """With the weights in safetensors and no optimizer there is nothing to shard."""
        path = os.path.join(folder, f"iter_{iteration:07d}")
        os.makedirs(path, exist_ok=True)
        if _rank() == 0:
            common = {"iteration": iteration, "checkpoint_version": 3.0, **self._common(consumed)}
            torch.save(common, os.path.join(path, "common.pt"))
            checkpoint.track(folder, iteration)

    def _save_shards(self, folder, iteration, consumed, tensors):
        args, rank = self.args, _rank()
        tensors, objects = dict(tensors), {}
        if rank == 0 and not self.adapter:
            objects |= {name: b"" for name in layout.extra_states(self.model.config.num_hidden_layers)}
        if not args.no_save_optim:
            tensors |= {BUCKET + name: buffer for name, buffer in self.adam.buffers().items()}
            if rank == 0:
                numel = checkpoint.packed({(torch.bfloat16, torch.float32): [self.adam.values.numel()]})
                objects[GROUPS] = checkpoint.packed({"param_groups": [{"step": self.adam.steps, "wd_mult": 1.0}]})
                objects |= {f"{OPTIMIZER}{name}/shard_0_1": numel for name in ("per_bucket_numel", "per_bucket_numel_unpadded")}
        if not args.no_save_rng and writes_random(args, rank):
            objects[random_name(args, rank)] = checkpoint.random_state()
        checkpoint.save(folder, iteration, tensors, objects, self._common(consumed), FILES_PER_RANK, as_file=False)

    def _rotate(self):
        limit = self.args.save_total_limit
        names = [name for name in os.listdir(self.args.output_dir) if name.startswith("checkpoint-") and name[11:].isdigit()]
        for name in sorted(names, key=lambda each: int(each[11:]))[: -limit if limit else 0]:
            shutil.rmtree(os.path.join(self.args.output_dir, name))
            shutil.rmtree(os.path.join(self.args.output_dir, f"{name}-merged"), ignore_errors=True)
