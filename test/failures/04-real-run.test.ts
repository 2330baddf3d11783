import * as fs from "node:fs";
import * as path from "node:path";
import { node1, node2 } from "./run";

const archive = fs
  .readFileSync(path.join(__dirname, "..", "cases", "megatron-4.6.0", "two-nodes.tgz"))
  .toString("base64");
const unpack = (disk: string) =>
  `mkdir -p /data/models/real && base64 -d <<'END' | tar -xzf - -C /data/models/real --strip-components=1 ${disk}\n${archive}\nEND`;

afterAll(async () => {
  for (const host of [node1, node2]) await host.ask("rm -rf /data/models/real");
});

test("a real run of two nodes, on two disks, is gathered over the mesh, and torch reads every parameter of it", async () => {
  await node1.ask(unpack("n0"));
  await node2.ask(unpack("n1"));
  const gather = "python3 /opt/muster/gather.py --folder /models/real/d --peer node-2 --ranks-per-node 1";
  const answer = JSON.parse(await node1.inContainer(gather)) as {
    ok: boolean;
    copied: { file: string; from: string }[];
  };
  expect(answer).toMatchObject({ ok: true, copied: [{ file: "__1_0.distcp", from: "node-2" }] });
  // The simulated toolchain's reader is torch.distributed.checkpoint itself.
  const count =
    "from simulated import checkpoint; print(sum(t.numel() for t in checkpoint.load('/models/real/d/checkpoint-20').values()))";
  expect(await node1.inContainer(`python3 -c "${count}"`)).toBe("460160");
});
