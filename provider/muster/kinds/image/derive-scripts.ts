import { quote } from "../../../../remote/shell";
import type { Derivation } from "./inputs";
import { archiveFolder, debsFolder } from "./paths";

/** Files of an image store above that are layers, not descriptions. */
const LARGEST_TEXT_BYTES = 4 * 1024 * 1024;

/** `SHA256  name` lines of the .deb files that the host has. */
export function debChecksumsScript(cluster: string): string {
  return `cd ${quote(debsFolder(cluster))} 2>/dev/null && sha256sum -- *.deb 2>/dev/null\nexit 0\n`;
}

/** Another mirror than the image's own, for this one installation. Its packages must be signed by the keys in the image. */
function useMirror(mirror: string): string {
  return `. /etc/os-release; case $ID in ubuntu) areas="main universe" ;; *) areas=main ;; esac
echo ${quote(`deb ${mirror}`)} "$VERSION_CODENAME $areas" >/tmp/muster.list
apt() { apt-get -o Dir::Etc::sourcelist=/tmp/muster.list -o Dir::Etc::sourceparts=- "$@"; }`;
}

function installCommand(derivation: Derivation): string {
  const environment = "export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8";
  const names = derivation.packages.map(quote).join(" ");
  // Services must not start in a container that is only being built.
  const quiet = "printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d";
  const apt = derivation.mirror === undefined ? `apt() { apt-get "$@"; }` : useMirror(derivation.mirror);
  const install =
    derivation.debsDirectory === undefined
      ? `apt update -qq && apt install -y -qq --no-install-recommends ${names}`
      : // Unpacked first, configured after: the files need no order. What the image has in that version or newer stays.
        `dpkg --unpack --skip-same-version --refuse-downgrade /mnt/*.deb && dpkg --configure -a && dpkg -s ${names} >/dev/null`;
  return `${environment}; ${apt}\n${quiet} && { ${install}; } >&2 && rm -f /usr/sbin/policy-rc.d`;
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
  const base = quote(derivation.baseId ?? derivation.base);
  return `docker image inspect ${base} >/dev/null || exit 1
id=$(docker run -d --label muster.build=${quote(cluster)} ${mount} --entrypoint sleep ${base} 3600) || exit 1
if docker exec "$id" sh -c ${quote(installCommand(derivation))}; then
  echo "$id"
  docker diff "$id"
else
  docker rm -f "$id" >/dev/null
  exit 1
fi
`;
}

/** Standard input: the layer's paths, one a line. Times, order and owners are fixed. Prints its folder, SHA-256 and size. */
export function packLayerScript(cluster: string, containerId: string): string {
  const folder = archiveFolder(cluster);
  return `umask 077
mkdir -p ${quote(folder)} && work=$(mktemp -d ${quote(`${folder}/build.XXXXXX`)}) || exit 1
docker exec -i ${containerId} tar -C / -cf - --no-recursion --mtime=@946684800 --numeric-owner --format=gnu -T - >"$work/layer"
code=$?
docker rm -f ${containerId} >/dev/null
[ "$code" = 0 ] || { rm -rf "$work"; exit 1; }
echo "$work $(sha256sum <"$work/layer" | cut -d' ' -f1) $(stat -c %s "$work/layer")"
`;
}

/** Standard input: a line for each text, its name and its content in base64. Prints nothing. */
export function loadDerivedScript(
  work: string,
  image: { readonly imageId: string; readonly layerFile: string },
  reference: string,
  archive: string,
): string {
  return `set -e
work=${quote(work)}
cd "$work"
trap 'cd /; rm -rf -- "$work"' EXIT
mkdir image
while read -r name text; do
  mkdir -p "image/$(dirname "$name")"
  printf %s "$text" | base64 -d >"image/$name"
done
mv layer ${quote(`image/${image.layerFile}`)}
(cd image && tar -cf ../image.tar --sort=name --mtime=@946684800 --owner=0 --group=0 -- *)
docker load -q -i image.tar >/dev/null
docker tag ${image.imageId} ${quote(reference)}
mv image.tar ${quote(archive)}
`;
}

/** Prints `name base64` lines: what describes the image in its OCI layout, without its layers. Reads the whole image, writes none of it. */
export function layoutTextsScript(imageId: string): string {
  const keep = `[ "$TAR_SIZE" -le ${LARGEST_TEXT_BYTES} ] || exec cat >/dev/null
# A JSON object begins with a brace, in base64 so.
text=$(base64 -w 0); case $text in e[w-z]*) echo "\${TAR_FILENAME##*/} $text" ;; esac`;
  return `docker save ${imageId} | tar -xf - --to-command=${quote(keep)}\n`;
}

/** Exit code 0: images lie in containerd's store, which keeps manifests and compressed layers. */
export const IS_CONTAINERD_STORE = `docker info -f '{{json .DriverStatus}}' | grep -q io.containerd.snapshotter`;
