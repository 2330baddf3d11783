import { megabytes } from "./space";

/** Over how long a rate is measured. */
const WINDOW_MILLISECONDS = 5000;

/** `node-1 to node-3: 512 of 1,720 MB, 110 MB/s`, as the bytes come. */
export function transferStatus(
  who: string,
  allBytes: number,
  status: (line: string) => void,
  now: () => number = Date.now,
): (bytes: number) => void {
  const seen: { bytes: number; at: number }[] = [];
  return bytes => {
    const at = now();
    seen.push({ bytes, at });
    while (seen.length > 2 && at - (seen[1]?.at ?? at) >= WINDOW_MILLISECONDS) seen.shift();
    const [first] = seen;
    const seconds = first ? (at - first.at) / 1000 : 0;
    const rate = first && seconds > 0 ? `, ${megabytes((bytes - first.bytes) / seconds)}/s` : "";
    status(`${who}: ${megabytes(bytes).replace(" MB", "")} of ${megabytes(allBytes)}${rate}`);
  };
}
