import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { relay } from "../../../remote/relay";
import type { Hosts } from "../../../remote/runner";
import { quote } from "../../../remote/shell";
import { SshHost } from "../../../remote/ssh-hosts";
import { upload } from "../../../remote/upload";
import { expectSuccess } from "../../command-failed";
import type { CheckFailure, Kind, KindContext } from "../../kind";
import { changedPaths, deriveImage, parseBaseImage } from "./image-config";
import { type Derivation, type ImageInputs, type ImageOutputs, imageInputsSchema } from "./image-inputs";
import {
  archiveFolder,
  archivePath,
  debChecksumsScript,
  debsFolder,
  type ImageFacts,
  installScript,
  loadDerivedScript,
  lookScript,
  packLayerScript,
  parseLook,
  removeScript,
} from "./image-scripts";
import { sha256OfFile } from "./local-digest";

/** Images are gigabytes: a registry or a slow disk may take long. */
const TRANSFER_TIMEOUT_SECONDS = 7200;
const INSTALL_TIMEOUT_SECONDS = 1800;

async function look(hosts: Pick<Hosts, "probe">, host: string, reference: string): Promise<ImageFacts | undefined> {
  const what = `asking docker for image ${reference}`;
  return parseLook(expectSuccess(await hosts.probe(host).query(lookScript(reference)), { host, what }).stdout);
}

async function change(
  context: KindContext,
  host: string,
  what: string,
  script: string,
  stdin?: string,
): Promise<string> {
  const options = {
    timeoutSeconds: TRANSFER_TIMEOUT_SECONDS,
    signal: context.signal,
    ...(stdin === undefined ? {} : { stdin }),
  };
  return expectSuccess(await context.hosts.runner(host).mutate(what, script, options), { host, what }).stdout;
}

/** Brings the packages to the host that are not there with the same content. */
async function uploadPackages(context: KindContext, host: string, directory: string): Promise<void> {
  const names = (await readdir(directory)).filter(name => name.endsWith(".deb")).sort();
  if (names.length === 0)
    throw new Error(`${directory} holds no .deb file. Remedy: put the packages and what they depend on there`);
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
    if (known.has(`${await sha256OfFile(local)}  ${name}`)) continue;
    context.status(`package ${index + 1} of ${names.length}`);
    await upload(context.hosts.runner(host), { path: `${folder}/${name}`, content: { file: local }, mode: "0644" });
  }
}

async function derive(context: KindContext, inputs: ImageInputs, derivation: Derivation): Promise<void> {
  const { host, reference } = inputs;
  if (derivation.debsDirectory !== undefined) await uploadPackages(context, host, derivation.debsDirectory);
  const inspected = await context.hosts.probe(host).query(`docker image inspect ${quote(derivation.base)}`);
  const base = parseBaseImage(
    expectSuccess(inspected, { host, what: `reading the base image ${derivation.base}` }).stdout,
  );
  if (!base) throw new Error(`${host}: the base image ${derivation.base} is not there`);
  context.status(`installing ${derivation.packages.join(", ")}`);
  const what = `install ${derivation.packages.join(", ")} into a container of ${derivation.base}`;
  const install = context.hosts.runner(host).mutate(what, installScript(context.cluster, derivation), {
    timeoutSeconds: INSTALL_TIMEOUT_SECONDS,
    signal: context.signal,
  });
  const [containerId = "", ...diff] = expectSuccess(await install, { host, what })
    .stdout.trim()
    .split("\n");
  const changed = changedPaths(diff.join("\n"));
  if (changed.deleted.length > 0) {
    await change(context, host, "remove the build container", `docker rm -f ${quote(containerId)} >/dev/null`);
    throw new Error(
      `${host}: installing ${derivation.packages.join(", ")} deletes files of ${derivation.base}: ` +
        `${changed.deleted.slice(0, 5).join(", ")}. Remedy: choose packages that only add files, or build the image elsewhere and load it as an archive`,
    );
  }
  context.status("packing the layer");
  const list = `${changed.kept.join("\n")}\n`;
  const packed = await change(context, host, "pack the new layer", packLayerScript(context.cluster, containerId), list);
  const [work = "", layerSha256 = ""] = packed.trim().split(" ");
  const madeBy = `muster: install ${derivation.packages.join(" ")}`;
  const image = deriveImage(base, `sha256:${layerSha256}`, reference, madeBy);
  const stdin = [image.config, image.manifest].map(text => `${Buffer.from(text).toString("base64")}\n`).join("");
  const script = loadDerivedScript(context.cluster, work, image.id, reference);
  await change(context, host, `load the derived image ${reference}`, script, stdin);
}

/** Only the new layer travels when the target has the base; else the whole image. */
async function spread(context: KindContext, inputs: ImageInputs, fromHost: string, imageId: string): Promise<void> {
  const from = context.hosts.runner(fromHost);
  const to = context.hosts.runner(inputs.host);
  if (!(from instanceof SshHost) || !(to instanceof SshHost))
    throw new Error("spreading an image needs hosts over ssh");
  const tag = `docker tag ${quote(imageId)} ${quote(inputs.reference)}`;
  if ((await look(context.hosts, inputs.host, imageId)) !== undefined) {
    await change(context, inputs.host, `name the image ${inputs.reference}`, tag);
    return;
  }
  const options = {
    timeoutSeconds: TRANSFER_TIMEOUT_SECONDS,
    signal: context.signal,
    onProgress: (bytes: number) => context.status(`${(bytes / 1e6).toFixed(0)} MB from ${fromHost}`),
  };
  const archive = archivePath(context.cluster, imageId);
  const folder = quote(archiveFolder(context.cluster));
  const small = await context.hosts.probe(fromHost).query(`[ -f ${quote(archive)} ]`);
  if (small.exitCode === 0) {
    // Kept on the target too, so that it can hand it on.
    const receive = `umask 077; mkdir -p ${folder} && cat >${quote(`${archive}.part`)} && docker load -q -i ${quote(`${archive}.part`)} >/dev/null && mv ${quote(`${archive}.part`)} ${quote(archive)}`;
    try {
      await relay({ host: from, script: `cat ${quote(archive)}` }, { host: to, script: receive }, options);
      await change(context, inputs.host, `name the image ${inputs.reference}`, tag);
      return;
    } catch (error) {
      if (context.signal.aborted) throw error;
      context.status("the base is not there: the whole image travels");
      await change(context, inputs.host, "remove the partial archive", `rm -f ${quote(`${archive}.part`)}`);
    }
  }
  const whole = { host: from, script: `docker save ${quote(imageId)}` };
  await relay(whole, { host: to, script: "docker load -q >/dev/null" }, options);
  await change(context, inputs.host, `name the image ${inputs.reference}`, tag);
}

async function bring(context: KindContext, inputs: ImageInputs): Promise<void> {
  const { host, reference, source } = inputs;
  if ("derive" in source) return derive(context, inputs, source.derive);
  if ("spread" in source) return spread(context, inputs, source.spread.fromHost, source.spread.imageId);
  if ("present" in source) {
    throw new Error(
      `${host}: the image ${reference} is not there, and the cluster file says that it is. ` +
        "Remedy: load it there (docker load), or let muster bring it: image.archive, or image.pull: true",
    );
  }
  if ("pull" in source) {
    context.status("pulling");
    await change(context, host, `pull image ${reference}`, `docker pull -q ${quote(reference)} >/dev/null`);
    return;
  }
  context.status("loading the archive");
  const result = await context.hosts.runner(host).mutate(`load image ${reference}`, "docker load", {
    stdin: createReadStream(source.archive),
    timeoutSeconds: TRANSFER_TIMEOUT_SECONDS,
    signal: context.signal,
  });
  const said = expectSuccess(result, { host, what: `loading ${source.archive}` }).stdout;
  const loaded = /^Loaded image(?: ID)?: (\S+)$/m.exec(said)?.[1];
  if (loaded === undefined) throw new Error(`${host}: ${source.archive} holds no image: ${said.trim()}`);
  await change(context, host, `name the image ${reference}`, `docker tag ${quote(loaded)} ${quote(reference)}`);
}

function wantedId(inputs: ImageInputs): string | undefined {
  return "spread" in inputs.source ? inputs.source.spread.imageId : undefined;
}

async function converge(
  context: KindContext,
  inputs: ImageInputs,
  wasOwned: boolean,
  renew: boolean,
): Promise<ImageOutputs> {
  const wanted = wantedId(inputs);
  const before = await look(context.hosts, inputs.host, inputs.reference);
  const fits = before !== undefined && (wanted === undefined ? !renew : before.imageId === wanted);
  if (!fits) await bring(context, inputs);
  const facts = fits ? before : await look(context.hosts, inputs.host, inputs.reference);
  if (!facts) throw new Error(`${inputs.host}: the image ${inputs.reference} is not there although it was brought`);
  if (wanted !== undefined && facts.imageId !== wanted) {
    throw new Error(
      `${inputs.host}: ${inputs.reference} became ${facts.imageId}, expected ${wanted}. ` +
        "Remedy: both hosts must use the same kind of image store (docker info: Storage Driver)",
    );
  }
  return { ...facts, owned: wasOwned || !fits };
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
  },
  outputs: {
    imageId: { description: "sha256:…, the same on every host" },
    digest: { description: "digest in the registry, when it was pulled; else empty" },
    sizeBytes: { description: "as docker says it" },
    owned: { description: "whether muster brought it to the host; only then it is removed" },
  },

  check(inputs) {
    const failures: CheckFailure[] = [];
    const { source, host } = inputs;
    if (source && "spread" in source && source.spread.fromHost === host) {
      failures.push({
        property: "source.spread.fromHost",
        reason: "is the host itself; expected one that has the image",
      });
    }
    return failures;
  },

  diff(old) {
    return old.imageId === "" ? [{ path: "imageId", mode: "update", replace: false }] : [];
  },

  predict(_context, news, old) {
    if (news.source && "spread" in news.source) return { imageId: news.source.spread.imageId };
    const same = old !== undefined && JSON.stringify(news.source) === JSON.stringify(old.source);
    return same && old.imageId !== "" ? { imageId: old.imageId } : {};
  },

  async read(context, id, old) {
    const [host = "", ...rest] = id.split("/");
    const place = old ?? { host, reference: rest.join("/") };
    const facts = await look(context.hosts, place.host, place.reference);
    if (!facts)
      return (
        old && {
          inputs: imageInputsSchema.parse(old),
          state: { imageId: "", digest: "", sizeBytes: 0, owned: old.owned },
        }
      );
    const inputs = old ? imageInputsSchema.parse(old) : { ...place, source: { pull: {} } };
    return { inputs, state: { ...facts, owned: old?.owned ?? false } };
  },

  async create(context, inputs) {
    return { id: `${inputs.host}/${inputs.reference}`, state: await converge(context, inputs, false, false) };
  },

  async update(context, _id, inputs, old) {
    return converge(context, inputs, old.owned, JSON.stringify(inputs.source) !== JSON.stringify(old.source));
  },

  async delete(context, _id, old) {
    if (!old.owned) return;
    const what = `remove image ${old.reference}`;
    const result = await context.hosts.runner(old.host).mutate(what, removeScript(old, old.imageId, context.cluster));
    expectSuccess(result, { host: old.host, what });
  },
};
