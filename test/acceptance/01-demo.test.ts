import * as path from "node:path";
import { type Finished, run } from "../support/command";
import { output } from "./muster";
import { SimulatedHost } from "./simulated-host";
import { checkout } from "./site";
import { Weights } from "./weights";

const node1 = new SimulatedHost("node-1");
const node2 = new SimulatedHost("node-2");

describe("the demo, from a fresh clone", () => {
  let demo: Finished;
  let checkpoints: string;

  beforeAll(async () => {
    demo = await run(path.join(checkout(), "scripts/demo"), ["--json"], { cwd: checkout(), deadlineSeconds: 900 });
    if (demo.code !== 0) throw new Error(`exit ${demo.code}\n${demo.stderr.slice(-8000)}`);
    checkpoints = String(await output("checkpoints")).replace("/models/", "/data/models/");
  }, 930_000);

  test("ends well, and tells the result as one JSON object", () => {
    const { outputs } = JSON.parse(demo.stdout) as { outputs: { steps: Record<string, string>; reply: string } };
    expect(outputs.steps).toEqual({
      convert: "completed",
      distribute: "completed",
      train: "completed",
      gather: "completed",
      export: "completed",
      serve: "ready",
      smoke: "completed",
    });
    expect(outputs.reply.length).toBeGreaterThan(0);
  });

  test("the loss falls over 20 steps", async () => {
    const lines = (await node2.ask(`grep loss ${checkpoints}/logging.jsonl`)).split("\n").map(line => JSON.parse(line));
    const losses = lines.map(line => Number(line.loss));
    expect(losses).toHaveLength(20);
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(losses.slice(-5))).toBeLessThan(mean(losses.slice(0, 5)) - 0.5);
  });

  test("four ranks over two nodes trained: each wrote its shards and its random state", async () => {
    const ranks = await node1.inContainer(
      `python - <<'PY'
from torch.distributed.checkpoint import FileSystemReader
import re, glob
folder = glob.glob(${JSON.stringify(checkpoints.replace("/data/models/", "/models/"))} + "/iter_*")[0]
meta = FileSystemReader(folder).read_metadata()
print(sorted({int(re.match(r"__(\\d+)_", place.relative_path).group(1)) for place in meta.storage_data.values()}),
      sorted(key for key in meta.state_dict_metadata if "rng" in key))
PY`,
      60,
    );
    expect(ranks).toMatch(/^\[0, 1, 2, 3\] /);
    for (const rank of [0, 1, 2, 3]) expect(ranks).toContain(`rng_state/shard_0.${rank}_1.4`);
  });

  test("before gathering, the shards of node-2's ranks were on node-2 only; afterwards the set is complete by checksum", async () => {
    const list = "find . -name '*.distcp' -printf '%f\\n' | sort";
    const own = (await node2.ask(`cd ${checkpoints} && ${list}`)).split("\n");
    expect(own.every(name => /^__[23]_\d\.distcp$/.test(name))).toBe(true);
    expect(own.length).toBeGreaterThanOrEqual(2);
    const others = await node2.ask(
      `cd ${checkpoints} && find . -name '.metadata' -o -name common.pt -o -name args.json`,
    );
    expect(others).toBe("");
    // The change time of a file cannot be set by a copying program: it says when the copy came to this disk.
    const trained = Number(await node1.ask("stat -c %Y /var/lib/muster/dev/jobs/train/done"));
    const arrivals = (await node1.ask(`cd ${checkpoints}/iter_* && stat -c '%n %Z' ${own.join(" ")}`)).split("\n");
    for (const line of arrivals) expect(Number(line.split(" ")[1])).toBeGreaterThanOrEqual(trained);
    const sums = `cd ${checkpoints}/iter_* && sha256sum ${own.join(" ")}`;
    expect(await node1.ask(sums)).toBe(await node2.ask(sums));
  });

  test("the exported tensors load, and differ from the start", async () => {
    const start = await Weights.of(node1, "/models/tiny");
    const trained = await Weights.of(node1, String(await output("weights")));
    expect(trained.names).toEqual(start.names);
    expect(trained.parameters).toBe(start.parameters);
    expect(trained.allFinite).toBe(true);
    expect(trained.digest).not.toBe(start.digest);
  });

  test("the reply comes from the served model: greedy text of the API and of the exported weights agree", async () => {
    const request = {
      model: "tiny",
      temperature: 0,
      max_tokens: 12,
      messages: [{ role: "user", content: "weather in Paris?" }],
    };
    const key = String(await output("apiKey"));
    const response = await fetch(`${await output("url")}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
      body: JSON.stringify(request),
    });
    const answer = (await response.json()) as { model: string; choices: { message: { content: string } }[] };
    expect(answer.model).toBe("tiny");
    const local = await node1.inContainer(
      `python - <<'PY'
import json, torch
from transformers import AutoModelForCausalLM, AutoTokenizer
folder = ${JSON.stringify(String(await output("weights")))}
model, tokenizer = AutoModelForCausalLM.from_pretrained(folder, torch_dtype=torch.float32), AutoTokenizer.from_pretrained(folder)
ids = tokenizer.apply_chat_template([{"role": "user", "content": "weather in Paris?"}], add_generation_prompt=True, return_tensors="pt")
out = model.generate(ids, do_sample=False, max_new_tokens=12)
print(json.dumps(tokenizer.decode(out[0][ids.shape[1]:], skip_special_tokens=True)))
PY`,
      60,
    );
    expect(answer.choices[0]?.message.content).toBe(JSON.parse(local.split("\n").at(-1) ?? ""));
    const refused = await fetch(`${await output("url")}/v1/models`);
    expect(refused.status).toBe(401);
  });
});
