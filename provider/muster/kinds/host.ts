import { z } from "zod";
import { type HostFacts, hostFactsScript, parseHostFacts, unaskedFacts } from "../../../facts/host-facts";
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
    .default([])
    .describe("Addresses of the other nodes; the ways to them are among the facts."),
  way: z
    .string()
    .default("")
    .describe("What leads to the host: login, address, pinned keys. When it changes the host is asked anew."),
  model: z.string().optional().describe("Folder of a model's weights on the host; its numbers are among the facts."),
});

type HostInputs = z.infer<typeof inputs>;

interface HostOutputs {
  facts: HostFacts;
  access: string;
  login: string;
  foreignOwner: string;
}

/** A host as it was found. Nothing on it is ever changed by this; in preview the facts are asked for already. */
export const host: Kind<HostInputs, HostOutputs> = {
  token: "muster:index:Host",
  description: "The facts of a host: system, GPUs, Docker, network, RDMA, disks, limits.",
  inputs,
  fields: {
    host: { change: "replace" },
    peers: { change: "update" },
    way: { change: "update" },
    model: { change: "update" },
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
  },
  async predict(context, news, old) {
    if (news.host === undefined || news.peers === undefined) return {};
    try {
      return await ask(context, { host: news.host, peers: news.peers, model: news.model });
    } catch (error) {
      return standIn(unanswered(error), news, old);
    }
  },
  async read(context, id, old) {
    const asked = {
      host: old?.host ?? id,
      peers: old?.peers ?? [],
      way: old?.way ?? "",
      ...(old?.model !== undefined && { model: old.model }),
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
  return {
    facts: unaskedFacts(`${place}: ${problem}${attempts}`, remedy),
    access: "unasked",
    login: "not asked",
    foreignOwner: "",
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

function outputsIn({ facts, access, login, foreignOwner: owner }: HostOutputs): HostOutputs {
  return { facts, access, login, foreignOwner: owner };
}

async function ask(
  context: PreviewContext,
  { host: name, peers, model }: Pick<HostInputs, "host" | "peers" | "model">,
): Promise<HostOutputs> {
  const probe = context.hosts.probe(name);
  const options = { signal: context.signal, timeoutSeconds: 60 };
  const [facts, owner] = await Promise.all([
    probe.query(hostFactsScript({ peers, model }), options),
    probe.query(ownerQuery(`/var/lib/muster/${context.cluster}`), options),
  ]);
  expectSuccess(facts, { host: name, what: "ask for the facts" });
  const takenOver = context.ownership?.takesOver(name) === true;
  const access = await probe.access();
  return {
    facts: parseHostFacts(facts.stdout, { peers, model }),
    access: wayToRoot(access),
    login: describeAccess(access),
    foreignOwner: takenOver ? "" : (foreignOwner(owner.stdout, context.ownership?.stack) ?? ""),
  };
}
