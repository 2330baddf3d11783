import { quote } from "../../../../remote/shell";
import { pruneScript } from "../prune";

/** Where a host keeps archives of images: what other hosts take from it, and what has arrived of one so far. */
export function archiveFolder(cluster: string): string {
  return `/var/lib/muster/${cluster}/images`;
}

/** The new layer of a derived image: small, kept for hosts that come later. */
export function layerArchive(cluster: string, imageId: string): string {
  return `${archiveFolder(cluster)}/${imageId.replace(/^sha256:/, "")}.tar`;
}

/** A whole image, there only while it is spread. */
export function wholeArchive(cluster: string, imageId: string): string {
  return `${archiveFolder(cluster)}/${imageId.replace(/^sha256:/, "")}${WHOLE}`;
}

/** A file of the operator's machine, until it is known which image it holds. */
export function uploadedArchive(cluster: string, sha256: string): string {
  return `${archiveFolder(cluster)}/upload-${sha256.slice(0, 16)}${WHOLE}`;
}

const WHOLE = ".whole.tar";

/** Of all clusters together: marks of images that muster brought, whose stack has let them go while others used them. */
export const LET_GO_FOLDER = "/var/lib/muster/.images";

export function letGoMark(imageId: string): string {
  return `${LET_GO_FOLDER}/${imageId.replace(/^sha256:/, "")}`;
}

export function debsFolder(cluster: string): string {
  return `/var/lib/muster/${cluster}/debs`;
}

/**
 * Lists what interrupted runs have left: parts, whole archives, half-made layers. And the mark of the image, if a stack has let it go while
 * others used it.
 */
export function leftoversScript(cluster: string, imageId: string): string {
  const mark = imageId === "" ? "" : ` ${quote(letGoMark(imageId))}`;
  return `for f in ${leftovers(cluster)}${mark}; do [ ! -e "$f" ] || echo "$f"; done\n`;
}

/** Removes it, and folders that have become empty. */
export function sweepScript(cluster: string): string {
  return `rm -rf -- ${leftovers(cluster)}\n${pruneScript([archiveFolder(cluster)])}`;
}

function leftovers(cluster: string): string {
  const folder = quote(archiveFolder(cluster));
  return `${folder}/*.part-* ${folder}/*${WHOLE} ${folder}/*.saving ${folder}/build.*`;
}
