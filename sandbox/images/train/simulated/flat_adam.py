"""Adam over one flat buffer, as Megatron's distributed optimizer keeps it: parameters in float32, two moments, one length."""

import torch
import torch.distributed as dist


class FlatAdam:
    """AdamW (decoupled weight decay) over `parameters`, which become views into the buffer.

    Biases and other parameters of one dimension are not decayed, as in Megatron.
    """

    def __init__(self, parameters, betas, epsilon, weight_decay):
        self.parameters = list(parameters)
        self.betas, self.epsilon, self.steps = betas, epsilon, 0
        self.values = torch.cat([p.detach().reshape(-1).float() for p in self.parameters])
        self.gradients, self.first, self.second = (torch.zeros_like(self.values) for _ in range(3))
        self.decay = torch.cat([torch.full((p.numel(),), weight_decay if p.dim() > 1 else 0.0) for p in self.parameters])
        start = 0
        for parameter in self.parameters:
            end = start + parameter.numel()
            parameter.data = self.values[start:end].view(parameter.shape)
            parameter.grad = self.gradients[start:end].view(parameter.shape)
            start = end

    def norm(self):
        """Norm of the gradient."""
        return float(self.gradients.norm())

    def clear(self):
        """Before the first micro-batch of a step."""
        self.gradients.zero_()

    def gather(self, sums):
        """Adds up gradients and the numbers in `sums` over all ranks, then divides the gradients by the last of these."""
        if dist.is_initialized():
            dist.all_reduce(self.gradients)
            dist.all_reduce(sums)
        self.gradients /= sums[-1].clamp(min=1)

    def step(self, rate, clip):
        """One step at the learning rate; returns the norm before the gradient was clipped."""
        norm = self.norm()
        if clip > 0:
            self.gradients *= min(1.0, clip / (norm + 1e-6))
        self.steps += 1
        first, second = self.betas
        self.first.mul_(first).add_(self.gradients, alpha=1 - first)
        self.second.mul_(second).addcmul_(self.gradients, self.gradients, value=1 - second)
        root = (self.second / (1 - second**self.steps)).sqrt_().add_(self.epsilon)
        self.values.mul_(1 - rate * self.decay).addcdiv_(self.first / (1 - first**self.steps), root, value=-rate)
        return norm

    def buffers(self):
        """Name in Megatron's checkpoint -> buffer."""
        return {"param": self.values, "exp_avg": self.first, "exp_avg_sq": self.second}
