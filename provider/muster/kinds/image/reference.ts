/** The parts of an image's name: `registry/repository:tag@digest`. */
export interface Reference {
  /** Where it would be pulled from: `docker.io` if the name says nothing. */
  readonly registry: string;
  /** With its registry if the name has one, as docker lists it. */
  readonly repository: string;
  readonly tag?: string;
  /** `sha256:…` */
  readonly digest?: string;
}

export const DIGEST = /^sha256:[0-9a-f]{64}$/;

const DEFAULT_REGISTRY = "docker.io";

/** Takes a name apart as docker does (distribution/reference): the first part is a registry if it looks like a host. */
export function parseReference(text: string): Reference {
  const [name = "", digest] = text.split("@");
  const colon = name.lastIndexOf(":");
  const hasTag = colon > name.lastIndexOf("/");
  const repository = hasTag ? name.slice(0, colon) : name;
  const [first = "", ...rest] = repository.split("/");
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  return {
    registry: isHost ? first : DEFAULT_REGISTRY,
    repository,
    ...(hasTag && { tag: name.slice(colon + 1) }),
    ...(digest !== undefined && { digest }),
  };
}

/** The name under which a host keeps the image: docker keeps a tag, and of `name:tag@digest` not the digest. */
export function localName(text: string): string {
  const { repository, tag, digest } = parseReference(text);
  if (tag !== undefined || digest === undefined) return text.split("@")[0] ?? text;
  return `${repository}@${digest}`;
}

/** `repository@digest`: pulls exactly that, whatever the tag says today. */
export function pinned(text: string, digest: string): string {
  return `${parseReference(text).repository}@${digest}`;
}

/** The name with its registry and a tag, as containerd's image store keeps it. */
export function fullName(text: string): string {
  const { registry, repository, tag } = parseReference(text);
  if (registry !== DEFAULT_REGISTRY || repository.startsWith(`${DEFAULT_REGISTRY}/`))
    return `${repository}:${tag ?? "latest"}`;
  return `${registry}/${repository.includes("/") ? "" : "library/"}${repository}:${tag ?? "latest"}`;
}
