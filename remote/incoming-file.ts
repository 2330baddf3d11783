import { script } from "./shell";

/** A file that comes to a host bit by bit, perhaps in several runs. Its bytes are known beforehand by their checksum. */
export interface IncomingFile {
  /** Absolute path that it gets once it is whole and proven. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Of the whole, in hexadecimal. */
  readonly sha256: string;
}

/** How an attempt to receive a file ended. A part stays for the next attempt, unless it is damaged. */
export type Receipt =
  | { readonly kind: "whole" }
  /** `bytes`: what is there now. `why`: what the sending side said, as far as it said anything. */
  | { readonly kind: "cut"; readonly bytes: number; readonly why: string }
  /** All bytes were there, but not the right ones; they are removed. */
  | { readonly kind: "damaged" };

/** Where the bytes come from, as shell text that runs on the receiving host. */
export interface Feed {
  /** One simple command that prints what follows `$have` bytes. Its standard input is the script's. */
  readonly command: string;
  /** Lines before it; may read standard input. */
  readonly prepare?: string;
  /** Runs at the end in any case. */
  readonly cleanup?: string;
  /** How many bytes must be there, when the sender begins after a fixed number of them. */
  readonly fromByte?: number;
}

/** The part of a file that is there already. The name tells whose part it is: that of other bytes is never continued. */
export function partPath(file: IncomingFile): string {
  return `${file.path}.part-${file.sha256.slice(0, 16)}`;
}

/** Prints the number of bytes that are there: of the part, or of a file of the same size that an earlier run left. */
export function bytesThereScript(file: IncomingFile): string {
  return script(
    `size_of() { stat -c %s -- "$1" 2>/dev/null || echo 0; }
have=$(size_of "$file")
[ "$have" = "$size" ] || have=$(size_of "$part")
[ "$have" -le "$size" ] || have=0
echo "$have"`,
    { part: partPath(file), file: file.path, size: String(file.sizeBytes) },
  );
}

/**
 * Receives what is missing, proves the whole by its checksum, and only then gives it its name. Prints `at BYTES` every second, and at its
 * end `whole`, `cut BYTES` or `damaged`. When nobody reads that any more (the operator died), it ends.
 */
export function receiveScript(file: IncomingFile, feed: Feed): string {
  const body = `umask 077
mkdir -p -- "\${file%/*}"
for other in "$file".part-*; do
  [ "$other" = "$part" ] || rm -f -- "$other"
done
size_of() { stat -c %s -- "$1" 2>/dev/null || echo 0; }
[ "$(size_of "$file")" != "$size" ] || mv -f -- "$file" "$part"
have=$(size_of "$part")
[ "$have" -le "$size" ] || { rm -f -- "$part"; have=0; }
[ -z "$from" ] || [ "$have" = "$from" ] || { echo "cut $have"; exit 0; }
ticker=; sender=
finish() {
  [ -z "$ticker" ] || kill "$ticker" 2>/dev/null || :
  [ -z "$sender" ] || kill "$sender" 2>/dev/null || :
  ${feed.cleanup ?? ":"}
}
trap finish EXIT
trap 'exit 143' HUP INT TERM PIPE
if [ "$have" -lt "$size" ]; then
  ${(feed.prepare ?? ":").replaceAll("\n", "\n  ")}
  # A background process reads /dev/null unless told otherwise; in the foreground it would hold up the traps.
  exec 3<&0
  (exec ${feed.command}) <&3 3<&- >>"$part" & sender=$!
  exec 3<&-
  (trap '' PIPE; while sleep 1 >/dev/null 2>&1; do echo "at $(size_of "$part")" || kill $$; done) </dev/null 2>/dev/null & ticker=$!
  wait "$sender" || :
  sender=
  have=$(size_of "$part")
  [ "$have" -ge "$size" ] || { echo "cut $have"; exit 0; }
fi
got=$(sha256sum <"$part"); got=\${got%% *}
if [ "$have" != "$size" ] || [ "$got" != "$sum" ]; then
  rm -f -- "$part"
  echo damaged
  exit 0
fi
mv -f -- "$part" "$file"
echo whole`;
  return script(body, {
    file: file.path,
    part: partPath(file),
    size: String(file.sizeBytes),
    sum: file.sha256,
    from: feed.fromByte === undefined ? "" : String(feed.fromByte),
  });
}

/**
 * Reads what `receiveScript` printed; `stderr` says why when it was cut. Undefined: the script did not come to its end. On a busy host one
 * more `at` may follow the verdict: what prints it is a process of its own, and ends only after it.
 */
export function parseReceipt(stdout: string, stderr: string): Receipt | undefined {
  const verdict = [...stdout.matchAll(/^(?:(whole|damaged)|cut (\d+))$/gm)].at(-1);
  if (!verdict) return undefined;
  const [, ended, bytes] = verdict;
  if (ended === "whole" || ended === "damaged") return { kind: ended };
  return { kind: "cut", bytes: Number(bytes), why: stderr.trim().slice(-500) };
}

/** The last `at BYTES` of a piece of output. */
export function parseProgress(chunk: string): number | undefined {
  const found = [...chunk.matchAll(/^at (\d+)\n/gm)].at(-1);
  return found ? Number(found[1]) : undefined;
}
