import { ABSENT } from "./fact";

/** Ends a snippet where there is no nvidia-smi: absent without a driver, and a failure with one. */
export const FIND_NVIDIA_SMI = `command -v nvidia-smi >/dev/null || {
  [ -e /dev/nvidiactl ] || exit ${ABSENT}
  echo "there are NVIDIA devices, but nvidia-smi is not installed"; exit 1
}`;

/** Rows of `--format=csv,noheader,nounits`. */
export function cells(output: string): string[][] {
  const lines = output.split("\n").filter(line => line.trim() !== "");
  return lines.map(line => line.split(",").map(cell => cell.trim()));
}

/** @throws Error when nvidia-smi gave words for a number */
export function whole(text: string): number {
  const digits = text.replace(/ MiB$/, "");
  if (!/^\d+$/.test(digits)) throw new Error(`nvidia-smi said: ${text}`);
  return Number(digits);
}

/** False for what a GPU does not have: `[N/A]`, `N/A`, `[Not Supported]`. */
export function told(text: string | undefined): text is string {
  return (
    text !== undefined &&
    text !== "" &&
    !/^\[?(N\/A|Not Supported|Unknown Error|Insufficient Permissions)\]?$/.test(text)
  );
}
