import type * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { DeclaredHost } from "../config/host-table";
import type { Cluster } from "../config/schema";
import type { SecretRef } from "../config/schema/values";
import { asList, type ResolvedAddress, resolveAddress } from "../remote/host-table";
import type { OperatorSide } from "./operator-side";
import { Stop } from "./stop";

export type StepConnection = command.types.input.remote.ConnectionArgs;
type Hop = Omit<StepConnection, "proxy">;

export interface StepOperator extends Pick<OperatorSide, "hostTable" | "privateKey"> {
  /** A secret of the stack's configuration, by its name. */
  readonly secret: (name: string) => pulumi.Output<string>;
}

/** The ways to all hosts on which steps run. @throws Stop */
export function stepConnections(settings: Cluster, operator: StepOperator): ReadonlyMap<string, StepConnection> {
  const all = settings.steps.some(step => step.nodes === "all");
  const named = new Set(settings.steps.flatMap(step => (step.nodes === "all" ? [] : step.nodes)));
  const hosts = operator.hostTable.filter(({ name }) => all || named.has(name));
  return new Map(hosts.map(host => [host.name, stepConnection(host, operator)]));
}

/**
 * The way to a host for the user's own steps, in the words of @pulumi/command (1.2.1), which knows one bastion, pinned keys and no
 * certificates.
 * @throws Stop when the way cannot be said in them
 */
export function stepConnection(host: DeclaredHost, operator: StepOperator): StepConnection {
  const target = resolveAddress(host, operator.hostTable);
  const { bastion } = target;
  if (bastion?.bastion) throw unsayable(host.name, "it is behind more than one bastion");
  const proxy = bastion && hop(host.name, bastion, operator);
  return { ...hop(host.name, target, operator), ...(proxy && { proxy }) };
}

function hop(name: string, target: ResolvedAddress<SecretRef>, { privateKey, secret }: StepOperator): Hop {
  const { address, port, user, hostKeys, identityFile, agent, passphrase, password } = target;
  const [hostKey] = hostKeys;
  if (hostKey === undefined && target.hostAuthorities !== undefined) {
    throw unsayable(
      name,
      `${target.label} is trusted by an authority alone; write its own key into the known_hosts file`,
    );
  }
  const [key] = asList(identityFile);
  return {
    host: address,
    port,
    user,
    hostKey: hostKey ?? "",
    ...(key !== undefined && { privateKey: pulumi.secret(privateKey(key)) }),
    ...(key !== undefined && passphrase && { privateKeyPassword: secret(passphrase.secret) }),
    ...(password && { password: secret(password.secret) }),
    ...(agent !== undefined && agent !== "none" && { agentSocketPath: agent }),
  };
}

function unsayable(host: string, reason: string): Stop {
  return new Stop(
    `steps cannot run on ${host}: ${reason}. Steps go by @pulumi/command, which cannot say such a way. ` +
      "Remedy: leave the host out of the steps' nodes, or run them by `muster exec`; no host was changed",
  );
}
