import { z } from "zod";
import { type BaseImage, type Blob, configuration, type DerivedImage, sha256, type ThinArchive } from "./derived-image";
import { fullName } from "./reference";

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";
const CONFIG = "application/vnd.oci.image.config.v1+json";
const LAYER = "application/vnd.oci.image.layer.v1.tar";

const blob = z.object({ mediaType: z.string(), digest: z.string(), size: z.number() });
const platform = z.object({ os: z.string(), architecture: z.string(), variant: z.string().optional() });
const index = z.object({ manifests: z.array(blob.extend({ platform: platform.optional() })) });
const manifest = z.object({ layers: z.array(blob) });

/**
 * The layers of an image as its manifest names them, out of the small files of its OCI layout (image-spec 1.1): `index.json`, and
 * blobs by digest. Undefined: there is no manifest for the image's platform.
 */
export function manifestLayers(files: ReadonlyMap<string, string>, base: BaseImage): readonly Blob[] | undefined {
  let text = files.get("index.json");
  // An image for several platforms has an index in the index.
  for (let depth = 0; depth < 3 && text !== undefined; depth++) {
    const parsed: unknown = JSON.parse(text);
    const found = manifest.safeParse(parsed);
    if (found.success) return found.data.layers;
    const list = index.safeParse(parsed).data?.manifests ?? [];
    const fitting = list.find(each => isFor(each.platform, base)) ?? (list.length === 1 ? list[0] : undefined);
    text = fitting && files.get(fitting.digest.replace("sha256:", ""));
  }
  return undefined;
}

function isFor(wanted: z.infer<typeof platform> | undefined, base: BaseImage): boolean {
  return (
    wanted?.os === base.Os &&
    wanted.architecture === base.Architecture &&
    (wanted.variant ?? "") === (base.Variant || "")
  );
}

/**
 * For containerd's image store: an OCI layout whose manifest names the base's layers by the digests that the host's content store
 * has (moby 26: a blob that is there need not be in the archive).
 */
export function thinOciArchive(image: DerivedImage, baseLayers: readonly Blob[]): ThinArchive {
  const config = configuration(image);
  const layer = { mediaType: LAYER, digest: image.layer.digest, size: image.layer.sizeBytes };
  const text = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: { mediaType: CONFIG, digest: `sha256:${sha256(config)}`, size: Buffer.byteLength(config) },
    layers: [...baseLayers, layer],
  });
  const imageId = `sha256:${sha256(text)}`;
  const name = fullName(image.reference);
  const annotations = {
    "io.containerd.image.name": name,
    "org.opencontainers.image.ref.name": name.slice(name.lastIndexOf(":") + 1),
  };
  const top = { mediaType: MANIFEST, digest: imageId, size: Buffer.byteLength(text), annotations };
  const docker = {
    Config: pathOf(`sha256:${sha256(config)}`),
    RepoTags: [image.reference],
    Layers: [...baseLayers, layer].map(each => pathOf(each.digest)),
  };
  return {
    imageId,
    layerFile: pathOf(layer.digest),
    texts: new Map([
      [pathOf(`sha256:${sha256(config)}`), config],
      [pathOf(imageId), text],
      ["index.json", JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [top] })],
      ["manifest.json", JSON.stringify([docker])],
      ["oci-layout", JSON.stringify({ imageLayoutVersion: "1.0.0" })],
    ]),
  };
}

function pathOf(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}
