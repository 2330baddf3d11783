"""One rank of a simulated `megatron sft`.

Real: the arguments (ms-swift 3.7.1's MegatronTrainArguments), the data path and template, the trainer beneath
(ms-swift's Seq2SeqTrainer, DDP over gloo), the checkpoint files (torch.distributed.checkpoint). Simulated: Megatron's
model and its parallelism. Ranks that would share a model's parts read the same rows, and so compute the same thing.
"""

import os
import sys
import warnings

warnings.filterwarnings("ignore", category=FutureWarning)
warnings.filterwarnings("ignore", message="TypedStorage is deprecated")

import torch.distributed as dist
from torch.optim.lr_scheduler import LambdaLR

from simulated import arguments, checkpoint, gpu, layout, schedule
from simulated.lora import Lora, is_adapter
from simulated.progress import Progress

MegatronTrainArguments = arguments.megatron_train()

import swift.trainers.mixin as mixin
from swift.llm import BatchSamplerShard, TrainArguments
from swift.llm.train import SwiftSft
from swift.trainers import TrainerFactory

FILES_PER_RANK = 2


class SimulatedMegatronSft(SwiftSft):
    """As ms-swift's MegatronSft, with its own Hugging Face trainer in place of Megatron's."""

    args_class = MegatronTrainArguments

    def __init__(self, args=None):
        self.train_msg = {}
        super(SwiftSft, self).__init__(args)
        args = self.args
        self.world = dist.get_world_size() if dist.is_initialized() else 1
        self.adapter = None
        gpu.claim_as_torch(int(os.environ.get("LOCAL_RANK", "0")), "megatron sft")
        _, self.processor = args.get_model_processor(load_model=False)
        args.init_model_args(self.processor, self.processor.model_info.config)
        self.data_parallel = schedule.check_world(args, self.world)
        self._prepare_template()
        args.save_args(args.save)
        # Rows without padding, packed or not, need a flash-attention kernel. Here they are padded, one row each.
        self.template.padding_free = self.template._packing = False
        if args.packing:
            print("megatron (simulated): --packing true is not simulated, rows are padded instead", flush=True)
            args.packing = False

    def _trainer_arguments(self, steps):
        args = self.args
        return TrainArguments(
            model=args.model,
            model_type=args.model_type,
            template=args.template,
            agent_template=args.agent_template,
            loss_scale=args.loss_scale,
            max_length=args.max_length,
            dataset=args.dataset,
            train_type="full",
            freeze_parameters=args.freeze_parameters,
            freeze_parameters_regex=args.freeze_parameters_regex,
            freeze_parameters_ratio=args.freeze_parameters_ratio,
            trainable_parameters=args.trainable_parameters,
            trainable_parameters_regex=args.trainable_parameters_regex,
            torch_dtype="float32",
            fp16=False,
            bf16=False,
            per_device_train_batch_size=args.micro_batch_size,
            gradient_accumulation_steps=args.global_batch_size // (args.micro_batch_size * self.data_parallel),
            max_steps=steps,
            learning_rate=args.lr,
            weight_decay=args.weight_decay,
            max_grad_norm=args.clip_grad,
            adam_beta1=args.adam_beta1,
            adam_beta2=args.adam_beta2,
            adam_epsilon=args.adam_eps,
            logging_steps=args.log_interval,
            logging_first_step=False,
            save_strategy="no",
            output_dir=args.save,
            add_version=False,
            report_to=["none"],
            check_model=False,
            dataloader_num_workers=0,
            dataloader_drop_last=True,
            gradient_checkpointing=False,
            ddp_find_unused_parameters=False,
            ddp_backend="gloo" if self.world > 1 else None,
            seed=args.seed,
            data_seed=args.data_seed,
        )

    def _load(self, model):
        """Take the weights that --load names; returns the iteration to go on from."""
        args = self.args
        if args.load is None:
            return 0
        weights = checkpoint.load(args.load)
        state = {k: v.float() for k, v in layout.to_hf(weights, model.config).items()}
        missing, unexpected = model.load_state_dict(state, strict=False)
        if unexpected or [k for k in missing if k != "lm_head.weight"]:
            raise RuntimeError(f"{args.load} does not fit {args.model}: missing {missing}, unexpected {unexpected}")
        # With LoRA the base says nothing of how far its adapter has come.
        source = args.load if args.train_type == "full" else args.adapter_load
        return 0 if args.finetune or source is None else checkpoint.iteration_of(source)

    def _attach(self, model):
        """With LoRA: the adapter, a part of the model, so that the trainer finds it."""
        self.adapter = model.lora = Lora(model, self.args)
        if self.args.adapter_load is not None:
            self.adapter.take(checkpoint.load(self.args.adapter_load, is_adapter))

    def _tensors(self, model, value):
        """What is trained, by Megatron's names: the adapter's parameters or all of them, each as `value` gives it."""
        if self.adapter:
            return self.adapter.tensors(value)
        state = {name: value(parameter).detach() for name, parameter in model.named_parameters()}
        return layout.to_mcore(state, model.config)

    def _save(self, trainer, iteration):
        args = self.args
        tensors = self._tensors(trainer.model, lambda value: value.to(args.torch_dtype))
        if not args.no_save_optim:
            kept = trainer.optimizer.state
            if all(parameter in kept for parameter in (self.adapter or trainer.model).parameters()):
                for kind in ("exp_avg", "exp_avg_sq"):
                    named = self._tensors(trainer.model, lambda parameter: kept[parameter][kind])
                    tensors |= {f"optimizer.state.{kind}.{name}": tensor for name, tensor in named.items()}
        common = {"args": {"iteration": iteration, "world_size": self.world, "consumed_train_samples": iteration * args.global_batch_size}}
        rank = dist.get_rank() if dist.is_initialized() else 0
        own = {} if args.no_save_rng else {f"rng_state/shard_0.{rank}_1.{self.world}": checkpoint.random_state()}
        checkpoint.save(args.save, iteration, tensors, own, common, FILES_PER_RANK, as_file=True)

    def run(self):
        args = self.args
        rows, _ = self._prepare_dataset()
        total = schedule.iterations(args, len(rows), self.data_parallel)
        model_parallel = self.world // self.data_parallel
        model, _ = args.get_model_processor(load_model=True)
        self.model = model.float()
        first = self._load(self.model)
        if first >= total:
            print(f"iteration {first} of {total}: nothing is left to train", flush=True)
            return
        below = self._trainer_arguments(total - first)
        self.model = self.prepare_model(below, self.model, template=self.template, train_dataset=rows)
        if args.train_type == "lora":
            self._attach(self.model)

        class Sampler(BatchSamplerShard):
            rank = property(lambda _: (dist.get_rank() if dist.is_initialized() else 0) // model_parallel)
            world_size = property(lambda _: self.data_parallel)

        mixin.BatchSamplerShard = Sampler
        trainer_cls = TrainerFactory.get_trainer_cls(below)
        progress = Progress(args, first, total, lambda iteration: self._save(trainer, iteration))
        trainer = trainer_cls(
            model=self.model,
            args=below.training_args,
            data_collator=self.template.data_collator,
            train_dataset=rows,
            callbacks=[],
            template=self.template,
        )
        for name in ("ProgressCallbackNew", "ProgressCallback", "PrinterCallback"):
            for callback in [c for c in trainer.callback_handler.callbacks if type(c).__name__ == name]:
                trainer.remove_callback(callback)
        trainer.add_callback(progress)
        trainer._save_checkpoint = lambda model, trial: progress.checkpoint(first + trainer.state.global_step)
        trainer.create_scheduler = lambda num_training_steps, optimizer=None: self._schedule(trainer, optimizer, total)
        if dist.is_initialized() and dist.get_rank() == 0:
            print(f"using world size: {self.world}, data-parallel size: {self.data_parallel}", flush=True)
        trainer.train()

    def _schedule(self, trainer, optimizer, total):
        args = self.args
        trainer.lr_scheduler = LambdaLR(
            optimizer or trainer.optimizer, lambda done: schedule.learning_rate(args, done, total) / args.lr
        )
        return trainer.lr_scheduler


def main():
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
