import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { factOf } from "../../facts/fact";
import { model } from "../../facts/model";

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "muster-model it's "));
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

function ask(asked: string | undefined, as: string[] = []) {
  const topic = model(asked);
  const [program = "sh", ...argv] = [...as, "sh", "-c", `export LC_ALL=C\n${topic.snippet}`];
  const done = spawnSync(program, argv, { encoding: "utf8" });
  return factOf(topic, { exitCode: done.status ?? -1, output: `${done.stdout}${done.stderr}` });
}

test("plain values of config.json and the size of all weights", () => {
  const config = {
    model_type: "glm4_moe",
    num_hidden_layers: 46,
    tie_word_embeddings: false,
    architectures: ["Glm4MoeForCausalLM"],
    text_config: { num_attention_heads: 96 },
  };
  fs.writeFileSync(path.join(folder, "config.json"), JSON.stringify(config));
  fs.writeFileSync(path.join(folder, "model-1.safetensors"), "12345");
  fs.writeFileSync(path.join(folder, "elsewhere"), "1234567");
  fs.symlinkSync(path.join(folder, "elsewhere"), path.join(folder, "model-2.safetensors"));
  expect(ask(`${folder}/`)).toEqual({
    status: "present",
    value: {
      config: { model_type: "glm4_moe", num_hidden_layers: 46, tie_word_embeddings: false, num_attention_heads: 96 },
      weightBytes: 12,
    },
  });
});

test("no folder and no question are absent; what cannot be read is unknown", () => {
  expect(ask(path.join(folder, "none"))).toEqual({ status: "absent" });
  expect(ask(undefined)).toEqual({ status: "absent" });
  fs.writeFileSync(path.join(folder, "config.json"), "{");
  expect(ask(folder).status).toBe("unknown");
});

test("a folder that may not be entered is unknown", () => {
  fs.mkdirSync(path.join(folder, "closed"), { mode: 0o700 });
  fs.chmodSync(folder, 0o755);
  const nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];
  expect(ask(path.join(folder, "closed"), nobody)).toEqual({
    status: "unknown",
    reason: expect.stringContaining("Permission denied"),
  });
});

test("the snippet is what shellcheck takes", () => {
  const script = `#!/bin/sh\n${model(folder).snippet}\n`;
  expect(execFileSync("shellcheck", ["-s", "sh", "-"], { input: script, encoding: "utf8" })).toBe("");
});
