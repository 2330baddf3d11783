import { PassThrough } from "node:stream";
import {
  connectScript,
  type Listening,
  listenScript,
  parseListening,
  parseReach,
  type ReachTarget,
} from "../facts/reach";
import type { FailedPort, ReachTrials } from "../plan/preflight/reach";
import type { Hosts } from "../remote/runner";

/** Bound of the whole trial on a host; its listener ends by itself with it. */
const TRIAL_SECONDS = 60;
/** How long an answer to one connection may take. */
const ANSWER_SECONDS = 4;

export interface ReachNode {
  readonly node: string;
  /** On the network of the cluster. */
  readonly address: string;
  readonly ports: readonly { readonly port: number; readonly use: string }[];
}

interface Listener {
  readonly node: ReachNode;
  readonly listening: Listening;
  end(): Promise<void>;
}

const CHOSEN = "a port that the kernel chose, as for NCCL and gloo";

/**
 * Tries TCP from every node to every other one, on the ports that will be used and on one that the kernel chooses. Where nothing listens yet a
 * listener on the cluster's address stands in for as long as the trial takes. It changes nothing on the hosts.
 */
export async function surveyReach(
  hosts: Hosts,
  nodes: readonly ReachNode[],
  told: (node: string) => void,
): Promise<ReachTrials> {
  const listeners = await Promise.all(nodes.map(node => listen(hosts, node)));
  try {
    const open = listeners.filter(({ listening }) => listening.problem === undefined);
    const targets = open.flatMap(({ node, listening: { chosenPort } }): (ReachTarget & { use: string })[] => [
      ...node.ports.map(({ port, use }) => ({ node: node.node, address: node.address, port, use })),
      ...(chosenPort === undefined ? [] : [{ node: node.node, address: node.address, port: chosenPort, use: CHOSEN }]),
    ]);
    const uses = new Map(targets.map(({ node, port, use }) => [`${node} ${port}`, use]));
    const untried: { node: string; reason: string }[] = listeners.flatMap(({ node, listening: { problem } }) =>
      problem === undefined ? [] : [{ node: node.node, reason: problem }],
    );
    const failed: FailedPort[] = [];
    const tried = new Map(
      open.map(({ node: { node } }) => [node, open.map(other => other.node.node).filter(other => other !== node)]),
    );
    await Promise.all(
      open.map(async ({ node: { node } }) => {
        const others = targets.filter(target => target.node !== node);
        if (others.length === 0) return;
        try {
          const script = connectScript(others, ANSWER_SECONDS);
          const { stdout } = await hosts.probe(node).query(script, { timeoutSeconds: TRIAL_SECONDS });
          for (const failure of parseReach(stdout)) {
            const { node: to, port, reason } = failure;
            failed.push({ from: node, to, port, reason, use: uses.get(`${to} ${port}`) ?? "" });
          }
        } catch (error) {
          tried.delete(node);
          untried.push({ node, reason: messageOf(error) });
        }
        told(node);
      }),
    );
    const counts = new Map(
      open.map(({ node }) => [node.node, targets.filter(target => target.node === node.node).length]),
    );
    return { failed, tried, untried, portsOf: node => counts.get(node) ?? 0 };
  } finally {
    await Promise.all(listeners.map(listener => listener.end()));
  }
}

async function listen(hosts: Hosts, node: ReachNode): Promise<Listener> {
  const stdin = new PassThrough();
  let output = "";
  let ready: (listening: Listening) => void = () => {};
  const listening = new Promise<Listening>(resolve => {
    ready = resolve;
  });
  const script = listenScript(
    node.address,
    node.ports.map(({ port }) => port),
    TRIAL_SECONDS,
  );
  const ended = hosts
    .probe(node.node)
    .query(script, {
      stdin,
      timeoutSeconds: TRIAL_SECONDS + 10,
      onOutput(chunk) {
        output += chunk;
        const said = parseListening(output);
        if (said) ready(said);
      },
    })
    .then(
      () => ready({ problem: output.trim().slice(-300) || "the listener ended at once" }),
      (error: unknown) => ready({ problem: messageOf(error) }),
    );
  return {
    node,
    listening: await listening,
    end: () => {
      stdin.end();
      return ended;
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
