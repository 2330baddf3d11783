/** A requirement of pip in parts: `sglang[all]>=0.5` is sglang, [all], >=0.5. */
export interface Requirement {
  /** As PyPI compares names: lower case, hyphens. */
  readonly name: string;
  /** Text of the extras with their brackets; empty without. */
  readonly extras: string;
  /** Text of the range; empty: any version. */
  readonly range: string;
}

/** Parts of a requirement. A marker (`; python_version…`) and a URL (`name @ https://…`) belong to no part. */
export function parseRequirement(text: string): Requirement {
  const [, name = "", extras = "", rest = ""] = /^\s*([A-Za-z0-9._-]+)\s*(\[[^\]]*\])?\s*([^;@]*)/.exec(text) ?? [];
  return { name: normalName(name), extras: extras.replaceAll(" ", ""), range: rest.replaceAll(" ", "") };
}

/** PEP 503: `Flash_Attn` and `flash-attn` are one package. */
export function normalName(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, "-");
}
