import type { Jump } from "./jump";
import type { ConfigPlace } from "./text";

export interface Setting<T> {
  readonly value: T;
  /** The line that says so. */
  readonly at: ConfigPlace;
}

/** Settings of which the first line that says something wins. Names as in ssh_config(5). */
export interface SingleValues {
  readonly hostName: string;
  readonly user: string;
  readonly port: number;
  readonly identitiesOnly: boolean;
  readonly identityAgent: string;
  /** Whichever of ProxyJump and ProxyCommand comes first. No jumps, and no command: none is wanted. */
  readonly proxy: { readonly jumps: readonly Jump[] } | { readonly command: string | undefined };
  readonly userKnownHostsFiles: readonly string[];
  readonly globalKnownHostsFiles: readonly string[];
  readonly hostKeyAlias: string;
  readonly connectTimeoutSeconds: number;
}

/** What was found for one host. */
export type HostSettings = { -readonly [K in keyof SingleValues]?: Setting<SingleValues[K]> } & {
  /** These add up. */
  readonly identityFiles: Setting<string>[];
  readonly certificateFiles: Setting<string>[];
  /** Keywords that a note was written for, or that needed none. */
  readonly noted: Set<string>;
};

export function noSettings(): HostSettings {
  return { identityFiles: [], certificateFiles: [], noted: new Set() };
}

/** Something that the operator should know about a line. */
export interface ConfigNote {
  readonly severity: "error" | "warning";
  readonly at: ConfigPlace;
  readonly found: string;
  readonly expected: string;
  readonly remedy: string;
}
