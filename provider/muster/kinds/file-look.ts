import { RemoteError } from "../../../remote/remote-error";
import type { CommandResult, Hosts } from "../../../remote/runner";
import { command } from "../../../remote/shell";
import { expectSuccess } from "../../command-failed";
import { type FileFacts, parseRead, readScript } from "./file-script";

interface Look {
  readonly path: string;
  readonly expectedSha256: string;
  readonly signal: AbortSignal;
  resolve(found: FileFacts | undefined): void;
  reject(error: unknown): void;
}

type Asking = Pick<Hosts, "probe">;

const waiting = new WeakMap<Asking, Map<string, Look[]>>();

/**
 * What is at a path of a host; undefined: nothing. Content comes only if its digest is not the expected one. Files of one host that
 * are looked at in one turn are looked at by two processes: `stat` and `sha256sum` for each would cost the host more than the files.
 * @throws OperatorError or RemoteError: it could not be found out
 */
export function lookAtFile(
  context: { readonly hosts: Asking; readonly signal: AbortSignal },
  host: string,
  path: string,
  expectedSha256: string,
): Promise<FileFacts | undefined> {
  const { hosts, signal } = context;
  return new Promise((resolve, reject) => {
    const ofHosts = waiting.get(hosts) ?? new Map<string, Look[]>();
    waiting.set(hosts, ofHosts);
    const look = { path, expectedSha256, signal, resolve, reject };
    const others = ofHosts.get(host);
    if (others !== undefined) {
      others.push(look);
      return;
    }
    const looks = [look];
    ofHosts.set(host, looks);
    setImmediate(() => {
      ofHosts.delete(host);
      void lookAtAll(hosts, host, looks);
    });
  });
}

async function lookAtAll(hosts: Asking, host: string, looks: readonly Look[]): Promise<void> {
  let seen: ReadonlyMap<string, FileFacts>;
  try {
    seen = looks.length > 1 ? await lookTogether(hosts, host, looks) : new Map();
  } catch (error) {
    for (const look of looks) look.reject(error);
    return;
  }
  for (const look of looks) {
    const facts = seen.get(look.path);
    if (facts !== undefined && isAllThereIsToSay(facts, look.expectedSha256)) look.resolve(facts);
    else lookAlone(hosts, host, look).then(look.resolve, look.reject);
  }
}

/** What is known of them afterwards. */
async function lookTogether(hosts: Asking, host: string, looks: readonly Look[]): Promise<Map<string, FileFacts>> {
  const paths = [...new Set(looks.map(look => look.path))];
  const [{ signal } = { signal: undefined }] = looks;
  // What ends one of them early must not end the others.
  const shared = looks.every(look => look.signal === signal) ? signal : undefined;
  try {
    const result = await hosts.probe(host).query(looksScript(paths), shared && { signal: shared });
    return parseLooks(result.stdout);
  } catch (error) {
    // One of them is too large to be read in time: which one, each finds out alone.
    if (error instanceof RemoteError && error.kind === "timeout") return new Map();
    throw error;
  }
}

/** Not so of a file with other content, which is shown, and of one that the digests leave out. */
function isAllThereIsToSay({ type, sha256 }: FileFacts, expectedSha256: string): boolean {
  return type !== "file" || sha256 === expectedSha256;
}

async function lookAlone(hosts: Asking, host: string, { path, expectedSha256, signal }: Look) {
  const result: CommandResult = await hosts.probe(host).query(readScript(path, expectedSha256), { signal });
  return parseRead(expectSuccess(result, { host, what: `read ${path}` }).stdout);
}

/** Describes those of the paths that are there; whoever is missing must be looked at alone, to learn why. */
export function looksScript(paths: readonly string[]): string {
  return `export LC_ALL=C
set -- ${command(paths)}
stat -c '%F|%a|%u:%g|%s|%n' -- "$@" 2>/dev/null
echo
for p in "$@"; do
  shift
  if [ -f "$p" ] && [ ! -L "$p" ]; then set -- "$@" "$p"; fi
done
[ $# = 0 ] || sha256sum -- "$@" 2>/dev/null
exit 0
`;
}

/** What `looksScript` found, by path. */
export function parseLooks(output: string): Map<string, FileFacts> {
  const [descriptions = "", digests = ""] = output.split(/^\n/m);
  // A name with a backslash is printed escaped, behind one: it is left to be looked at alone.
  const sha256 = new Map(
    [...digests.matchAll(/^([0-9a-f]{64}) [ *](.*)$/gm)].map(([, digest = "", path = ""]) => [path, digest]),
  );
  return new Map(
    descriptions
      .split("\n")
      .filter(Boolean)
      .map(line => {
        const [, description = "", path = ""] = /^((?:[^|]*\|){3}\d+)\|(.*)$/.exec(line) ?? [];
        return [path, description];
      })
      .flatMap(([path = "", description = ""]) => {
        const facts = parseRead(`${description}\n${sha256.get(path) ?? ""}`);
        return facts === undefined ? [] : [[path, facts] as const];
      }),
  );
}
