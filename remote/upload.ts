import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import path from "node:path";
import { PassThrough, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { RemoteError } from "./remote-error";
import type { CommandOptions, Runner } from "./runner";
import { script } from "./shell";

export type UploadContent =
  | { readonly text: string | Buffer }
  /** A file of the operator's machine. */
  | { readonly file: string }
  | { readonly stream: NodeJS.ReadableStream };

export interface UploadRequest {
  /** Absolute path on the host. Its folder must be there. */
  readonly path: string;
  readonly content: UploadContent;
  /** Octal, such as "0600". */
  readonly mode: string;
  /** `user` or `user:group`. Default: whoever writes. */
  readonly owner?: string;
}

const TIMEOUT_SECONDS = 3600;

/**
 * Writes a file so that it is there whole or not at all: into a temporary file beside it, compared by checksum, flushed to disk, with its
 * mode and owner before it gets its name. A folder on the way that is a symbolic link is followed only if root alone could have made it.
 * Returns the SHA-256 of the content.
 * @throws RemoteError
 */
export async function upload(
  runner: Runner,
  request: UploadRequest,
  options: Pick<CommandOptions, "signal" | "timeoutSeconds"> = {},
): Promise<string> {
  if (
    !path.posix.isAbsolute(request.path) ||
    path.posix.normalize(request.path) !== request.path ||
    request.path.endsWith("/")
  ) {
    throw uploadError(runner, request, "the path must be absolute, without `.`, `..` or a slash at its end");
  }
  if (!/^[0-7]{3,4}$/.test(request.mode))
    throw uploadError(runner, request, `mode "${request.mode}" is not octal, such as 0644`);
  const variables = {
    target: request.path,
    mode: request.mode,
    owner: request.owner ?? "",
  };
  const limits = { timeoutSeconds: TIMEOUT_SECONDS, ...options };
  const { stdin, sum } = await open(request.content);
  const known = "stream" in request.content ? undefined : await sum;
  const body =
    known === undefined
      ? `${RECEIVE}\ntrap - EXIT HUP INT TERM\nprintf '%s\\n' "$got" "$temporary"`
      : `${RECEIVE}\n${COMMIT}`;
  const received = await runner.mutate(`write ${request.path}`, script(body, { ...variables, expected: known ?? "" }), {
    ...limits,
    stdin,
  });
  if (received.exitCode !== 0)
    throw uploadError(runner, request, received.stderr.trim() || `exit code ${received.exitCode}`);
  if (known !== undefined) return known;
  const [got = "", temporary = ""] = received.stdout.trim().split("\n");
  const expected = await sum;
  const ending = `${ENTER}\n${COMMIT}`;
  const committed = await runner.mutate(
    `name ${request.path}`,
    script(ending, { ...variables, expected, got, temporary }),
    limits,
  );
  if (committed.exitCode !== 0)
    throw uploadError(runner, request, committed.stderr.trim() || `exit code ${committed.exitCode}`);
  return expected;
}

/** The data, and the promise of its SHA-256. A file is read twice, so that the host can compare before it answers. */
async function open(content: UploadContent): Promise<{ stdin: Buffer | NodeJS.ReadableStream; sum: Promise<string> }> {
  const hash = createHash("sha256");
  if ("text" in content) {
    const bytes = Buffer.from(content.text);
    return { stdin: bytes, sum: Promise.resolve(hash.update(bytes).digest("hex")) };
  }
  if ("file" in content) {
    await pipeline(createReadStream(content.file), hash);
    return { stdin: createReadStream(content.file), sum: Promise.resolve(hash.digest("hex")) };
  }
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  const out = new PassThrough();
  const sum = pipeline(content.stream, meter, out).then(() => hash.digest("hex"));
  sum.catch(() => {});
  return { stdin: out, sum };
}

function uploadError(runner: Runner, request: UploadRequest, problem: string): RemoteError {
  return new RemoteError({
    kind: "command",
    host: runner.host,
    address: request.path,
    problem: `the file was not written: ${problem}`,
  });
}

/**
 * Goes into the folder and stays: from then on all names are relative, so nobody can swap the folder for a link. On the way a link
 * counts as safe when root owns it and nobody but root can write the folder that it stands in.
 */
const ENTER = `folder=\${target%/*}; folder=\${folder:-/}; name=\${target##*/}
at=; rest=\${folder#/}/
while [ -n "$rest" ] && [ "$rest" != / ]; do
  before=\${at:-/}; at=$at/\${rest%%/*}; rest=\${rest#*/}
  if [ -L "$at" ] && [ "$(id -u)" = 0 ]; then
    case $(stat -c %u "$at"):$(stat -L -c %u:%A "$before") in
      0:0:?????-??-*) ;;
      *) echo "$at is a symbolic link that somebody else than root could have made" >&2; exit 1 ;;
    esac
  fi
done
real=$(cd -P -- "$folder" && pwd -P) || exit 1
cd -P -- "$real"
[ "$(pwd -P)" = "$real" ] || { echo "$folder changed under our hands" >&2; exit 1; }
[ ! -d "$name" ] || { echo "$target is a folder" >&2; exit 1; }`;

const RECEIVE = `${ENTER}
umask 077
temporary=$(mktemp "./.$name.XXXXXXXX")
trap 'rm -f -- "$temporary"' EXIT
trap 'exit 1' HUP INT TERM PIPE
cat >"$temporary"
got=$(sha256sum <"$temporary"); got=\${got%% *}`;

const COMMIT = `trap 'rm -f -- "$temporary"' EXIT
[ "$got" = "$expected" ] || { echo "the checksum is $got on the host, but $expected was sent" >&2; exit 1; }
[ -z "$owner" ] || chown -- "$owner" "$temporary"
chmod -- "$mode" "$temporary"
sync "$temporary" 2>/dev/null || sync
mv -f -T -- "$temporary" "$name" 2>/dev/null || mv -f -- "$temporary" "$name"
trap - EXIT
sync . 2>/dev/null || sync`;
