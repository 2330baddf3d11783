import { createHash } from "node:crypto";
import { z } from "zod";

/** The part of `docker image inspect` that makes a configuration. */
const baseSchema = z.object({
  Id: z.string(),
  Architecture: z.string(),
  Os: z.string(),
  Variant: z.string().nullish(),
  Config: z.record(z.string(), z.unknown()).nullish(),
  RootFS: z.object({ Layers: z.array(z.string()) }),
});

export type BaseImage = z.infer<typeof baseSchema>;

export function parseBaseImage(inspectJson: string): BaseImage | undefined {
  return z.array(baseSchema).parse(JSON.parse(inspectJson))[0];
}

export const DERIVED_LABEL = "muster.derived";

/** Fixed, so that equal content gives an equal id. */
const CREATED = "2000-01-01T00:00:00Z";

export interface BuiltImage {
  /** `sha256:…` */
  readonly id: string;
  /** Text of the configuration; its digest is the id. */
  readonly config: string;
  /** Text of manifest.json for `docker load`. */
  readonly manifest: string;
}

export const LAYER_FILE = "layer.tar";

/**
 * An image of a base and one more layer, as `docker load` takes it (moby image/tarexport: the manifest names a file for every
 * layer, but a layer that the store already has is not read). So the archive needs only the new layer's file.
 */
export function deriveImage(base: BaseImage, layerDigest: string, reference: string, madeBy: string): BuiltImage {
  const labels = { ...(base.Config?.Labels as Record<string, string> | undefined), [DERIVED_LABEL]: base.Id };
  const config = JSON.stringify({
    architecture: base.Architecture,
    ...(base.Variant ? { variant: base.Variant } : {}),
    os: base.Os,
    created: CREATED,
    config: { ...base.Config, Image: "", Labels: labels },
    rootfs: { type: "layers", diff_ids: [...base.RootFS.Layers, layerDigest] },
    history: [
      ...base.RootFS.Layers.map(() => ({ created: CREATED, created_by: `layer of ${base.Id}` })),
      { created: CREATED, created_by: madeBy },
    ],
  });
  const hex = createHash("sha256").update(config).digest("hex");
  const layers = [...base.RootFS.Layers.map(layer => `${layer.replace("sha256:", "")}/layer.tar`), LAYER_FILE];
  const manifest = JSON.stringify([{ Config: `${hex}.json`, RepoTags: [reference], Layers: layers }]);
  return { id: `sha256:${hex}`, config, manifest };
}

/** Not part of an image: caches, logs, keys made at installation, and what docker itself puts there. */
const LEFT_OUT = [
  /^\/(?:proc|sys|dev|run|tmp|mnt)(?:\/|$)/,
  /^\/var\/(?:tmp|log|cache\/(?:apt|debconf|ldconfig))(?:\/|$)/,
  /^\/var\/lib\/apt\/lists(?:\/|$)/,
  /^\/var\/lib\/dpkg\/(?:lock|lock-frontend|status-old|triggers\/Lock)$/,
  /^\/etc\/ssh\/ssh_host_/,
  /^\/etc\/(?:hosts|hostname|resolv\.conf|mtab|ld\.so\.cache~)$/,
  /^\/(?:root\/\.cache|\.dockerenv)(?:\/|$)/,
  /^\/usr\/sbin\/policy-rc\.d$/,
];

export interface ChangedPaths {
  /** Sorted paths of the new layer, without the leading slash. */
  readonly kept: readonly string[];
  /** Files of the base that went away: a layer would need whiteouts for them. */
  readonly deleted: readonly string[];
}

/** Reads `docker diff`. */
export function changedPaths(diff: string): ChangedPaths {
  const kept: string[] = [];
  const deleted: string[] = [];
  for (const line of diff.split("\n").filter(Boolean)) {
    const path = line.slice(2);
    if (LEFT_OUT.some(pattern => pattern.test(path))) continue;
    if (line.startsWith("D ")) deleted.push(path);
    else kept.push(path.slice(1));
  }
  return { kept: kept.sort(), deleted: deleted.sort() };
}
