import { z } from "zod";
import { OperatorError } from "../../../../wire/operator-error";
import { expectSuccess } from "../../../command-failed";
import { errorText } from "../../../error-text";
import { InitFailed, type Kind, type KindContext } from "../../../kind";
import { isUnreachable } from "../../../operation";
import { type Brought, bring, type Last } from "./bring";
import { checkReference } from "./check-reference";
import { digestOf, type ImageFacts, look } from "./facts";
import { change } from "./host-change";
import { type ImageInputs, type ImageOutputs, imageInputsSchema } from "./inputs";
import { withIdentity } from "./operator-files";
import { leftoversScript, letGoMark, sweepScript } from "./paths";
import { localName } from "./reference";
import { parseRemoved, removeScript } from "./remove-script";
import { declaredDigest, fits, isSame, type Wish, wishOf } from "./wish";

/** Removing layers of gigabytes takes a disk its time. */
const REMOVE_SECONDS = 600;

/** The inputs in a state, also in one that an older version wrote: a refresh must not stop at it. */
function declaredIn(state: ImageInputs): ImageInputs {
  const { host, reference, source, pinnedDigest, registry, peers, spread } = state;
  return {
    host,
    reference,
    source,
    peers: peers ?? [],
    spread: spread ?? false,
    ...(pinnedDigest !== undefined && { pinnedDigest }),
    ...(registry !== undefined && { registry }),
  };
}

/** The same function serves create and update: what the name stands for becomes what is declared. */
async function converge(
  context: KindContext,
  inputs: ImageInputs,
  old?: ImageInputs & ImageOutputs,
): Promise<ImageOutputs> {
  const { host, reference } = inputs;
  const name = localName(reference);
  const wish = wishOf(inputs, old);
  const before = await look(context.hosts, host, name);
  if (before && fits(wish, before, reference)) return outputs(inputs, before, old?.owned ?? false, old);
  const brought = await bringOrKeepTrack(context, inputs, wish, old);
  const facts = await look(context.hosts, host, name);
  if (
    !facts ||
    (brought.imageId !== undefined && facts.imageId !== brought.imageId && !wish.ids?.includes(facts.imageId))
  )
    throw otherImage(host, name, facts, brought);
  // A name that was put right is no more ours than it was before.
  const owned = brought.retagged && old ? old.owned : true;
  return outputs(inputs, facts, owned, brought.digest ? { imageId: facts.imageId, digest: brought.digest } : old);
}

function otherImage(host: string, name: string, facts: ImageFacts | undefined, { imageId }: Brought): OperatorError {
  const became = facts ? `became ${facts.imageId}` : "is not there although it was brought";
  return new OperatorError({
    summary: `the image ${name} ${became}${imageId ? `, and is ${imageId} on the other hosts` : ""}`,
    where: `host ${host}`,
    remedy:
      "give all hosts the same kind of image store: docker info -f '{{.DriverStatus}}' tells which, daemon.json (features.containerd-snapshotter) sets it",
  });
}

/** Whatever fails on the way may leave parts on the host: the next run goes on with them, or destroy removes them. */
async function bringOrKeepTrack(
  context: KindContext,
  inputs: ImageInputs,
  wish: Wish,
  old?: ImageInputs & ImageOutputs,
): Promise<Brought> {
  try {
    return await bring(context, inputs, wish, old);
  } catch (error) {
    const isDerived = "derive" in inputs.source;
    const mayHaveLeftParts = isDerived || "archive" in inputs.source || inputs.spread;
    if (old || !mayHaveLeftParts || isUnreachable(error)) throw error;
    // A name of our own is ours; under another somebody else may have put the image there when we come back.
    const nothing = { imageId: "", found: "", digest: "", sizeBytes: 0, owned: isDerived };
    throw new InitFailed(idOf(inputs), nothing, [errorText(error)]);
  }
}

function outputs(inputs: ImageInputs, facts: ImageFacts, owned: boolean, known?: Last): ImageOutputs {
  const { imageId, sizeBytes } = facts;
  return { imageId, found: imageId, digest: registryDigest(inputs, facts, known), sizeBytes, owned };
}

/** Docker's own store keeps the digest of what it pulled itself only; what came from another host has it from there. */
function registryDigest(inputs: ImageInputs, facts: ImageFacts, known?: Last): string {
  if (!("pull" in inputs.source || "present" in inputs.source)) return "";
  const declared = declaredDigest(inputs);
  if (declared !== undefined) return declared;
  return digestOf(facts, inputs.reference) || (known?.imageId === facts.imageId ? known.digest : "");
}

function idOf({ host, reference }: Pick<ImageInputs, "host" | "reference">): string {
  return `${host}/${reference}`;
}

/** An image on a host, under a name. */
export const image: Kind<ImageInputs, ImageOutputs> = {
  token: "muster:index:Image",
  description:
    "Brings an image to a host: pulled, loaded, derived from another one by packages, or taken from another host.",
  inputs: imageInputsSchema,
  fields: {
    host: { change: "replace" },
    reference: { change: "replace" },
    source: { change: "update" },
    pinnedDigest: { change: "update" },
    // How it gets there does not change what it is.
    registry: { change: "ignore", secret: true },
    peers: { change: "ignore" },
    spread: { change: "ignore" },
  },
  outputs: {
    imageId: { description: "sha256:…, the same on every host" },
    found: { description: "what the reference names on the host now; another id than imageId, or nothing, is drift" },
    digest: { description: "digest in the registry, when it was pulled; else empty" },
    sizeBytes: { description: "as docker says it", schema: z.number() },
    owned: { description: "whether muster brought it to the host; only then it is removed", schema: z.boolean() },
  },

  async complete(inputs, { old }) {
    const { source, reference } = inputs;
    if (!source || reference === undefined) return {};
    return { source: await withIdentity(source, reference, old?.source as ImageInputs["source"] | undefined) };
  },

  check(inputs) {
    return checkReference(inputs);
  },

  diff(old) {
    return old.found === old.imageId && old.imageId !== ""
      ? []
      : [{ path: "found", mode: "update", replace: false, inputDiff: false }];
  },

  predict(_context, news, old) {
    if (!old?.imageId || !news.source || !isSame({ ...news, source: news.source }, old)) return {};
    const { imageId, digest } = old;
    return { imageId, found: imageId, digest };
  },

  async read(context, id, old) {
    const [host = "", ...rest] = id.split("/");
    const place = old ?? { host, reference: rest.join("/") };
    const facts = await look(context.hosts, place.host, localName(place.reference));
    if (!old) {
      const inputs = imageInputsSchema.parse({ ...place, source: { present: {} } });
      return facts && { inputs, state: outputs(inputs, facts, false) };
    }
    const inputs = declaredIn(old);
    // Whoever declares that the image is there decides what it is by putting it there.
    if (facts && "present" in inputs.source) return { inputs, state: outputs(inputs, facts, old.owned, old) };
    const { imageId, digest, sizeBytes, owned } = old;
    return { inputs, state: { imageId, found: facts?.imageId ?? "", digest, sizeBytes, owned } };
  },

  async create(context, inputs) {
    return { id: idOf(inputs), state: await converge(context, inputs) };
  },

  async update(context, _id, inputs, old) {
    return converge(context, inputs, old);
  },

  async delete(context, _id, old) {
    const { host, imageId } = old;
    if (old.owned) await remove(context, old);
    const asked = await context.hosts.probe(host).query(leftoversScript(context.cluster, imageId));
    const left = expectSuccess(asked, { host, what: "looking for what was left of images" }).stdout.trim().split("\n");
    // Whose stack brought it has let it go, and was told that it stays for us.
    if (!old.owned && left.includes(letGoMark(imageId))) await remove(context, old);
    if (left.some(path => path !== "" && path !== letGoMark(imageId)))
      await change(context, host, "remove what was left of images on their way", sweepScript(context.cluster));
  },
};

async function remove(context: KindContext, old: ImageInputs & ImageOutputs): Promise<void> {
  const { host, reference, imageId } = old;
  const script = removeScript(old, imageId, context.cluster);
  const what = `remove image ${reference}`;
  const users = parseRemoved(await change(context, host, what, script, { timeoutSeconds: REMOVE_SECONDS }));
  if (users === undefined) return;
  context.tell(`the image ${localName(reference)} stays on ${host}, because others use it: ${users}`);
}
