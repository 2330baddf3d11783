import { z } from "zod";
import { absolutePath } from "./values";

const version = z.string().min(1);

/** Names as pip has them; apex is a commit, megatron-lm a branch or a commit. */
const versions = z
  .strictObject({
    python: z
      .string()
      .regex(/^3\.\d+$/, 'two numbers in quotes, such as "3.10"')
      .optional(),
    cuda: z
      .string()
      .regex(/^\d+\.\d+$/, 'two numbers in quotes, such as "12.4"')
      .optional(),
    torch: version.optional(),
    "transformer-engine": version.optional(),
    apex: version.optional().describe("A commit."),
    "megatron-core": version.optional(),
    "megatron-lm": version.optional().describe("A branch such as core_r0.13.0, or a commit."),
    "mcore-bridge": version.optional(),
    "flash-attn": version.optional(),
    transformers: version.optional(),
    peft: version.optional(),
    trl: version.optional(),
    deepspeed: version.optional(),
    vllm: version.optional(),
    sglang: version.optional(),
    numpy: version.optional(),
  })
  .describe(
    "Versions of your own choice. Default: what upstream recommends for that ms-swift. Refused when they do not fit.",
  );

export const pythonEnvironment = z
  .strictObject({
    kind: z.enum(["venv", "conda"]).describe("venv: of a Python that the host has. conda brings its own."),
    path: absolutePath.describe("Folder of the environment on every host. It is muster's alone: destroy removes it."),
    swift: z
      .string()
      .regex(/^\d+\.\d+\.\d+$/, "a version of ms-swift, such as 3.7.1")
      .describe("Version of ms-swift. It decides how the commands are written, and which versions fit."),
    components: z
      .array(z.enum(["flash-attn", "deepspeed", "vllm", "sglang", "megatron"]))
      .default([])
      .describe(
        "What is installed beside torch and ms-swift. megatron: transformer-engine, apex, megatron-core and Megatron-LM.",
      ),
    versions: versions.prefault({}),
    flashAttention: z
      .enum(["wheel", "build"])
      .default("wheel")
      .describe("wheel: the published one for this Python, torch, CUDA and C++ ABI. build: compiled on the host."),
    conda: absolutePath
      .optional()
      .describe("The conda program. Default: that of PATH, else of /opt/conda or /root/miniconda3."),
    cudaHome: absolutePath
      .optional()
      .describe(
        "The CUDA toolkit. Default: with conda the environment itself, into which it is installed; else /usr/local/cuda.",
      ),
    bundles: absolutePath
      .optional()
      .describe(
        "Folder of git bundles on the hosts, named apex.bundle and Megatron-LM.bundle, instead of the addresses.",
      ),
  })
  .describe("A Python environment on the hosts themselves, with runtime: host.");

export type EnvironmentSettings = z.infer<typeof pythonEnvironment>;
