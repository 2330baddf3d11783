import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { renderArguments, renderFlags } from "../../recipes/arguments";
import { renderCommand } from "../../recipes/command";
import { toolParserFor } from "../../recipes/dialects/serving";
import { profileOf } from "../../recipes/ms-swift/profile";
import { torchrunCommands } from "../../recipes/torchrun";
import { isAtLeast } from "../../recipes/version";

test("arguments of dataclass parsers and flags of servers", () => {
  const chosen = { lr: 1e-5, finetune: true, packing: false, dataset: ["a", "b"], nothing: undefined };
  expect(renderArguments(chosen, { lr: 2e-3, moe_aux_loss_coeff: 0 }).join(" ")).toBe(
    "--lr 0.002 --finetune true --packing false --dataset a b --moe_aux_loss_coeff 0",
  );
  expect(renderFlags({ enforce_eager: true, max_model_len: 8, off: false }, { "max-model-len": 16 })).toEqual([
    "--enforce-eager",
    "--max-model-len",
    "16",
  ]);
});

test("every node has the five variables of torchrun, and only its rank differs", () => {
  const layout = { nodes: ["b", "a"], processesPerNode: 2, masterPort: 29500 };
  const commands = torchrunCommands(["megatron"], {}, layout, node => ({ address: `ip-${node}`, env: { I: node } }));
  expect(commands.map(c => [c.node, c.env.NODE_RANK, c.transport.MASTER_ADDR])).toEqual([
    ["b", "0", "ip-b"],
    ["a", "1", "ip-b"],
  ]);
  expect(commands[1]?.env).toMatchObject({ NNODES: "2", NPROC_PER_NODE: "2", CUDA_VISIBLE_DEVICES: "0,1" });
  expect(() => torchrunCommands([], {}, { ...layout, nodes: [] }, () => ({ address: "", env: {} }))).toThrow(
    "no nodes",
  );
});

test("a rendered command is read back by sh word by word", () => {
  const word = fc.string({ minLength: 1 }).filter(text => !text.includes("\0"));
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 8 }), word, (argv, value) => {
      const text = renderCommand({ argv: ["printf", "%s\\0", "x", ...argv], env: { V: value } });
      expect(execFileSync("sh", ["-c", text], { encoding: "utf8" }).split("\0").slice(1, -1)).toEqual(argv);
    }),
    { numRuns: 40 },
  );
});

test("versions and parsers", () => {
  expect(profileOf("3.12.6")).toHaveProperty("name", "ms-swift 3");
  expect(profileOf("3.6.4")).toHaveProperty("refused");
  expect(["0.10.0", "0.10.1", "0.33.0", undefined].map(v => toolParserFor("glm4_5", "vllm", v))).toEqual([
    "glm4_moe",
    "glm45",
    "glm45",
    "glm45",
  ]);
  const pairs = [
    ["3.10.0", "3.9.3"],
    ["3.9.3", "3.10"],
    ["4.0.0", "4.0"],
    ["0.4.9.post6", "0.4.9"],
  ] as const;
  expect(pairs.map(([have, want]) => isAtLeast(have, want))).toEqual([true, false, true, true]);
  // A candidate comes before its release, what is no version before all.
  const odd = [
    ["0.10.1rc1", "0.10.1"],
    ["0.10.0-nightly", "0.10.0"],
    ["nightly", "0.1"],
  ] as const;
  expect(odd.map(([have, want]) => isAtLeast(have, want))).toEqual([false, true, false]);
  expect(toolParserFor("glm4_0414", "sglang", undefined)).toBeUndefined();
});
