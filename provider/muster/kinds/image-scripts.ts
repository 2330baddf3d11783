import { dirname } from "node:path";
import { quote } from "../../../remote/shell";
import { LAYER_FILE } from "./image-config";
import type { Derivation, ImageInputs } from "./image-inputs";
import { pruneScript } from "./prune";

/** Where a host keeps the small archive of a derived image (its new layer and its configuration), for other hosts to take. */
export function archiveFolder(cluster: string): string {
  return `/var/lib/muster/${cluster}/images`;
}

export function archivePath(cluster: string, imageId: string): string {
  return `${archiveFolder(cluster)}/${imageId.replace(/^sha256:/, "")}.tar`;
}

export function debsFolder(cluster: string): string {
  return `/var/lib/muster/${cluster}/debs`;
}

/** `SHA256  name` lines of the .deb files that the host has. */
export function debChecksumsScript(cluster: string): string {
  return `cd ${quote(debsFolder(cluster))} 2>/dev/null && sha256sum -- *.deb 2>/dev/null\nexit 0\n`;
}

function installCommand(derivation: Derivation, packages: readonly string[]): string {
  const environment = "export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8";
  const names = packages.map(quote).join(" ");
  // Services must not start in a container that is only being built.
  const quiet = "printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d";
  const install =
    derivation.debsDirectory === undefined
      ? `apt-get update -qq && apt-get install -y -qq --no-install-recommends ${names}`
      : // Unpacked first, configured after: the files need no order. What the image has in that version or newer stays.
        `dpkg --unpack --skip-same-version --refuse-downgrade /mnt/*.deb && dpkg --configure -a && dpkg -s ${names} >/dev/null`;
  return `${environment}; ${quiet} && { ${install}; } >&2 && rm -f /usr/sbin/policy-rc.d`;
}

/**
 * Installs in a container of the base, which stays for `packLayerScript`. Prints the container's id, then what changed
 * (docker diff). The folder of packages is mounted at /mnt, which every Debian image has, so no mount point stays behind.
 */
export function installScript(cluster: string, derivation: Derivation): string {
  const fromFolder = derivation.debsDirectory !== undefined;
  const mount = fromFolder
    ? `--network none --mount type=bind,source=${debsFolder(cluster)},target=/mnt,readonly`
    : "--network host";
  return `docker image inspect ${quote(derivation.base)} >/dev/null || exit 1
id=$(docker run -d --label muster.build=${quote(cluster)} ${mount} --entrypoint sleep ${quote(derivation.base)} 3600) || exit 1
if docker exec "$id" sh -c ${quote(installCommand(derivation, derivation.packages))}; then
  echo "$id"
  docker diff "$id"
else
  docker rm -f "$id" >/dev/null
  exit 1
fi
`;
}

/** Standard input: the layer's paths, one a line. Times, order and owners are fixed. Prints the layer's SHA-256. */
export function packLayerScript(cluster: string, containerId: string): string {
  const folder = archiveFolder(cluster);
  return `umask 077
mkdir -p ${quote(folder)} && work=$(mktemp -d ${quote(`${folder}/build.XXXXXX`)}) || exit 1
docker exec -i ${containerId} tar -C / -cf - --no-recursion --mtime=@946684800 --numeric-owner --format=gnu -T - >"$work/${LAYER_FILE}"
code=$?
docker rm -f ${containerId} >/dev/null
[ "$code" = 0 ] || { rm -rf "$work"; exit 1; }
echo "$work $(sha256sum <"$work/${LAYER_FILE}" | cut -d' ' -f1)"
`;
}

/** Standard input: a line of base64 each for the configuration and the manifest. */
export function loadDerivedScript(cluster: string, work: string, imageId: string, reference: string): string {
  const config = `${imageId.replace(/^sha256:/, "")}.json`;
  const archive = archivePath(cluster, imageId);
  return `cd ${quote(work)} || exit 1
trap 'cd /; rm -rf ${quote(work)}' EXIT
read -r config && read -r manifest || exit 1
printf %s "$config" | base64 -d >${quote(config)} && printf %s "$manifest" | base64 -d >manifest.json || exit 1
tar -cf image.tar --mtime=@946684800 --owner=0 --group=0 manifest.json ${quote(config)} ${LAYER_FILE} || exit 1
docker load -q -i image.tar >/dev/null && docker tag ${imageId} ${quote(reference)} && mv image.tar ${quote(archive)}
`;
}

/** What is known of an image on a host: `has ID SIZE DIGEST`, or `absent`. Anything else is an error of docker. */
export function lookScript(reference: string): string {
  const format = "{{.Id}} {{.Size}} {{if .RepoDigests}}{{index .RepoDigests 0}}{{end}}";
  return `if out=$(docker image inspect -f ${quote(format)} ${quote(reference)} 2>&1); then echo "has $out"
else case $out in *'No such image'*) echo absent ;; *) echo "$out" >&2; exit 1 ;; esac
fi
`;
}

export interface ImageFacts {
  readonly imageId: string;
  readonly sizeBytes: number;
  readonly digest: string;
}

export function parseLook(output: string): ImageFacts | undefined {
  const found = /^has (sha256:[0-9a-f]{64}) (\d+) ?(\S*)$/m.exec(output);
  if (!found) return undefined;
  const digest = found[3]?.split("@")[1] ?? "";
  return { imageId: found[1] ?? "", sizeBytes: Number(found[2]), digest };
}

/** Removes the name, and the image with it if that was its last. Docker itself refuses while a container uses it. */
export function removeScript(inputs: ImageInputs, imageId: string, cluster: string): string {
  return `users=$(docker ps -a --filter ancestor=${quote(inputs.reference)} --format '{{.Names}}' | tr '\\n' ' ')
[ -z "$users" ] || { echo "in use by $users" >&2; exit 1; }
docker image inspect ${quote(inputs.reference)} >/dev/null 2>&1 || exit 0
docker image rm ${quote(inputs.reference)} >/dev/null && rm -f ${quote(archivePath(cluster, imageId))} || exit 1
${"derive" in inputs.source ? `rm -rf -- ${quote(debsFolder(cluster))}\n` : ""}${pruneScript([archiveFolder(cluster), dirname(debsFolder(cluster))])}exit 0
`;
}
