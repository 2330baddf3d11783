import { z } from "zod";
import type { Kind, PreviewContext } from "../kind";
import { docker, dockerRemove, inspect } from "./docker-cli";

const inputs = z.strictObject({
  name: z.string().min(1),
  keepLocally: z.boolean().optional(),
  triggers: z.record(z.string(), z.string()).optional(),
});

type RemoteImageInputs = z.infer<typeof inputs>;

interface RemoteImageOutputs {
  imageId: string;
  repoDigest: string;
}

interface Inspected {
  readonly Id: string;
  readonly RepoDigests?: readonly string[];
}

/** An image that the daemon has, or pulls. A local tag that is there already is not pulled again. */
export const remoteImage: Kind<RemoteImageInputs, RemoteImageOutputs> = {
  token: "docker:index/remoteImage:RemoteImage",
  description: "An image on the daemon that the provider names.",
  inputs,
  fields: { name: { change: "replace" }, keepLocally: { change: "update" }, triggers: { change: "replace" } },
  outputs: {
    imageId: { description: "sha256:… of the image" },
    repoDigest: { description: "name@sha256:… in its registry; empty for an image that was only built" },
  },
  async read(context, id, old) {
    const found = await look(context, old?.name ?? id);
    return found && { inputs: old ?? { name: id }, state: found };
  },
  async create(context, news) {
    if (!(await look(context, news.name))) await docker(context, ["image", "pull", "--quiet", news.name]);
    const found = await look(context, news.name);
    if (!found) throw new Error(`docker has no image ${news.name} right after it was pulled`);
    return { id: `${found.imageId}${news.name}`, state: found };
  },
  async update(context, _id, news) {
    return (await look(context, news.name)) ?? { imageId: "", repoDigest: "" };
  },
  async delete(context, _id, old) {
    if (!old.keepLocally) await dockerRemove(context, ["image", "rm", old.name]);
  },
};

async function look(context: PreviewContext, name: string): Promise<RemoteImageOutputs | undefined> {
  const found = await inspect<Inspected>(context, "image", name);
  return found && { imageId: found.Id, repoDigest: found.RepoDigests?.[0] ?? "" };
}
