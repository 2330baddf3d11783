import type { IncomingFile } from "../../../../remote/incoming-file";
import { assignments } from "../../../../remote/shell";
import { OperatorError } from "../../../../wire/operator-error";
import type { KindContext } from "../../../kind";
import { change } from "./host-change";
import { layerArchive, wholeArchive } from "./paths";
import { megabytes } from "./space";

/** An archive that a host can give to another. */
export interface Offer extends IncomingFile {
  /** It holds all layers, so it is large and does not stay. */
  readonly isWhole: boolean;
}

export interface Offered {
  readonly reference: string;
  readonly imageId: string;
}

/**
 * Prints `offer PATH BYTES SHA256` of an archive of the image, or `short BYTES NEEDED FOLDER` when there is no room for one. The layer of a
 * derived image is there already; else the whole image is written out.
 */
export function offerScript(cluster: string, { reference, imageId }: Offered): string {
  const variables = {
    reference,
    id: imageId,
    layer: layerArchive(cluster, imageId),
    whole: wholeArchive(cluster, imageId),
  };
  return `${assignments(variables)}set -e
umask 077
offer() { echo "offer $1 $(stat -c %s -- "$1") $(sha256sum <"$1" | cut -d' ' -f1)"; exit 0; }
[ ! -f "$layer" ] || offer "$layer"
[ ! -f "$whole" ] || offer "$whole"
folder=\${whole%/*}
mkdir -p -- "$folder"
needed=$(docker image inspect -f '{{.Size}}' "$id")
free=$(df -PB1 -- "$folder" | tail -n 1 | tr -s ' ' | cut -d' ' -f4)
[ "$needed" -le "$free" ] || { echo "short $free $needed $folder"; exit 0; }
trap 'rm -f -- "$whole.saving"' EXIT
# By its name, so that it gets that on the other host; by its id if the name says another image now.
[ "$(docker image inspect -f '{{.Id}}' "$reference" 2>/dev/null)" = "$id" ] || reference=$id
docker save -o "$whole.saving" "$reference"
mv -f -- "$whole.saving" "$whole"
offer "$whole"
`;
}

/** Makes ready what a host gives to others. @throws OperatorError, RemoteError */
export async function prepareOffer(
  context: Pick<KindContext, "hosts" | "cluster" | "signal">,
  host: string,
  image: Offered,
): Promise<Offer> {
  const printed = await change(
    context,
    host,
    `make ${image.reference} ready for other hosts`,
    offerScript(context.cluster, image),
  );
  const short = /^short (\d+) (\d+) (.+)$/m.exec(printed);
  if (short) {
    const [, free, needed, folder] = short;
    throw new OperatorError({
      summary: "there is not enough disk space to write out the image",
      where: `host ${host}`,
      detail: `${megabytes(Number(needed) - Number(free))} are missing in ${folder}: ${megabytes(Number(needed))} are needed, ${megabytes(Number(free))} are free`,
    });
  }
  const found = /^offer (\S+) (\d+) ([0-9a-f]{64})$/m.exec(printed);
  if (!found) throw new Error(`${host}: it offers no archive of ${image.reference}`);
  const [, path = "", size, sha256 = ""] = found;
  return { path, sizeBytes: Number(size), sha256, isWhole: path === wholeArchive(context.cluster, image.imageId) };
}
