import { createHash } from "node:crypto";
import * as fs from "node:fs";
import type { SimulatedHost } from "../acceptance/simulated-host";
import { appFolder, type Wanted } from "./wanted";

/** What a host shows of one cluster, looked at from outside. */
export interface Evidence {
  readonly text: string;
  readonly secret: string;
  readonly modes: string;
  readonly upload: string;
  /** Versions in the order in which the job has run. */
  readonly runs: readonly number[];
  /** `id running env` of every container of the cluster. */
  readonly containers: readonly string[];
  /** Temporary files and processes that nobody will ever fetch. */
  readonly leftovers: readonly string[];
}

/** Looks at a host. Nothing is left on it by that. */
export async function evidenceOf(host: SimulatedHost, cluster: string): Promise<Evidence> {
  const folder = appFolder(cluster);
  const answer = await host.ask(`
    field() { printf '%s ' "$1"; base64 -w0; echo; }
    cd ${folder} 2>/dev/null || cd /
    cat text 2>/dev/null | field text
    cat secret 2>/dev/null | field secret
    stat -c '%n %a %U' text secret 2>/dev/null | field modes
    sha256sum 2>/dev/null <upload | cut -d' ' -f1 | field upload
    cat runs 2>/dev/null | field runs
    docker ps -a --no-trunc --filter label=muster.cluster=${cluster} --format '{{.ID}} {{.State}}' | field containers
    { find /var/lib/muster /run/muster -name '*.part' -o -name '.muster.*' -o -name '*.new' -o -path '/run/muster/rank.*' 2>/dev/null
      for p in /proc/[0-9]*; do
        [ "$(cat $p/comm 2>/dev/null)" = sh ] && tr '\\0' ' ' <$p/cmdline | grep -o 'muster-lifeline.*'
      done; } | field leftovers
    exit 0`);
  const fields = new Map(
    answer.split("\n").map(line => {
      const [name = "", text = ""] = line.split(" ");
      return [name, Buffer.from(text, "base64").toString()] as const;
    }),
  );
  const lines = (name: string): string[] => (fields.get(name) ?? "").split("\n").filter(Boolean);
  return {
    text: fields.get("text") ?? "",
    secret: fields.get("secret") ?? "",
    modes: lines("modes").join(", "),
    upload: (fields.get("upload") ?? "").trim(),
    runs: lines("runs").map(Number),
    containers: lines("containers"),
    leftovers: lines("leftovers"),
  };
}

/** What a host must show once it is as wanted: all of it, each job run once, and nothing else. */
export function expectConverged(found: Evidence, wanted: Wanted, before: Evidence): void {
  expect(found.text).toBe(`version ${wanted.version}\n`);
  expect(found.secret).toBe(`secret of version ${wanted.version}\n`);
  expect(found.modes).toBe("text 644 root, secret 600 root");
  expect(found.upload).toBe(wanted.upload === undefined ? "" : sha256(wanted.upload));
  // Nothing lost: the lines of earlier runs are still there. Nothing doubled: each version ran once.
  expect(found.runs.slice(0, before.runs.length)).toEqual(before.runs);
  expect(found.runs.filter(version => version === wanted.version)).toEqual([wanted.version]);
  expect(new Set(found.runs).size).toBe(found.runs.length);
  expect(found.containers).toEqual([expect.stringMatching(/^[0-9a-f]{64} running$/)]);
  expect(found.leftovers).toEqual([]);
}

function sha256(file: string): string {
  return createHash("sha256").update(fs.readFileSync(file)).digest("hex");
}
