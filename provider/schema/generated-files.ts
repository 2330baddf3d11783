import { musterConfiguration } from "../muster/provider-config";
import { musterKinds } from "../packages";
import { MUSTER_VERSION } from "../version";
import { pulumiSchema } from "./pulumi-schema";
import { classSource, fileNameOf, nounOf, providerSource } from "./sdk-class";

export interface GeneratedFile {
  /** From the root of the project. */
  readonly file: string;
  readonly content: string;
}

/** Everything that is generated from the table of kinds. */
export function generatedFiles(): GeneratedFile[] {
  const schema = pulumiSchema("muster", MUSTER_VERSION, musterConfiguration, musterKinds);
  return [
    { file: "provider/muster/schema.json", content: `${JSON.stringify(schema, null, 2)}\n` },
    { file: "provider/muster/sdk/provider.gen.ts", content: providerSource("muster", musterConfiguration) },
    ...musterKinds.map(kind => ({
      file: `provider/muster/sdk/${fileNameOf(nounOf(kind))}.gen.ts`,
      content: classSource(kind),
    })),
  ];
}
