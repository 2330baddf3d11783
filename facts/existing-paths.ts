import { quote } from "../remote/shell";
import { ABSENT, type Fact, type Topic } from "./fact";

export type ExistingPaths = Fact<readonly string[]>;

/** Of these paths of the host, those that are there, in their order. */
export function existingPaths(paths: readonly string[]): Topic<readonly string[]> {
  return {
    snippet:
      paths.length === 0
        ? `exit ${ABSENT}`
        : `for path in ${paths.map(quote).join(" ")}; do [ ! -e "$path" ] || printf '%s\\n' "$path"; done`,
    parse: output => paths.filter(path => output.split("\n").includes(path)),
  };
}
