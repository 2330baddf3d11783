import { createHash } from "node:crypto";
import { z } from "zod";
import type { Derivation } from "./inputs";

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
/** Digest of what the image was derived from and by: a host that has it can give it to the others. */
export const RECIPE_LABEL = "muster.recipe";

/** Equal recipes may give different layers (a mirror gets newer packages), so an image is derived once and then spread. */
export function recipeOf(derivation: Derivation): string {
  const { base, baseId, packages, debs } = derivation;
  const recipe = JSON.stringify([baseId ?? base, [...packages].sort(), debs ?? "mirror"]);
  return createHash("sha256").update(recipe).digest("hex");
}

/** Fixed, so that equal content gives an equal id. */
const CREATED = "2000-01-01T00:00:00Z";

export interface NewLayer {
  /** `sha256:…` of the layer's tar */
  readonly digest: string;
  readonly sizeBytes: number;
}

/** A layer of the base in containerd's store, as its manifest names it. */
export interface Blob {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** An archive for `docker load`, without the layers that the host has already. */
export interface ThinArchive {
  /** The id that the host will give to it. */
  readonly imageId: string;
  /** Name in the archive of the new layer. */
  readonly layerFile: string;
  /** The other files: name and text. */
  readonly texts: ReadonlyMap<string, string>;
}

export interface DerivedImage {
  readonly base: BaseImage;
  readonly layer: NewLayer;
  readonly reference: string;
  readonly recipe: string;
  readonly madeBy: string;
}

/** Text of the image's configuration. */
export function configuration({ base, layer, recipe, madeBy }: DerivedImage): string {
  const labels = {
    ...(base.Config?.Labels as Record<string, string> | undefined),
    [DERIVED_LABEL]: base.Id,
    [RECIPE_LABEL]: recipe,
  };
  return JSON.stringify({
    architecture: base.Architecture,
    ...(base.Variant ? { variant: base.Variant } : {}),
    os: base.Os,
    created: CREATED,
    config: { ...base.Config, Image: "", Labels: labels },
    rootfs: { type: "layers", diff_ids: [...base.RootFS.Layers, layer.digest] },
    history: [
      ...base.RootFS.Layers.map(() => ({ created: CREATED, created_by: `layer of ${base.Id}` })),
      { created: CREATED, created_by: madeBy },
    ],
  });
}

/**
 * For Docker's own image store: its manifest names a file for every layer, but a layer that the store already has is not read
 * (moby image/tarexport), so the archive needs only the new one.
 */
export function thinArchive(image: DerivedImage): ThinArchive {
  const config = configuration(image);
  const hex = sha256(config);
  const layerFile = "layer.tar";
  const layers = [...image.base.RootFS.Layers.map(layer => `${layer.replace("sha256:", "")}/layer.tar`), layerFile];
  const manifest = JSON.stringify([{ Config: `${hex}.json`, RepoTags: [image.reference], Layers: layers }]);
  const texts = new Map([
    [`${hex}.json`, config],
    ["manifest.json", manifest],
  ]);
  return { imageId: `sha256:${hex}`, layerFile, texts };
}

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
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
