import { presentValue } from "../../facts/fact";
import type { Finding } from "../finding";
import type { HostSight, Wanted } from "./host-sight";
import { parityFindings } from "./parity";

/** The image on the hosts, where nobody brings it: it is there, and the same everywhere. */
export function imageFindings(hosts: readonly HostSight[], wanted: Wanted): Finding[] {
  if (!wanted.inContainers || !wanted.imageMustBeThere) return [];
  const missing = hosts.filter(({ image, container }) => image?.status === "absent" && container?.status === "absent");
  return [
    ...missing.map(
      ({ node }): Finding => ({
        code: "image-missing",
        severity: "error",
        host: node,
        path: "image.reference",
        fact: `image ${wanted.imageReference} is not there, and image.pull is false`,
        why: "the container cannot be made",
        remedy: `docker load it there, write image.archive, or image.pull: true`,
      }),
    ),
    ...parityFindings(
      `image ${wanted.imageReference} is`,
      hosts.map(({ node, image }) => ({ node, value: image && shortId(presentValue(image)?.id) })),
      {
        code: "images-differ",
        severity: "error",
        path: "image.reference",
        why: "ranks with other versions of torch or NCCL hang or fail at the first collective",
        remedy: `docker image rm ${wanted.imageReference}, then docker load the others' one`,
      },
    ),
  ];
}

export function shortId(id: string | undefined): string | undefined {
  return id?.slice(0, "sha256:".length + 12);
}
