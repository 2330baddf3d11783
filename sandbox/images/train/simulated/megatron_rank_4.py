"""One rank of a simulated `megatron sft` of ms-swift 4.

Real: the arguments (MegatronSftArguments of the installed version), data path, template and collator, the sampler of ms-swift's
Megatron trainer, the checkpoint's files (torch.distributed.checkpoint, safetensors). Simulated: Megatron's model, which is
transformers' on CPU, and its parallelism: ranks that would share a model's parts read the same rows and compute the same.
"""

import os
import sys
import warnings

warnings.filterwarnings("ignore", category=FutureWarning)
warnings.filterwarnings("ignore", message="TypedStorage is deprecated")

import torch
import torch.distributed as dist
import torch.nn.functional as F

from simulated import arguments_4, checkpoint, gpu, layout, schedule
from simulated.checkpoint_4 import Saver, restore
from simulated.faults import Faults
from simulated.flat_adam import FlatAdam
from simulated.lora import Lora, is_adapter
from simulated.progress_4 import Progress

MegatronSftArguments = arguments_4.megatron_train()

from swift.pipelines.train.sft import SwiftSft
from swift.utils import get_logger, is_last_rank

logger = get_logger()


def rows_of(dataset, collate, args, rank, consumed):
    """Micro-batches of one data-parallel rank, for ever: epoch after epoch, from the samples that are consumed already."""
    from simulated import inert

    inert.enter("swift.megatron.trainers")
    from swift.megatron.trainers.batch_sampler import MegatronPretrainingRandomSampler

    sampler = MegatronPretrainingRandomSampler(
        dataset,
        total_samples=len(dataset),
        consumed_samples=consumed,
        micro_batch_size=args.micro_batch_size,
        data_parallel_rank=rank,
        data_parallel_size=args.data_parallel_size,
        data_sharding=args.data_sharding,
        shuffle=args.train_dataloader_shuffle,
        group_by_length=args.group_by_length,
        seed=args.data_seed,
    )
    # With a generator of its own, or it would draw from the numbers that a checkpoint has brought back.
    own = torch.Generator()
    while True:
        yield from torch.utils.data.DataLoader(dataset, batch_sampler=sampler, collate_fn=collate, generator=own)


def losses(model, batch):
    """(sum of the weighted losses, tokens with a label) of a micro-batch, as ms-swift's Megatron trainer reckons them."""
    labels, weights = batch.pop("labels"), batch.pop("loss_scale", None)
    known = {name: batch[name] for name in ("input_ids", "attention_mask", "position_ids") if name in batch}
    logits = model(**known, use_cache=False).logits[:, :-1].float()
    labels = labels[:, 1:]
    each = F.cross_entropy(logits.transpose(1, 2), labels, ignore_index=-100, reduction="none")
    if weights is not None:
        each = each * weights[:, 1:]
    return each.sum(), (labels != -100).sum()


class SimulatedMegatronSft(SwiftSft):
    """As ms-swift's MegatronSft, with a plain loop in place of Megatron's trainer."""

    args_class = MegatronSftArguments

    def _set_seed(self):
        """The arguments have set it."""

    def __init__(self, args=None):
        self.train_msg = {}
        gpu.claim_as_torch(int(os.environ.get("LOCAL_RANK", "0")), "megatron sft")
        super(SwiftSft, self).__init__(args)
        args = self.args
        if args.tuner_type == "lora_llm":
            raise NotImplementedError("megatron (simulated): --tuner_type lora_llm is not simulated")
        if args.lr_decay_style not in schedule.STYLES:
            raise NotImplementedError(f"megatron (simulated): --lr_decay_style {args.lr_decay_style} is not simulated")
        args.data_parallel_size = arguments_4.data_parallel(args)
        _, self.processor = args.get_model_processor(load_model=False)
        arguments_4.check_model(args, self.processor.model_info.config)
        self._prepare_template()
        args.save_args(args.output_dir)
        # Rows without padding, packed or not, need a kernel. Here they are padded, one row each.
        self.template.padding_free = False
        if args.packing:
            print("megatron (simulated): --packing true is not simulated, rows are padded instead", flush=True)
            args.packing = False

    def _load(self, model):
        """Takes the weights that --mcore_model names, if it names any: the model's own are there already. Returns the adapter."""
        args = self.args
        if args.mcore_model is not None:
            weights = checkpoint.load(args.mcore_model)
            state = {name: tensor.float() for name, tensor in layout.to_hf(weights, model.config).items()}
            missing, unexpected = model.load_state_dict(state, strict=False)
            if unexpected or [name for name in missing if name != "lm_head.weight"]:
                raise RuntimeError(f"{args.mcore_model} does not fit {args.model}: missing {missing}, unexpected {unexpected}")
        if args.tuner_type == "full":
            return None
        adapter = Lora(model, args)
        if args.mcore_adapter is not None:
            adapter.take(checkpoint.load(args.mcore_adapter, is_adapter))
        return adapter

    def run(self):
        args = self.args
        rank = dist.get_rank() if dist.is_initialized() else 0
        dataset, _ = self._prepare_dataset()
        args.init_iters(dataset, None)
        if args.train_iters is None:
            raise ValueError("Please specify `--train_iters` or `--num_train_epochs`.")
        model, _ = args.get_model_processor(load_model=True)
        model = model.float().train()
        adapter = self._load(model)
        trained = (adapter or model).parameters()
        adam = FlatAdam(trained, (args.adam_beta1, args.adam_beta2), args.adam_eps, args.weight_decay)
        done, consumed = restore(args, adam)
        # Ranks of one model follow one another in Megatron's order: tensor, context, data, pipeline.
        place = rank // (args.tensor_model_parallel_size * args.context_parallel_size) % args.data_parallel_size
        batches = rows_of(dataset, self.template.data_collator, args, place, consumed)
        saver = Saver(args, model, adapter, adam, self.processor)
        progress = Progress(args, done)
        self._train(model, adam, batches, done, progress, saver)
        if is_last_rank():
            progress.end({**self.train_msg, "last_model_checkpoint": saver.last})

    def _train(self, model, adam, batches, done, progress, saver):
        args = self.args
        faults = Faults(dist.get_rank() if dist.is_initialized() else 0)
        micro_batches = args.global_batch_size // (args.micro_batch_size * args.data_parallel_size)
        logger.info("The training of Epoch 0 starts...")
        for step in range(done + 1, args.train_iters + 1):
            faults.before(step)
            adam.clear()
            sums = torch.zeros(2)
            for _ in range(micro_batches):
                loss, tokens = losses(model, next(batches))
                loss.backward()
                sums += torch.stack([loss.detach(), tokens.float()])
            adam.gather(sums)
            norm = adam.step(schedule.learning_rate(args, step - 1, args.train_iters), args.clip_grad)
            progress.step(step, float(sums[0] / sums[1]), norm)
            if step % args.save_steps == 0 or step == args.train_iters:
                saver.save(step, step * args.global_batch_size)


def main():
    # As the real one, which needs a process group in every case.
    SimulatedMegatronSft(sys.argv[1:]).main()
    if dist.is_initialized():
        dist.barrier()
        dist.destroy_process_group()
    # Everything is written; taking the interpreter down takes a good part of a second for each rank.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
