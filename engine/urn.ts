/** Names of resources: `urn:pulumi:<stack>::<project>::<parent types $ type>::<name>`. */

export const STACK_TYPE = "pulumi:pulumi:Stack";
const PROVIDER_PREFIX = "pulumi:providers:";

/** The URN of a resource; the stack itself adds no type to its children's. */
export function makeUrn(
  stack: string,
  project: string,
  parent: string | undefined,
  type: string,
  name: string,
): string {
  const parentType = parent ? qualifiedTypeOf(parent) : "";
  const prefix = parentType === "" || parentType === STACK_TYPE ? "" : `${parentType}$`;
  return `urn:pulumi:${stack}::${project}::${prefix}${type}::${name}`;
}

/** The URN of a child whose parent is called `parent` now. */
export function renamedChild(urn: string, type: string, parent: string): string {
  const [, , stack = ""] = urn.split(":");
  return makeUrn(stack, urn.split("::")[1] ?? "", parent, type, nameOf(urn));
}

export function qualifiedTypeOf(urn: string): string {
  return urn.split("::")[2] ?? "";
}

export function typeOf(urn: string): string {
  return qualifiedTypeOf(urn).split("$").pop() ?? "";
}

export function nameOf(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

export function stackUrn(stack: string, project: string): string {
  return makeUrn(stack, project, undefined, STACK_TYPE, `${project}-${stack}`);
}

export function isProviderType(type: string): boolean {
  return type.startsWith(PROVIDER_PREFIX);
}

/** The package that a provider resource configures. */
export function packageOfProvider(type: string): string {
  return type.slice(PROVIDER_PREFIX.length);
}

/** The package that serves a resource or function: `muster` for `muster:index:File`. */
export function packageOf(token: string): string {
  return token.split(":")[0] ?? token;
}

export function providerType(packageName: string): string {
  return `${PROVIDER_PREFIX}${packageName}`;
}

/** A provider that the engine made because a program named none: not counted in summaries. */
export function isDefaultProvider(urn: string): boolean {
  return isProviderType(typeOf(urn)) && /^default(_|$)/.test(nameOf(urn));
}

export interface ProviderReference {
  readonly urn: string;
  readonly id: string;
}

/** Splits `<urn>::<id>`. */
export function parseProviderReference(reference: string): ProviderReference {
  const at = reference.lastIndexOf("::");
  return { urn: reference.slice(0, at), id: reference.slice(at + 2) };
}
