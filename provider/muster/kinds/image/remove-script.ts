import { quote } from "../../../../remote/shell";
import { pruneScript } from "../prune";
import type { ImageInputs } from "./inputs";
import { archiveFolder, debsFolder, layerArchive, wholeArchive } from "./paths";
import { localName } from "./reference";

/** Removes the name, and the image with it if that was its last. Docker itself refuses while a container uses it. */
export function removeScript(
  inputs: Pick<ImageInputs, "reference" | "source">,
  imageId: string,
  cluster: string,
): string {
  const name = quote(localName(inputs.reference));
  const archives = `${quote(layerArchive(cluster, imageId))} ${quote(wholeArchive(cluster, imageId))}`;
  return `users=$(docker ps -a --filter ancestor=${name} --format '{{.Names}}' | tr '\\n' ' ')
[ -z "$users" ] || { echo "in use by $users" >&2; exit 1; }
! docker image inspect ${name} >/dev/null 2>&1 || docker image rm ${name} >/dev/null || exit 1
rm -f -- ${archives}
${"derive" in inputs.source ? `rm -rf -- ${quote(debsFolder(cluster))}\n` : ""}${pruneScript([archiveFolder(cluster), debsFolder(cluster)])}exit 0
`;
}
