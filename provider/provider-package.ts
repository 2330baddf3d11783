import type { z } from "zod";
import type { HostConnection } from "../remote/host-table";
import type { Ownership, StackIdentity } from "../remote/ownership";
import type { Redactor } from "../remote/redact";
import type { Hosts, Runner } from "../remote/runner";
import type { Bag } from "./bag";
import type { CheckFailure, FieldPolicy, Kind, NodeAddress } from "./kind";

/** A kind whose types of inputs and outputs are known to itself only. */
export type AnyKind = Kind<Bag, Bag>;

/** For the table of kinds. The server gives a kind only what its own schema let through. */
export function anyKind<Inputs, Outputs extends object>(kind: Kind<Inputs, Outputs>): AnyKind {
  return kind as unknown as AnyKind;
}

/** How the hosts of one provider configuration are reached. */
export interface TransportOptions {
  readonly hosts: readonly HostConnection[];
  readonly auditLog?: string;
  readonly connectTimeoutSeconds?: number;
  readonly ownership?: Ownership;
}

/** Connections of this process. They are shared by all configurations: one handshake per host and run. */
export interface Transport {
  hosts(options: TransportOptions): Hosts;
  /** Runs on the operator's machine, with these variables in the environment. */
  local(environment?: Readonly<Record<string, string>>): Runner;
  close(): Promise<void>;
}

export interface Services {
  readonly transport: Transport;
  /** Knows every secret that a request brought. */
  readonly redactor: Redactor;
}

/** What one configured provider offers to its kinds. */
export interface Session {
  readonly hosts: Hosts;
  readonly cluster: string;
  /** Where the nodes reach each other. */
  readonly nodes?: readonly NodeAddress[];
  /** Absent while the provider itself does not exist yet. */
  readonly ownership?: Ownership;
  readonly connect?: (host: HostConnection) => Runner;
}

export interface Configuration {
  readonly inputs: z.ZodType;
  readonly fields: { readonly [name: string]: FieldPolicy };
  /** Names of fields, at any depth, whose texts are secrets. */
  readonly secretLeaves?: readonly string[];
  check?(known: Bag): CheckFailure[];
  /** Inputs that follow from the configuration of the run before. Must give the same again. */
  carry?(old: Bag, news: Bag): Bag;
}

/** For packages of Pulumi's that are served in part: on the stock CLI too, for Pulumi.yaml names this folder for them. */
export function pulumisOwnPlugin(name: string): string {
  return `Pulumi's own plugin has all of it: take ${name} out of plugins.providers in Pulumi.yaml, and use the stock CLI`;
}

/** A package as Pulumi sees it: its configuration and its kinds. */
export interface ProviderPackage {
  readonly name: string;
  /** Version of the SDK whose types this package serves. */
  readonly version: string;
  readonly configuration: Configuration;
  readonly kinds: readonly AnyKind[];
  /** Who serves what this package does not, and how to get there; absent: nobody does. */
  readonly elsewhere?: string;
  /** `stack`: absent in the preview of a new stack, and where the engine does not tell. */
  open(configuration: Bag, services: Services, stack?: StackIdentity): Session;
  schema?(): string;
}
