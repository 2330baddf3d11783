import type * as pulumi from "@pulumi/pulumi";
import type { DeclaredHost } from "../config/host-table";
import type { ProviderArgs } from "../provider/muster/sdk/provider.gen";
import { withSecrets } from "../remote/host-table";

/**
 * The host table as inputs of the provider: each secret is an output that the engine keeps encrypted. Where ssh_config says so stands
 * apart: a line that moved in somebody's file is no change of the table.
 */
export function hostInputs(
  table: readonly DeclaredHost[],
  secret: (name: string) => pulumi.Output<string>,
): Pick<ProviderArgs, "hosts" | "origins"> {
  const hosts = table.map(({ origin: _origin, ...host }) => withSecrets(host, ref => secret(ref.secret)));
  const origins = table.flatMap(({ name, origin }) => (origin === undefined ? [] : [[name, origin] as const]));
  // The generated type has outputs at every place, the table at those of secrets alone.
  return { hosts: hosts as unknown as ProviderArgs["hosts"], origins: Object.fromEntries(origins) };
}
