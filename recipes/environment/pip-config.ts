import type { Cluster } from "../../config/schema";

/** pip's configuration file; empty settings give none. */
export function renderPipConfig(python: Cluster["python"]): string | undefined {
  const lines = [
    ...(python.indexUrl === undefined ? [] : [`index-url = ${python.indexUrl}`]),
    ...(python.extraIndexUrl === undefined ? [] : [`extra-index-url = ${python.extraIndexUrl}`]),
    ...(python.wheels === undefined ? [] : ["no-index = true", `find-links = ${python.wheels}`]),
  ];
  return lines.length === 0 ? undefined : `[global]\n${lines.join("\n")}\n`;
}
