import type { Topic } from "./fact";

export interface OperatingSystem {
  /** `debian`, `ubuntu`, … as in os-release(5). */
  readonly id: string;
  readonly versionId: string;
  readonly name: string;
}

export const operatingSystem: Topic<OperatingSystem> = {
  snippet: "cat /etc/os-release || cat /usr/lib/os-release",
  parse(output) {
    const fields = new Map(
      output.split("\n").flatMap(line => {
        const [, key, value] = /^([A-Z_]+)=(.*)$/.exec(line) ?? [];
        return key === undefined || value === undefined ? [] : [[key, value.replace(/^(["'])(.*)\1$/, "$2")] as const];
      }),
    );
    const id = fields.get("ID");
    if (!id) throw new Error("os-release names no ID");
    return { id, versionId: fields.get("VERSION_ID") ?? "", name: fields.get("PRETTY_NAME") ?? id };
  },
};
