import type { Hosts } from "../../../../remote/runner";
import { quote } from "../../../../remote/shell";
import { expectSuccess } from "../../../command-failed";
import { parseReference } from "./reference";

/** What a host's docker knows of an image. */
export interface ImageFacts {
  /** `sha256:…`: of the configuration in Docker's own image store, of the manifest in containerd's. */
  readonly imageId: string;
  readonly sizeBytes: number;
  /** `repository@sha256:…`, one for each registry that it was pulled from; containerd's store always has one. */
  readonly digests: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

const FORMAT = "{{.Id}} {{.Size}} {{json .RepoDigests}} {{with .Config}}{{json .Labels}}{{end}}";

/** Prints `has …` or `absent`. Anything else is an error of docker. */
export function lookScript(reference: string): string {
  return `if out=$(docker image inspect -f ${quote(FORMAT)} ${quote(reference)} 2>&1); then echo "has $out"
else case $out in *'No such image'*) echo absent ;; *) echo "$out" >&2; exit 1 ;; esac
fi
`;
}

export function parseLook(output: string): ImageFacts | undefined {
  const found = /^has (sha256:[0-9a-f]{64}) (\d+) (\S*) ?(.*)$/m.exec(output);
  if (!found) return undefined;
  const [, imageId = "", size, digests, labels] = found;
  return {
    imageId,
    sizeBytes: Number(size),
    digests: (JSON.parse(digests || "null") ?? []) as string[],
    labels: (JSON.parse(labels || "null") ?? {}) as Record<string, string>,
  };
}

/** What a host has under a name or an id. @throws OperatorError, RemoteError */
export async function look(
  hosts: Pick<Hosts, "probe">,
  host: string,
  reference: string,
): Promise<ImageFacts | undefined> {
  const what = `asking docker for image ${reference}`;
  return parseLook(expectSuccess(await hosts.probe(host).query(lookScript(reference)), { host, what }).stdout);
}

/** The digest that a registry gave for the reference; empty if it came another way. */
export function digestOf(facts: ImageFacts, reference: string): string {
  const { repository } = parseReference(reference);
  const own = facts.digests.find(each => each.startsWith(`${repository}@`));
  return (own ?? facts.digests[0])?.split("@")[1] ?? "";
}
