import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { checkedData } from "../../components/data-sets";
import { loadCluster } from "../../config/load";
import { trainCommands } from "../../recipes/ms-swift/train";
import { Cleanup } from "../support/cleanup";

const good = '{"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yo"}]}\n';
const cleanup = new Cleanup();
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "muster-sets-"));
  cleanup.add(() => rmSync(folder, { recursive: true, force: true }));
});
afterEach(cleanup.run);

function cluster(data: string, tool = "megatron sft") {
  const text = `cluster: demo
hosts: [{name: node-1, address: 10.0.0.1}]
ssh: {configFile: none}
image: {reference: "train:1", swift: 3.7.1, vllm: 0.10.0}
slots: 1
pipeline:
  model: {path: /models/m}
  data: ${data}
  train: {nodes: [node-1], output: /out, tool: ${tool}, weights: /models/mcore, iterations: 1, globalBatchSize: 1}
`;
  writeFileSync(join(folder, "demo.yaml"), text);
  return loadCluster(join(folder, "demo.yaml"));
}
const file = (name: string, text: string): void => writeFileSync(join(folder, name), text);
const two =
  "{sets: [{file: a.jsonl, path: /d/a.jsonl}, {file: b.jsonl, path: /d/b.jsonl, rows: 5}, me/it#7], validation: [/d/v.jsonl]}";

test("all bad files are told at once, each with its field; nothing was touched", async () => {
  file("a.jsonl", '{"messages": []}\n');
  file("b.jsonl", `${good}not json\n`);
  const refused = checkedData(cluster(two));
  await expect(refused).rejects.toThrow(
    /a\.jsonl:1: messages: error: an empty list[\s\S]*pipeline\.data\.sets\[0\]\.file is not fit/,
  );
  await expect(refused).rejects.toThrow(/b\.jsonl:2: error: not JSON[\s\S]*pipeline\.data\.sets\[1\]\.file is not fit/);
});

test("a file that is not there, or that is not checked, is refused by its field", async () => {
  await expect(checkedData(cluster(two))).rejects.toThrow(/pipeline\.data\.sets\[0\]\.file: .*a\.jsonl is not there/);
  file("t.csv", "a,b\n");
  const csv = checkedData(cluster("{file: t.csv, path: /d/t.csv}"));
  await expect(csv).rejects.toThrow(
    /ms-swift reads \.csv files, but their rows are not checked here[\s\S]*fix: write it as jsonl/,
  );
});

test("what the result depends on: the bytes of one file, or of all of them", async () => {
  const warn = jest.spyOn(pulumi.log, "warn").mockResolvedValue();
  cleanup.add(() => warn.mockRestore());
  file("a.jsonl", good);
  file("b.jsonl", good.replace("hi", "ho"));
  const one = await checkedData(cluster("{file: a.jsonl, path: /d/a.jsonl}"));
  expect(one).toEqual({ digest: createHash("sha256").update(good).digest("hex"), rows: 1 });
  const { digest: both, rows } = await checkedData(cluster(two));
  // me/it lies elsewhere, so that all rows together are not known.
  expect(rows).toBeUndefined();
  file("b.jsonl", good);
  expect((await checkedData(cluster(two))).digest).not.toBe(both);
  const counted = "{sets: [{file: a.jsonl, path: /d/a.jsonl}, {file: b.jsonl, path: /d/b.jsonl, rows: 5}]}";
  expect((await checkedData(cluster(counted))).rows).toBe(6);
  expect(await checkedData(cluster("{path: /d/a.jsonl}"))).toEqual({});
});

test("what is allowed and should be known is warned of, by its field", async () => {
  const warn = jest.spyOn(pulumi.log, "warn").mockResolvedValue();
  cleanup.add(() => warn.mockRestore());
  file("a.jsonl", good + good);
  const data = "{sets: [{file: a.jsonl, path: /d/a.jsonl, rows: 5}]}";
  await checkedData(cluster(data));
  expect(warn.mock.calls.map(([text]) => text)).toEqual([
    "pipeline.data.sets[0].file: 5 rows of 2: ms-swift draws them again and again",
    "pipeline.data.sets[0].file: rows that are the same as an earlier one: 1",
  ]);
});

test("rows are held to what the tool wants", async () => {
  file("a.jsonl", '{"messages": [{"role": "user", "content": "hi"}]}\n');
  const data = "{file: a.jsonl, path: /d/a.jsonl}";
  await expect(checkedData(cluster(data))).rejects.toThrow(/no reply to it is learned/);
  await expect(checkedData(cluster(data, "megatron pt"))).resolves.toMatchObject({ rows: 1 });
});

test("the training gets all of them, with counts, and the validation set", () => {
  const settings = cluster(two);
  const train = settings.pipeline?.train;
  if (!train) throw new Error("no training");
  const argv = trainCommands(settings, train, () => ({ address: "", env: {} }))[0]?.argv.join(" ");
  expect(argv).toContain("--dataset /d/a.jsonl /d/b.jsonl#5 me/it#7 --val_dataset /d/v.jsonl --");
});
