import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { differences, hostStateScript, parseHostState } from "../../../scripts/bench-hosts/host-state";

let folder: string;

/** A folder in place of /var/lib/muster, and a *simulated* docker that knows one container. */
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "muster-state-"));
  for (const place of ["bin", "root/bench/ssh", "root/bench/data"])
    mkdirSync(path.join(folder, place), { recursive: true });
  put("bench/ssh/config", "Host node-1\n");
  put("bench/ssh/id_ed25519", "key");
  docker({});
});
afterEach(() => rmSync(folder, { recursive: true }));

function put(file: string, text: string): void {
  writeFileSync(path.join(folder, "root", file), text, { mode: 0o600 });
}

function docker(change: { config?: object; host?: object; id?: string }): void {
  const inspect = {
    Id: change.id ?? "c0ffee",
    Image: "sha256:aa",
    State: { Status: "running" },
    Config: { Entrypoint: ["/bin/sh"], Env: ["PATH=/bin", "MUSTER_START=1"], Labels: { a: "b" }, ...change.config },
    HostConfig: { NetworkMode: "host", Ulimits: [{ Name: "stack" }, { Name: "memlock" }], ...change.host },
    Mounts: [
      { Source: "/b", Destination: "/b", RW: true },
      { Source: "/a", Destination: "/a", RW: false },
    ],
  };
  writeFileSync(path.join(folder, "bin/docker"), `#!/bin/sh\ncat <<'X'\n${JSON.stringify([inspect], null, 4)}\nX\n`, {
    mode: 0o755,
  });
}

function state() {
  const script = hostStateScript.replace("/var/lib/muster", path.join(folder, "root"));
  const env = { ...process.env, PATH: `${path.join(folder, "bin")}:${process.env.PATH}` };
  return parseHostState(execFileSync("sh", ["-c", script], { encoding: "utf8", env }));
}

test("the same host is the same, also by another tool: order, labels and muster's own variable do not count", () => {
  const before = state();
  expect([...before.files.keys()].sort()).toEqual([
    "bench",
    "bench/data",
    "bench/ssh",
    "bench/ssh/config",
    "bench/ssh/id_ed25519",
  ]);
  put("bench/owner", "whose it is");
  docker({
    id: "other",
    config: { Env: ["PATH=/bin"], Labels: {} },
    host: { Ulimits: [{ Name: "memlock" }, { Name: "stack" }] },
  });
  expect(differences(before, state())).toEqual([]);
  expect(state().containerId).toBe("other");
});

test("content, mode, owner, what is missing and what is too much are told; of a key not its content", () => {
  const before = state();
  put("bench/ssh/config", "Host node-2\n");
  put("bench/ssh/id_ed25519", "another key");
  put("bench/extra", "");
  chmodSync(path.join(folder, "root/bench/ssh/id_ed25519"), 0o644);
  rmSync(path.join(folder, "root/bench/data"), { recursive: true });
  const owner = `${process.getuid?.()}:${process.getgid?.()}`;
  expect(differences(before, state())).toEqual([
    expect.stringMatching(/^bench\/data: d 755 \S+, found not there$/),
    expect.stringMatching(/^bench\/extra: not there, found f 600 /),
    expect.stringMatching(/^bench\/ssh\/config: f 600 \S+ [0-9a-f]{64}, found f 600 \S+ [0-9a-f]{64}$/),
    `bench/ssh/id_ed25519: f 600 ${owner}, found f 644 ${owner}`,
  ]);
});

test("another setting of the container is told", () => {
  const before = state();
  docker({ host: { NetworkMode: "bridge", Privileged: true }, config: { Env: null } });
  expect(differences(before, state())).toEqual([
    'container\'s Env: ["PATH=/bin"], found null',
    'container\'s NetworkMode: "host", found "bridge"',
    "container's Privileged: null, found true",
  ]);
});

test("what is no state of a host is an error", () => {
  expect(() => parseHostState("")).toThrow();
  expect(() => parseHostState("garbage\n\n\n\n[]")).toThrow("not the state of a host");
});
