import { quote } from "../remote/shell";
import { ABSENT, type Topic } from "./fact";

export interface NodeImage {
  /** `sha256:…`: hosts with the same one have the same image, whatever it is called. */
  readonly id: string;
}

/** The image of that reference. Absent: it is not on the host. */
export function nodeImage(reference: string): Topic<NodeImage> {
  return {
    snippet: `command -v docker >/dev/null || exit ${ABSENT}
if ! said=$(timeout 20 docker image inspect -f '{{.Id}}' ${quote(reference)} 2>&1); then
  case $said in *'No such image'*) exit ${ABSENT} ;; *) echo "$said"; exit 1 ;; esac
fi
echo "$said"`,
    parse(output) {
      const id = /^sha256:[0-9a-f]{64}$/m.exec(output)?.[0];
      if (id === undefined) throw new Error(`docker said: ${output.trim().slice(0, 200)}`);
      return { id };
    },
  };
}
