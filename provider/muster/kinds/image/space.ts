import type { IncomingFile } from "../../../../remote/incoming-file";
import { partPath } from "../../../../remote/incoming-file";
import type { Probe } from "../../../../remote/runner";
import { assignments } from "../../../../remote/shell";
import { OperatorError } from "../../../../wire/operator-error";
import { expectSuccess } from "../../../command-failed";

/** A place on a host that must take something. */
export interface Place {
  readonly path: string;
  /** Of the file system: places with the same share their free space. */
  readonly device: string;
  readonly freeBytes: number;
}

export interface Space {
  readonly archives: Place;
  readonly docker: Place;
  /** What has arrived of the file already. */
  readonly thereBytes: number;
}

/** Free space where archives go and where docker keeps images, and how much of the file is there. */
export function spaceScript(file: IncomingFile): string {
  const variables = assignments({ folder: file.path.replace(/\/[^/]*$/, ""), part: partPath(file), file: file.path });
  return `${variables}set -e
place() {
  d=$2
  while [ ! -d "$d" ]; do d=\${d%/*}; d=\${d:-/}; done
  echo "$1 $(stat -c %d -- "$d") $(df -PB1 -- "$d" | tail -n 1 | tr -s ' ' | cut -d' ' -f4) $2"
}
root=$(docker info -f '{{.DockerRootDir}}')
# With containerd's store the images lie where the containerd is that docker uses.
if docker info -f '{{json .DriverStatus}}' | grep -q io.containerd.snapshotter && [ -S /run/containerd/containerd.sock ] && [ -d /var/lib/containerd ]; then root=/var/lib/containerd; fi
place archives "$folder"
place docker "$root"
echo "there $(stat -c %s -- "$part" 2>/dev/null || stat -c %s -- "$file" 2>/dev/null || echo 0)"
`;
}

export function parseSpace(output: string): Space | undefined {
  const place = (name: string): Place | undefined => {
    const found = new RegExp(`^${name} (\\d+) (\\d+) (.+)$`, "m").exec(output);
    return found ? { device: found[1] ?? "", freeBytes: Number(found[2]), path: found[3] ?? "" } : undefined;
  };
  const [archives, docker] = [place("archives"), place("docker")];
  const there = /^there (\d+)$/m.exec(output);
  return archives && docker && there ? { archives, docker, thereBytes: Number(there[1]) } : undefined;
}

/** What is missing where; empty if it fits. `archiveBytes` are those still to come, `imageBytes` what docker unpacks. */
export function missingSpace(space: Space, archiveBytes: number, imageBytes: number): string[] {
  const { archives, docker } = space;
  const needs =
    archives.device === docker.device
      ? [{ place: { ...archives, path: `${archives.path} and ${docker.path}` }, bytes: archiveBytes + imageBytes }]
      : [
          { place: archives, bytes: archiveBytes },
          { place: docker, bytes: imageBytes },
        ];
  return needs
    .filter(({ place, bytes }) => bytes > place.freeBytes)
    .map(
      ({ place, bytes }) =>
        `${megabytes(bytes - place.freeBytes)} are missing in ${place.path}: ${megabytes(bytes)} are needed, ${megabytes(place.freeBytes)} are free`,
    );
}

/** @throws OperatorError that says how much is missing where */
export async function requireSpace(probe: Probe, file: IncomingFile, imageBytes: number): Promise<void> {
  const what = "asking for free disk space";
  const space = parseSpace(expectSuccess(await probe.query(spaceScript(file)), { host: probe.host, what }).stdout);
  if (!space) throw new Error(`${probe.host}: ${what} gave no answer that can be read`);
  const missing = missingSpace(space, Math.max(0, file.sizeBytes - space.thereBytes), imageBytes);
  if (missing.length === 0) return;
  throw new OperatorError({
    summary: "there is not enough disk space for the image",
    where: `host ${probe.host}`,
    detail: missing.join("\n"),
    remedy: "make room there (docker system df shows what docker keeps), then run the same command again",
  });
}

/** `1,720 MB` */
export function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6).toLocaleString("en-US")} MB`;
}
