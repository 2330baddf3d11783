/** A file or folder as the host has it. */
export interface FileState {
  readonly type: string;
  readonly mode: string;
  readonly owner: string;
  /** Of files. */
  readonly sha256?: string;
}

/** What a run leaves on a host: all below the cluster's folder, and the node container. */
export interface HostState {
  readonly files: ReadonlyMap<string, FileState>;
  /** What was asked of Docker for the container, by name of the setting; its text is JSON. */
  readonly container: ReadonlyMap<string, string>;
  readonly containerId: string;
}

/** Their content is made anew with each first run; that they fit together is proved by the mesh. */
export const keyFiles: ReadonlySet<string> = new Set([
  "bench/node/ssh_host_ed25519_key",
  "bench/ssh/id_ed25519",
  "bench/ssh/authorized_keys",
  "bench/ssh/known_hosts",
]);

/** muster's note to itself, whose the host is; no other tool needs it. */
export const OWN_NOTE = "bench/owner";

/** Read-only; its output is for `parseHostState`. */
export const hostStateScript = `cd /var/lib/muster || exit 1
find . -mindepth 1 -not -path ./${OWN_NOTE} -printf '%y %m %U:%G %P\\n' | sort -k4
echo
find . -type f -not -path ./${OWN_NOTE} -exec sha256sum {} + | sort -k2
echo
docker inspect ms`;

/** @throws Error on output that is not of the script */
export function parseHostState(output: string): HostState {
  const [listing = "", digests = "", ...json] = output.split("\n\n");
  const sha256 = new Map(digests.split("\n").map(line => [line.slice(66).replace(/^\.\//, ""), line.slice(0, 64)]));
  const files = listing.split("\n").map((line): [string, FileState] => {
    const [, type = "", mode = "", owner = "", path = ""] = /^(\S) (\d+) (\S+) (.+)$/.exec(line) ?? [];
    const digest = sha256.get(path);
    return [path, { type, mode, owner, ...(digest !== undefined && { sha256: digest }) }];
  });
  const [inspect] = JSON.parse(json.join("\n\n")) as Inspect[];
  if (inspect === undefined || files.some(([path]) => path === ""))
    throw new Error(`not the state of a host:\n${output}`);
  return { files: new Map(files), container: containerSettings(inspect), containerId: inspect.Id };
}

type Settings = Readonly<Record<string, unknown>>;

interface Inspect {
  readonly Id: string;
  readonly Image: string;
  readonly State: { readonly Status: string };
  readonly Config: Settings;
  readonly HostConfig: Settings;
  readonly Mounts: readonly { readonly Source: string; readonly Destination: string; readonly RW: boolean }[];
}

/**
 * muster's notes to itself, how the image was named, who watched the start; and mounts as they were written, which `Mounts` has as
 * they are.
 */
const LEFT_OUT = /^(Labels|Image|Attach\w+|ConsoleSize|Binds|Mounts)$/;

/** Every other setting, lists in any order. */
function containerSettings({ Config, HostConfig, ...inspect }: Inspect): Map<string, string> {
  const asked = Object.entries({ ...Config, ...HostConfig }).filter(([name]) => !LEFT_OUT.test(name));
  const mounts = inspect.Mounts.map(({ Source, Destination, RW }) => `${Source} ${Destination} ${RW}`);
  const settings = [["Status", inspect.State.Status], ["Image", inspect.Image], ["Mounts", mounts], ...asked] as const;
  return new Map(settings.map(([name, value]) => [String(name), JSON.stringify(inOrder(value))]));
}

function inOrder(value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (!Array.isArray(value) || value.length === 0) return Array.isArray(value) ? null : value;
  const items = value.map(item => JSON.stringify(item)).filter(item => !item.startsWith('"MUSTER_START='));
  return items.length === 0 ? null : items.sort().map(item => JSON.parse(item) as unknown);
}

/** How what was found differs from what is wanted; empty when it does not. */
export function differences(wanted: HostState, found: HostState): string[] {
  const paths = new Set([...wanted.files.keys(), ...found.files.keys()]);
  const files = [...paths].sort().flatMap(path => {
    const [want, is] = [wanted.files.get(path), found.files.get(path)].map(state => fileText(path, state));
    return want === is ? [] : [`${path}: ${want}, found ${is}`];
  });
  const names = new Set([...wanted.container.keys(), ...found.container.keys()]);
  const settings = [...names].flatMap(name => {
    const [want, is] = [wanted.container.get(name) ?? "null", found.container.get(name) ?? "null"];
    return want === is ? [] : [`container's ${name}: ${want}, found ${is}`];
  });
  return [...files, ...settings];
}

function fileText(path: string, state: FileState | undefined): string {
  if (state === undefined) return "not there";
  const { type, mode, owner, sha256 } = state;
  return [type, mode, owner, ...(keyFiles.has(path) || sha256 === undefined ? [] : [sha256])].join(" ");
}
