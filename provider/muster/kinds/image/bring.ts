import { uploadResumably } from "../../../../remote/resumable-upload";
import { quote } from "../../../../remote/shell";
import { OperatorError } from "../../../../wire/operator-error";
import type { KindContext } from "../../../kind";
import { derive } from "./derive";
import { look } from "./facts";
import { change, LONG_SECONDS } from "./host-change";
import type { Archive, ImageInputs } from "./inputs";
import type { Offer } from "./offer";
import { archiveBytes } from "./operator-files";
import { archiveFolder, uploadedArchive, wholeArchive } from "./paths";
import { transferStatus } from "./progress";
import { pull } from "./pull";
import { localName } from "./reference";
import { requireSpace } from "./space";
import type { ImageSpread } from "./spread";
import { inSpread } from "./spreads";
import { declaredDigest, fits, type Wish } from "./wish";

/** What the reference was known to be before. */
export interface Last {
  readonly imageId: string;
  readonly digest: string;
}

interface FromSource {
  /** Whether an archive shall stay for other hosts. */
  readonly keep: boolean;
  /** Pulls exactly this. */
  readonly digest: string | undefined;
}

export interface Brought {
  /** Which image it had to become; absent: whatever came. */
  readonly imageId?: string;
  /** What the registry said; empty if it was not asked. */
  readonly digest: string;
  /** It was there already, and only got its name. */
  readonly retagged?: true;
}

/** Makes the reference name the image that is wished for, in the cheapest way. */
export async function bring(context: KindContext, declared: ImageInputs, wish: Wish, last?: Last): Promise<Brought> {
  const inputs = { ...declared, peers: peersOf(context, declared) };
  const { host, reference, source, peers } = inputs;
  for (const id of wish.ids ?? (last?.imageId ? [last.imageId] : [])) {
    const there = await look(context.hosts, host, id);
    if (!there || !fits(wish, there, reference)) continue;
    const name = localName(reference);
    await change(context, host, `name the image ${name}`, `docker tag ${quote(id)} ${quote(name)}`);
    return { imageId: id, digest: "", retagged: true };
  }
  const isShared = peers.some(peer => peer.host !== host);
  const known = wish.ids && last?.digest ? last.digest : undefined;
  if (isShared && ("derive" in source || inputs.spread)) {
    const origin = () => fromSource(context, inputs, { keep: true, digest: known });
    return inSpread(context, inputs, wish, spread => spread.take(context, host, origin));
  }
  if (isShared && "pull" in source && declaredDigest(inputs) === undefined && known === undefined) {
    return inSpread(context, inputs, wish, spread => pullTheSame(context, inputs, spread));
  }
  await fromSource(context, inputs, { keep: false, digest: known });
  return { digest: "" };
}

/** The provider's nodes, at the addresses that the inputs have for some, and whom the inputs name besides. */
function peersOf({ nodes = [] }: KindContext, { peers }: ImageInputs): ImageInputs["peers"] {
  const named = new Map(peers.map(({ host, address }) => [host, address]));
  const known = new Set(nodes.map(({ host }) => host));
  return [
    ...nodes.map(({ host, address }) => ({ host, address: named.get(host) ?? address })),
    ...peers.filter(({ host }) => !known.has(host)),
  ];
}

/** A tag may move while the hosts pull it, or may have moved since the others did: all get the digest of the first. */
async function pullTheSame(context: KindContext, inputs: ImageInputs, spread: ImageSpread): Promise<Brought> {
  const there = await spread.image();
  const digest = await pull(context, inputs, there?.digest || undefined);
  const facts = await look(context.hosts, inputs.host, localName(inputs.reference));
  if (!facts) return { digest };
  const agreed = spread.agree(facts, digest);
  if (agreed.digest !== "" && agreed.digest !== digest) await pull(context, inputs, agreed.digest);
  return agreed;
}

/** @returns the archive that it leaves on the host for others, if any */
async function fromSource(
  context: KindContext,
  inputs: ImageInputs,
  { keep, digest }: FromSource,
): Promise<Offer | undefined> {
  const { host, reference, source } = inputs;
  if ("present" in source) {
    throw new OperatorError({
      summary: `the image ${reference} is not there, and the cluster file says that it is`,
      where: `host ${host}`,
      remedy: "load it there (docker load), or let muster bring it: image.archive, or image.pull: true",
    });
  }
  if ("archive" in source) return load(context, inputs, source.archive, keep);
  if ("derive" in source) await derive(context, inputs, source.derive);
  else await pull(context, inputs, digest);
  return undefined;
}

async function load(
  context: KindContext,
  inputs: ImageInputs,
  archive: Archive,
  keep: boolean,
): Promise<Offer | undefined> {
  const { host, reference } = inputs;
  context.status(`reading ${archive.path}`);
  const bytes = await archiveBytes(archive.path);
  const file = { path: uploadedArchive(context.cluster, bytes.sha256), ...bytes };
  await requireSpace(context.hosts.probe(host), file, bytes.sizeBytes);
  await uploadResumably(context.hosts.runner(host), archive.path, file, {
    timeoutSeconds: LONG_SECONDS,
    signal: context.signal,
    onProgress: transferStatus(`this machine to ${host}`, file.sizeBytes, line => context.status(line)),
  });
  context.status("loading the archive");
  const name = localName(reference);
  const keepIn = keep ? archiveFolder(context.cluster) : undefined;
  const script = loadArchiveScript(file.path, name, { ids: archive.ids ?? [], keepIn });
  const printed = await change(context, host, `load image ${name}`, script);
  const imageId = /^is (sha256:[0-9a-f]{64})$/m.exec(printed)?.[1];
  if (imageId === undefined) {
    throw new OperatorError({
      summary: `the archive holds several images, and none is named ${name}`,
      where: archive.path,
      detail: printed.trim(),
      remedy: `save one image only: docker save -o FILE ${name}`,
    });
  }
  return keep ? { ...file, path: wholeArchive(context.cluster, imageId), isWhole: true } : undefined;
}

/**
 * Loads an archive, which may hold several images, and names the one with one of the ids, else the only one. Then the archive goes, or gets
 * the image's name in a folder. Prints `is ID`.
 */
export function loadArchiveScript(
  archive: string,
  name: string,
  { ids, keepIn }: { readonly ids: readonly string[]; readonly keepIn?: string | undefined },
): string {
  const last =
    keepIn === undefined
      ? `rm -f -- ${quote(archive)}`
      : `mv -f -- ${quote(archive)} ${quote(keepIn)}/"\${1#sha256:}".whole.tar`;
  return `set -e
is() { docker tag "$1" ${quote(name)}; ${last}; echo "is $1"; exit 0; }
said=$(docker load -i ${quote(archive)})
for id in ${ids.map(quote).join(" ")}; do
  ! docker image inspect "$id" >/dev/null 2>&1 || is "$id"
done
loaded=$(printf '%s\\n' "$said" | sed -n 's/^Loaded image\\( ID\\)\\{0,1\\}: //p')
[ "$(printf '%s\\n' "$loaded" | grep -c .)" = 1 ] || loaded=$(printf '%s\\n' "$loaded" | grep -xF -- ${quote(name)}) || { echo "$said"; exit 0; }
is "$(docker image inspect -f '{{.Id}}' "$loaded")"
`;
}
