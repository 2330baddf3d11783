import { z } from "zod";
import { type HostFacts, hostFactsScript, parseHostFacts, unaskedFacts } from "../../../facts/host-facts";
import { RemoteError } from "../../../remote/remote-error";
import { expectSuccess } from "../../command-failed";
import type { Kind, PreviewContext } from "../../kind";

const inputs = z.strictObject({
  host: z.string().min(1).describe("Name of the host in the provider's table."),
  peers: z
    .array(z.string().regex(/^[0-9a-fA-F:.]+$/, "must be an IP address"))
    .default([])
    .describe("Addresses of the other nodes; the ways to them are among the facts."),
  way: z
    .string()
    .default("")
    .describe("What leads to the host: login, address, pinned keys. When it changes the host is asked anew."),
});

type HostInputs = z.infer<typeof inputs>;

interface HostOutputs {
  facts: HostFacts;
  access: string;
}

/** A host as it was found. Nothing on it is ever changed by this; in preview the facts are asked for already. */
export const host: Kind<HostInputs, HostOutputs> = {
  token: "muster:index:Host",
  description: "The facts of a host: system, GPUs, Docker, network, RDMA, disks, limits.",
  inputs,
  fields: { host: { change: "replace" }, peers: { change: "update" }, way: { change: "update" } },
  outputs: {
    facts: {
      description: "What was found, by topic; each is present, absent, or unknown with a reason.",
      typescript: { name: "HostFacts", from: "../../../facts/host-facts" },
    },
    access: {
      description:
        "How commands become root there: root, passwordless, password, user (no way), or, in a preview, unasked: the host could not be asked.",
    },
  },
  async predict(context, news) {
    if (news.host === undefined || news.peers === undefined) return {};
    try {
      return await ask(context, { host: news.host, peers: news.peers });
    } catch (error) {
      // Told by the facts, so that one host out of reach does not hide what was found on the others.
      if (!(error instanceof RemoteError)) throw error;
      const { address, problem, tried = [], remedy } = error.details;
      const attempts = tried.length > 0 ? `; tried ${tried.join(", ")}` : "";
      return { facts: unaskedFacts(`${address}: ${problem}${attempts}`, remedy), access: "unasked" };
    }
  },
  async read(context, id, old) {
    const asked = { host: old?.host ?? id, peers: old?.peers ?? [], way: old?.way ?? "" };
    return { inputs: asked, state: await ask(context, asked) };
  },
  async create(context, news) {
    return { id: news.host, state: await ask(context, news) };
  },
  async update(context, _id, news) {
    return ask(context, news);
  },
  async delete() {},
};

async function ask(
  context: PreviewContext,
  { host: name, peers }: Pick<HostInputs, "host" | "peers">,
): Promise<HostOutputs> {
  const probe = context.hosts.probe(name);
  const options = { signal: context.signal, timeoutSeconds: 60 };
  const result = expectSuccess(await probe.query(hostFactsScript(peers), options), {
    host: name,
    what: "ask for the facts",
  });
  return { facts: parseHostFacts(result.stdout, peers), access: (await probe.access()).mode };
}
