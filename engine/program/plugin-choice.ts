import type { Value, ValueMap } from "../../wire/values";

/** Which build of a provider a program asks for; empty: whichever there is. */
export interface PluginChoice {
  readonly version: string;
  readonly downloadUrl: string;
}

/** The name of the default provider for a choice (pulumi/pulumi pkg/resource/deploy/providers/provider.go DefaultName, 3.260). */
export function defaultProviderName({ version, downloadUrl }: PluginChoice): string {
  const url = downloadUrl
    .split("/")
    .filter(segment => segment !== "")
    .map(segment => segment.replaceAll(/[^A-Za-z0-9_.-]/g, "_"))
    .join("/");
  return ["default", version.replaceAll(/[.+-]/g, "_"), url].filter(part => part !== "").join("_");
}

/** A provider's inputs with its choice, as the state keeps it: under `__internal`, which providers never see, and `version`. */
export function withPluginChoice(inputs: ValueMap, { version, downloadUrl }: PluginChoice): ValueMap {
  if (version === "" && downloadUrl === "") return inputs;
  const internal: Record<string, Value> = downloadUrl === "" ? {} : { pluginDownloadURL: downloadUrl };
  return { ...inputs, ...(version !== "" && { version }), __internal: internal };
}
