import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import { hostPath } from "../components/node-folders";
import type { Cluster } from "../config/schema";
import type { KindContext } from "../provider/kind";
import { file as fileKind } from "../provider/muster/kinds/file";
import { lookAtFile } from "../provider/muster/kinds/file-look";
import { sha256OfFile } from "../provider/muster/kinds/local-digest";
import { localSets } from "../recipes/data/sets";
import { ownerQuery } from "../remote/ownership";
import type { Hosts } from "../remote/runner";
import { OperatorError } from "../wire/operator-error";
import { withCluster } from "./cluster-access";
import { type Console, printLine } from "./console";
import { openProject, stackOf } from "./project";
import { renderError } from "./render-error";
import type { VerbCall, VerbTable } from "./verb";

interface DistributeFlags {
  readonly to?: string;
}

/** A file of the operator's side, and its place on the hosts. */
interface Delivery {
  readonly source: string;
  readonly path: string;
}

/** `muster data distribute`: what `up` would do for the data alone, by the same kind of resource. */
export function addDataDistribute(table: VerbTable, data: Command): void {
  table
    .add<DistributeFlags>(
      data,
      "distribute [file]",
      "Put data sets on the training nodes now, proven by checksum; a node that has one is left alone",
      distribute,
    )
    .option("--to <path>", "place in the container, for a file that is not in pipeline.data");
}

async function distribute(call: VerbCall<DistributeFlags>): Promise<number> {
  const { console, args, flags, folder } = call;
  const wanted = args[0] === undefined ? undefined : resolve(folder, args[0]);
  return await withCluster(call, async ({ cluster, hosts }) => {
    const deliveries = deliveriesOf(cluster, wanted, flags.to);
    const nodes = cluster.pipeline?.train?.nodes ?? cluster.hosts.map(host => host.name);
    const project = openProject(folder);
    const owner = { stack: stackOf(project, flags.stack, console.env), project: project.name };
    await refuseForeign(hosts, cluster, nodes, owner);
    const outcomes = await Promise.allSettled(
      deliveries.flatMap(delivery => nodes.map(node => deliver({ console, cluster, hosts }, node, delivery))),
    );
    const failures = outcomes.flatMap(outcome => (outcome.status === "rejected" ? [outcome.reason] : []));
    for (const failure of failures) console.err.write(`${renderError(failure, flags.debug === true)}\n`);
    return failures.length === 0 ? 0 : 1;
  });
}

/** The files to bring: those of pipeline.data, one of them, or another one with its place. @throws OperatorError */
export function deliveriesOf(cluster: Cluster, wanted: string | undefined, to: string | undefined): Delivery[] {
  const declared = localSets(cluster.pipeline?.data).map(set => ({ source: set.file, path: set.name }));
  const chosen = wanted === undefined ? declared : declared.filter(each => each.source === wanted);
  const all = to !== undefined && wanted !== undefined ? [{ source: wanted, path: to }] : chosen;
  if (all.length === 0) {
    throw new OperatorError({
      summary:
        wanted === undefined ? "pipeline.data names no file of this side" : "pipeline.data does not name this file",
      where: wanted ?? cluster.file,
      remedy: `muster data distribute ${wanted ?? "FILE.jsonl"} --to /var/lib/muster/data/FILE.jsonl, or name it under pipeline.data`,
    });
  }
  return all.map(({ source, path }) => {
    const place = hostPath(cluster, path);
    if (!existsSync(source)) {
      throw new OperatorError({ summary: "there is no such file", where: source, remedy: "correct the path" });
    }
    if (place !== undefined) return { source, path: place };
    throw new OperatorError({
      summary: `${path} lies in no folder that is mounted into the container`,
      where: cluster.file,
      remedy: "mount a folder there (container.mounts), or use a path below /var/lib/muster/data",
    });
  });
}

/** Hosts of another stack are not written to. The stamp tells the stack's name, which is enough to know one's own. */
async function refuseForeign(
  hosts: Hosts,
  cluster: Cluster,
  nodes: readonly string[],
  own: { readonly stack: string; readonly project: string },
): Promise<void> {
  const foreign = await Promise.all(
    nodes.map(async node => {
      const { stdout } = await hosts.probe(node).query(ownerQuery(`/var/lib/muster/${cluster.name}`));
      const [, description = ""] = stdout.split("\n");
      const isOurs = description === "" || description.startsWith(`stack ${own.stack} of project ${own.project},`);
      return isOurs ? [] : [`${node}: ${description}`];
    }),
  );
  const theirs = foreign.flat();
  if (theirs.length === 0) return;
  throw new OperatorError({
    summary: "hosts belong to another stack; nothing was copied",
    detail: theirs.join("\n"),
    remedy: "choose that stack with -s, or leave the hosts out of pipeline.train.nodes",
  });
}

async function deliver(
  { console, cluster, hosts }: { readonly console: Console; readonly cluster: Cluster; readonly hosts: Hosts },
  node: string,
  { source, path }: Delivery,
): Promise<void> {
  const context: KindContext = {
    hosts,
    cluster: cluster.name,
    urn: "",
    status: line => void console.err.write(`${line}\n`),
    tell: line => void console.err.write(`${line}\n`),
    signal: new AbortController().signal,
    allowed: () => false,
  };
  const sha256 = await sha256OfFile(source);
  const found = await lookAtFile(context, node, path, sha256);
  if (found?.type === "file" && found.sha256 === sha256) {
    printLine(console, `${node}: ${path} is there already (sha256 ${sha256})`);
    return;
  }
  await fileKind.create(context, { host: node, path, source, sha256, mode: "0644" });
  printLine(console, `${node}: ${path} written (sha256 ${sha256})`);
}
