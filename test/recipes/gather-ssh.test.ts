import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { Sshd } from "../remote/sshd";
import { runTool, SimulatedNodes } from "../support/nodes";
import { unpackReal } from "../support/real-run";

let nodes: SimulatedNodes;
let sshd: Sshd;
let config: string;

/** The second node's sshd, a real one. Its disk is another folder; the first copy is cut off after a megabyte. */
beforeEach(async () => {
  nodes = new SimulatedNodes(["node-1", "node-2"]);
  const forced = path.join(nodes.base, "forced");
  sshd = await Sshd.start([`ForceCommand ${forced}`]);
  const { base } = nodes;
  const script = [
    "#!/bin/bash",
    `line=\${SSH_ORIGINAL_COMMAND//${base.replaceAll("/", "\\/")}\\/node-1\\//${base}/node-2/}`,
    `echo "$line" >>${base}/ssh.log`,
    `if [[ $line == *"tail -c"* ]] && mkdir ${base}/cut 2>/dev/null; then`,
    '  sh -c "$line" | head -c 1000000',
    "  kill -9 $PPID",
    "fi",
    'exec sh -c "$line"',
  ];
  fs.writeFileSync(forced, `${script.join("\n")}\n`, { mode: 0o755 });
  fs.writeFileSync(path.join(base, "known_hosts"), `node-2 ${sshd.hostKey()}\n`);
  config = path.join(base, "ssh_config");
  const lines = [
    "Host node-2",
    "HostName 127.0.0.1",
    "HostKeyAlias node-2",
    `Port ${sshd.port}`,
    "User root",
    `IdentityFile ${sshd.folder}/client_key`,
    `UserKnownHostsFile ${base}/known_hosts`,
  ];
  fs.writeFileSync(config, `${lines.join("\n")}\n`);
});
afterEach(async () => {
  await sshd.stop();
  nodes.remove();
});

test("a link that breaks in the middle of a shard costs what was under way, not what has come", () => {
  unpackReal("two-nodes", nodes.base);
  for (const [from, to] of [
    ["n0", "node-1"],
    ["n1", "node-2"],
  ] as const) {
    fs.rmSync(nodes.out(to), { recursive: true });
    fs.renameSync(path.join(nodes.base, from, "d"), nodes.out(to));
  }
  const ssh = `ssh -F ${config} -o BatchMode=yes`;
  const argv = ["--folder", nodes.out("node-1"), "--peer", "node-2", "--ranks-per-node", "1", "--ssh", ssh];
  const { result } = runTool<{ ok: boolean; faults: string[]; copied: { file: string }[] }>("gather.py", argv);
  expect(result).toMatchObject({ ok: true, faults: [], copied: [{ file: "__1_0.distcp", from: "node-2" }] });
  const shard = path.join(nodes.out("node-1"), "checkpoint-20", "iter_0000020", "__1_0.distcp");
  expect(createHash("sha256").update(fs.readFileSync(shard)).digest("hex")).toBe(
    "74f919643690f9f671023b399d734fce2436839365ebc1a216ef4e879091b85f",
  );
  const copies = nodes
    .log()
    .split("\n")
    .filter(line => line.includes("tail -c"));
  expect(copies).toHaveLength(2);
  expect(Number(/ sh (\d+) /.exec(copies[1] ?? "")?.[1])).toBeGreaterThan(100_000);
});
