import { addressOf, nameOf } from "./generated-host";

/** A cluster file with the generated hosts. */
export function clusterFile(hosts: number): string {
  const lines = Array.from(
    { length: hosts },
    (_, index) => `  - {name: ${nameOf(index + 1)}, address: ${addressOf(index + 1)}}`,
  );
  return [
    "cluster: generated",
    "hosts:",
    ...lines,
    "slots: 8",
    "ssh: {user: root}",
    'image: {reference: "example.com/train:torch2.7.1", swift: 3.7.1, packages: {apt: true}}',
    "",
  ].join("\n");
}
