import { z } from "zod";
import { existingPaths } from "../../../facts/existing-paths";
import { type Fact, factOf } from "../../../facts/fact";
import { type HostFacts, hostFactsScript, parseHostFacts, unaskedFacts } from "../../../facts/host-facts";
import { type PortHolder, portHolders } from "../../../facts/port-holders";
import { parseProbe, topicsScript } from "../../../facts/probe";
import { describeAccess, wayToRoot } from "../../../remote/access";
import { foreignOwner, ownerQuery } from "../../../remote/ownership";
import { RemoteError } from "../../../remote/remote-error";
import { expectSuccess } from "../../command-failed";
import { errorText } from "../../error-text";
import { InitFailed, type Kind, type PreviewContext } from "../../kind";

const inputs = z.strictObject({
  host: z.string().min(1).describe("Name of the host in the provider's table."),
  peers: z
    .array(z.string().regex(/^[A-Za-z0-9:][A-Za-z0-9:._-]*$/, "must be an IP address or a host name"))
    .optional()
    .describe(
      "Addresses of other nodes; the ways to them are among the facts. Default: those of the provider's nodes. Each host would hold all others.",
    ),
  peersDigest: z
    .string()
    .optional()
    .describe("Of the provider's nodes: when they change, the ways to them are asked for anew."),
  way: z
    .string()
    .default("")
    .describe("What leads to the host: login, address, pinned keys. When it changes the host is asked anew."),
  model: z.string().optional().describe("Folder of a model's weights on the host; its numbers are among the facts."),
  ports: z
    .array(z.int().min(1).max(65535))
    .optional()
    .describe("TCP ports that the cluster will listen on there: which of them others hold is told."),
  paths: z
    .array(z.string().min(1))
    .optional()
    .describe("Files and folders that must be there: which of them are is told."),
});

type HostInputs = z.infer<typeof inputs>;

interface HostOutputs {
  facts: HostFacts;
  access: string;
  login: string;
  foreignOwner: string;
  portHolders: Fact<readonly PortHolder[]>;
  existingPaths: Fact<readonly string[]>;
}

type Asked = Pick<HostInputs, "host" | "peers" | "model" | "ports" | "paths">;

/** A host as it was found. Nothing on it is ever changed by this; in preview the facts are asked for already. */
export const host: Kind<HostInputs, HostOutputs> = {
  token: "muster:index:Host",
  description: "The facts of a host: system, GPUs, Docker, network, RDMA, disks, limits.",
  inputs,
  fields: {
    host: { change: "replace" },
    peers: { change: "update" },
    peersDigest: { change: "update" },
    way: { change: "update" },
    model: { change: "update" },
    ports: { change: "update" },
    paths: { change: "update" },
  },
  outputs: {
    facts: {
      description: "What was found, by topic; each is present, absent, or unknown with a reason.",
      typescript: { name: "HostFacts", from: "../../../facts/host-facts" },
    },
    access: {
      description:
        "How commands become root there: root, passwordless or password (by sudo), docker (not at all, but the user is in the docker group), none, or unasked: the host could not be asked, or moved: neither could it by the new login, address or key that it is declared with now.",
    },
    login: { description: "Who logs in, and the way to root, in words." },
    foreignOwner: {
      description: "Another stack that manages the host, so that this one may not; empty if there is none.",
    },
    portHolders: {
      description: "Of the ports that were asked for, those that others hold; unknown with a reason.",
      typescript: { name: "PortHolders", from: "../../../facts/port-holders" },
    },
    existingPaths: {
      description: "Of the paths that were asked for, those that are there; unknown with a reason.",
      typescript: { name: "ExistingPaths", from: "../../../facts/existing-paths" },
    },
  },
  async predict(context, news, old) {
    if (news.host === undefined) return {};
    try {
      return await ask(context, { ...news, host: news.host });
    } catch (error) {
      return standIn(unanswered(error), news, old);
    }
  },
  async read(context, id, old) {
    const asked = {
      host: old?.host ?? id,
      way: old?.way ?? "",
      // Of the state of an earlier version, which held them.
      ...(old?.peers !== undefined && { peers: old.peers }),
      ...(old?.peersDigest !== undefined && { peersDigest: old.peersDigest }),
      ...(old?.model !== undefined && { model: old.model }),
      ...(old?.ports !== undefined && { ports: old.ports }),
      ...(old?.paths !== undefined && { paths: old.paths }),
    };
    return { inputs: asked, state: await ask(context, asked) };
  },
  async create(context, news) {
    try {
      return { id: news.host, state: await ask(context, news) };
    } catch (error) {
      throw new InitFailed(news.host, unanswered(error), [errorText(error)]);
    }
  },
  /** A host that does not answer keeps the facts of its last answer: what was planned from them still stands on the others. */
  async update(context, id, news, old) {
    try {
      return await ask(context, news);
    } catch (error) {
      throw new InitFailed(id, standIn(unanswered(error), news, old), [errorText(error)]);
    }
  },
  async delete() {},
};

/**
 * What stands for the facts of a host that could not be asked: the reason. So one host out of reach does not hide what was found
 * on the others.
 * @throws the error itself if it is not the host's
 */
function unanswered(error: unknown): HostOutputs {
  if (!(error instanceof RemoteError)) throw error;
  const { address, origin, problem, tried = [], remedy } = error.details;
  const attempts = tried.length > 0 ? `; tried ${tried.join(", ")}` : "";
  const place = origin === undefined ? address : `${address} (${origin})`;
  const reason = `${place}: ${problem}${attempts}`;
  const unknown = { status: "unknown", reason } as const;
  return {
    facts: unaskedFacts(reason, remedy),
    access: "unasked",
    login: "not asked",
    foreignOwner: "",
    portHolders: unknown,
    existingPaths: unknown,
  };
}

/** Of a host that does not answer by the way that it answered by before, the facts stand. By another way it may be another machine. */
function standIn(
  lost: HostOutputs,
  news: Partial<HostInputs>,
  old: (HostInputs & HostOutputs) | undefined,
): HostOutputs {
  if (!old || old.access === "unasked") return lost;
  if (old.way !== news.way) return { ...lost, access: "moved" };
  return old.access === "moved" ? lost : outputsIn(old);
}

function outputsIn(state: HostOutputs): HostOutputs {
  const { facts, access, login, foreignOwner: owner, portHolders: held, existingPaths: there } = state;
  return { facts, access, login, foreignOwner: owner, portHolders: held, existingPaths: there };
}

/** Addresses of the other nodes. */
function peersOf({ nodes = [] }: PreviewContext, name: string): string[] {
  const own = nodes.find(({ host: node }) => node === name)?.address;
  return nodes.flatMap(({ address }) => (address === own ? [] : [address]));
}

async function ask(context: PreviewContext, asked: Asked): Promise<HostOutputs> {
  const { host: name, model } = asked;
  const peers = asked.peers ?? peersOf(context, name);
  const probe = context.hosts.probe(name);
  const options = { signal: context.signal, timeoutSeconds: 60 };
  const topics = {
    ports: portHolders(context.cluster, asked.ports ?? []),
    paths: existingPaths(asked.paths ?? []),
  };
  const [facts, owner, ground] = await Promise.all([
    probe.query(hostFactsScript({ peers, model }), options),
    probe.query(ownerQuery(`/var/lib/muster/${context.cluster}`), options),
    probe.query(topicsScript(topics), options),
  ]);
  expectSuccess(facts, { host: name, what: "ask for the facts" });
  const answers = parseProbe(ground.stdout);
  const takenOver = context.ownership?.takesOver(name) === true;
  const access = await probe.access();
  return {
    facts: parseHostFacts(facts.stdout, { peers, model }),
    access: wayToRoot(access),
    login: describeAccess(access),
    foreignOwner: takenOver ? "" : (foreignOwner(owner.stdout, context.ownership?.stack) ?? ""),
    portHolders: factOf(topics.ports, answers.ports),
    existingPaths: factOf(topics.paths, answers.paths),
  };
}
