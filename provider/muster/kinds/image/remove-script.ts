import { assignments, quote } from "../../../../remote/shell";
import { MANAGED_LABEL } from "../container/arguments";
import { pruneScript } from "../prune";
import { DERIVED_LABEL, RECIPE_LABEL } from "./derived-image";
import type { ImageInputs } from "./inputs";
import { archiveFolder, debsFolder, LET_GO_FOLDER, layerArchive, wholeArchive } from "./paths";
import { localName } from "./reference";

/**
 * Removes the name, and the image with it if that was its last. A container of the stack's own that still uses it is an error: the image must
 * be asked for again once that is gone. What others on the host use (another cluster, a container of somebody's, an image that was derived
 * from it) stays, with a mark that muster brought it; whose stack lets it go later removes it. Prints `kept USERS` then.
 */
export function removeScript(
  inputs: Pick<ImageInputs, "reference" | "source">,
  imageId: string,
  cluster: string,
): string {
  const variables = {
    name: localName(inputs.reference),
    known: imageId,
    own: `label=${MANAGED_LABEL}=${cluster}`,
    // What a derived image was before it was derived anew: no name, no container.
    stale: `label=${RECIPE_LABEL}`,
    derived: `label=${DERIVED_LABEL}`,
    user: `container {{.Names}}{{with .Label "${MANAGED_LABEL}"}} of cluster {{.}}{{end}}`,
  };
  const archives = `${quote(layerArchive(cluster, imageId))} ${quote(wholeArchive(cluster, imageId))}`;
  const debs = "derive" in inputs.source ? `rm -rf -- ${quote(debsFolder(cluster))}\n` : "";
  return `${assignments(variables)}list() { tr '\\n' ',' | sed 's/,$//; s/,/, /g'; }
users='' id=''
if id=$(docker image inspect -f '{{.Id}}' "$name" 2>/dev/null); then
  own=$(docker ps -a --filter ancestor="$name" --filter "$own" --format '{{.Names}}' | list)
  [ -z "$own" ] || { echo "in use by $own" >&2; exit 1; }
  # Under another name too, it loses this one only.
  [ "$(docker image inspect -f '{{len .RepoTags}}' "$id")" -gt 1 ] || users=$({
    docker ps -a --filter ancestor="$name" --format "$user"
    docker images --filter "$derived=$id" --filter dangling=false --format 'image {{.Repository}}:{{.Tag}}'
  } | list)
  [ -n "$users" ] || docker image rm "$name" >/dev/null || exit 1
fi
mark=\${id:-$known} mark=${LET_GO_FOLDER}/\${mark#sha256:}
if [ -n "$users" ]; then
  (umask 077; mkdir -p -- ${LET_GO_FOLDER}) && : >"$mark" || exit 1
  echo "kept $users"
else
  [ ! -f "$mark" ] || rm -f -- "$mark"
fi
docker image prune -f --filter "$stale" >/dev/null || :
rm -f -- ${archives}
${debs}${pruneScript([archiveFolder(cluster), debsFolder(cluster), LET_GO_FOLDER])}exit 0
`;
}

/** Who uses an image that `removeScript` left where it is; undefined: it is gone. */
export function parseRemoved(output: string): string | undefined {
  return /^kept (.+)$/m.exec(output)?.[1];
}
