import { z } from "zod";
import { type HostFacts, hostFactsScript, parseHostFacts } from "../../../facts/host-facts";
import { expectSuccess } from "../../command-failed";
import type { Kind, PreviewContext } from "../../kind";

const inputs = z.strictObject({
  host: z.string().min(1).describe("Name of the host in the provider's table."),
  peers: z
    .array(z.string().regex(/^[0-9a-fA-F:.]+$/, "must be an IP address"))
    .default([])
    .describe("Addresses of the other nodes; the ways to them are among the facts."),
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
  fields: { host: { change: "replace" }, peers: { change: "update" } },
  outputs: {
    facts: {
      description: "What was found, by topic; each is present, absent, or unknown with a reason.",
      typescript: { name: "HostFacts", from: "../../../facts/host-facts" },
    },
    access: { description: "How commands become root there: root, passwordless, password, or user (no way)." },
  },
  async predict(context, news) {
    if (news.host === undefined || news.peers === undefined) return {};
    return ask(context, { host: news.host, peers: news.peers });
  },
  async read(context, id, old) {
    const asked = { host: old?.host ?? id, peers: old?.peers ?? [] };
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

async function ask(context: PreviewContext, { host: name, peers }: HostInputs): Promise<HostOutputs> {
  const probe = context.hosts.probe(name);
  const options = { signal: context.signal, timeoutSeconds: 60 };
  const result = expectSuccess(await probe.query(hostFactsScript(peers), options), {
    host: name,
    what: "ask for the facts",
  });
  return { facts: parseHostFacts(result.stdout, peers), access: (await probe.access()).mode };
}
