import { join } from "node:path";
import { quote } from "../../../../remote/shell";
import { upload } from "../../../../remote/upload";
import { OperatorError } from "../../../../wire/operator-error";
import { expectSuccess } from "../../../command-failed";
import type { KindContext } from "../../../kind";
import {
  debChecksumsScript,
  IS_CONTAINERD_STORE,
  installScript,
  layoutTextsScript,
  loadDerivedScript,
  packLayerScript,
} from "./derive-scripts";
import { type BaseImage, changedPaths, type NewLayer, parseBaseImage, recipeOf, thinArchive } from "./derived-image";
import { change } from "./host-change";
import type { Derivation, ImageInputs } from "./inputs";
import { manifestLayers, thinOciArchive } from "./oci-archive";
import { debNames, debSha256 } from "./operator-files";
import { debsFolder, layerArchive } from "./paths";

const INSTALL_TIMEOUT_SECONDS = 1800;

/** Brings the packages to the host that are not there with the same content. */
async function uploadPackages(context: KindContext, host: string, directory: string): Promise<void> {
  const names = await debNames(directory);
  const there = expectSuccess(await context.hosts.probe(host).query(debChecksumsScript(context.cluster)), {
    host,
    what: "listing packages",
  }).stdout;
  const known = new Set(there.split("\n").filter(Boolean));
  const folder = debsFolder(context.cluster);
  const foreign = [...known].map(line => line.split(/\s+/)[1] ?? "").filter(name => name && !names.includes(name));
  const cleanup =
    foreign.length === 0 ? "" : ` && rm -f -- ${foreign.map(name => quote(`${folder}/${name}`)).join(" ")}`;
  await change(context, host, "prepare the folder of packages", `umask 077; mkdir -p ${quote(folder)}${cleanup}`);
  for (const [index, name] of names.entries()) {
    const local = join(directory, name);
    if (known.has(`${await debSha256(local)}  ${name}`)) continue;
    context.status(`package ${index + 1} of ${names.length}`);
    await upload(context.hosts.runner(host), { path: `${folder}/${name}`, content: { file: local }, mode: "0644" });
  }
}

/** Installs packages into a container of the base and makes the changed files a layer. Its archive stays, for other hosts. */
export async function derive(context: KindContext, inputs: ImageInputs, derivation: Derivation): Promise<void> {
  const { host, reference } = inputs;
  if (derivation.debsDirectory !== undefined) await uploadPackages(context, host, derivation.debsDirectory);
  const base = await baseImage(context, host, derivation);
  const madeBy = `muster: install ${derivation.packages.join(" ")}`;
  const { work, layer } = await newLayer(context, host, derivation);
  const image = { base, layer, reference, recipe: recipeOf(derivation), madeBy };
  const isContainerd = (await context.hosts.probe(host).query(IS_CONTAINERD_STORE)).exitCode === 0;
  const archive = isContainerd ? thinOciArchive(image, await storedLayers(context, host, base)) : thinArchive(image);
  const stdin = [...archive.texts].map(([name, text]) => `${name} ${Buffer.from(text).toString("base64")}\n`).join("");
  const script = loadDerivedScript(work, archive, reference, layerArchive(context.cluster, archive.imageId));
  await change(context, host, `load the derived image ${reference}`, script, { stdin });
}

async function baseImage(context: KindContext, host: string, derivation: Derivation): Promise<BaseImage> {
  const name = derivation.baseId ?? derivation.base;
  const inspected = await context.hosts.probe(host).query(`docker image inspect ${quote(name)}`);
  const what = `reading the base image ${derivation.base}`;
  const base = parseBaseImage(expectSuccess(inspected, { host, what }).stdout);
  if (!base) throw new Error(`${host}: the base image ${derivation.base} is not there`);
  return base;
}

async function newLayer(
  context: KindContext,
  host: string,
  derivation: Derivation,
): Promise<{ work: string; layer: NewLayer }> {
  const packages = derivation.packages.join(", ");
  context.status(`installing ${packages}`);
  const what = `install ${packages} into a container of ${derivation.base}`;
  const limit = { timeoutSeconds: INSTALL_TIMEOUT_SECONDS };
  const installed = await change(context, host, what, installScript(context.cluster, derivation), limit);
  const [containerId = "", ...diff] = installed.trim().split("\n");
  const changed = changedPaths(diff.join("\n"));
  if (changed.deleted.length > 0) {
    await change(context, host, "remove the build container", `docker rm -f ${quote(containerId)} >/dev/null`);
    throw new OperatorError({
      summary: `installing ${packages} deletes files of ${derivation.base}`,
      where: `host ${host}`,
      detail: changed.deleted.slice(0, 5).join("\n"),
      remedy: "choose packages that only add files, or build the image elsewhere and load it as an archive",
    });
  }
  context.status("packing the layer");
  const list = { stdin: `${changed.kept.join("\n")}\n` };
  const packed = await change(context, host, "pack the new layer", packLayerScript(context.cluster, containerId), list);
  const [work = "", sha256 = "", size = ""] = packed.trim().split(" ");
  return { work, layer: { digest: `sha256:${sha256}`, sizeBytes: Number(size) } };
}

/** The base's layers as containerd's store has them. */
async function storedLayers(context: KindContext, host: string, base: BaseImage) {
  context.status("reading what describes the base");
  const what = `reading the manifest of ${base.Id}`;
  const told = await context.hosts.probe(host).query(layoutTextsScript(base.Id), {
    timeoutSeconds: INSTALL_TIMEOUT_SECONDS,
    signal: context.signal,
    // Reads the whole image: a question with a listener has an exec of its own, in which nobody else waits.
    onOutput: () => {},
  });
  const lines = expectSuccess(told, { host, what }).stdout.trim().split("\n");
  const files = new Map(
    lines.map(line => {
      const [name = "", text = ""] = line.split(" ");
      return [name, Buffer.from(text, "base64").toString()] as const;
    }),
  );
  const layers = manifestLayers(files, base);
  if (layers && layers.length === base.RootFS.Layers.length) return layers;
  throw new OperatorError({
    summary: `the base image is in containerd's image store, and its manifest for ${base.Os}/${base.Architecture} can't be read`,
    where: `host ${host}`,
    remedy:
      "pull the base anew on that host, or switch docker there to its own image store (daemon.json: features.containerd-snapshotter false)",
  });
}
