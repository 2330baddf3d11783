"""Simulated stand-ins for the tools of the training image that need CUDA: megatron, swift export, vllm."""
