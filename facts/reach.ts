import { command } from "../remote/shell";

/** A TCP port of another node. */
export interface ReachTarget {
  readonly node: string;
  readonly address: string;
  readonly port: number;
}

/** One that could not be connected to, with the reason in words. */
export interface ReachFailure extends Pick<ReachTarget, "node" | "port"> {
  readonly reason: string;
}

/** What a host listens on for the time of the trial. */
export interface Listening {
  /** A port that the kernel chose, as NCCL's and gloo's are. */
  readonly chosenPort?: number;
  /** Why it listens on nothing. */
  readonly problem?: string;
}

/** Connections that are tried at the same time. */
const AT_ONCE = 200;

const LISTEN = `import os, selectors, socket, sys, time
address, seconds = sys.argv[1], float(sys.argv[2])
family = socket.getaddrinfo(address, None)[0][0]
waiting = selectors.DefaultSelector()
waiting.register(0, selectors.EVENT_READ)
for port in sys.argv[3:]:
    server = socket.socket(family, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        server.bind((address, int(port)))
        server.listen(1024)
    except OSError as error:
        print("taken", port, error.strerror, flush=True)
        continue
    server.setblocking(False)
    waiting.register(server, selectors.EVENT_READ)
    if port == "0":
        print("chosen", server.getsockname()[1], flush=True)
print("ready", flush=True)
end = time.monotonic() + seconds
while time.monotonic() < end:
    for key, _ in waiting.select(1):
        if key.fd == 0:
            if not os.read(0, 4096):
                sys.exit(0)
            continue
        try:
            key.fileobj.accept()[0].close()
        except OSError:
            pass
`;

const CONNECT = `import errno, os, selectors, socket, sys, time
limit = float(sys.argv[1])
targets = [line.split() for line in sys.argv[2].split("\\n")]
trying = selectors.DefaultSelector()
def tell(target, error):
    print("failed", target[0], target[2], str(error).replace("\\n", " "))
def finish(key):
    trying.unregister(key.fileobj)
    code = key.fileobj.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    key.fileobj.close()
    return code
while targets or trying.get_map():
    while targets and len(trying.get_map()) < ${AT_ONCE}:
        target = targets.pop()
        try:
            info = socket.getaddrinfo(target[1], int(target[2]), type=socket.SOCK_STREAM)[0]
            client = socket.socket(info[0], info[1])
            client.setblocking(False)
            code = client.connect_ex(info[4])
            if code not in (0, errno.EINPROGRESS):
                client.close()
                tell(target, os.strerror(code))
                continue
            trying.register(client, selectors.EVENT_WRITE, (target, time.monotonic() + limit))
        except OSError as error:
            tell(target, error.strerror)
    for key, _ in trying.select(0.2):
        code = finish(key)
        if code:
            tell(key.data[0], os.strerror(code))
    for key in list(trying.get_map().values()):
        if time.monotonic() > key.data[1]:
            finish(key)
            tell(key.data[0], "no answer in %g s" % limit)
print("done")
`;

/** Debian's python3, or the one that Red Hat's own tools use. */
const PYTHON = `python=$(command -v python3 || { [ -x /usr/libexec/platform-python ] && echo /usr/libexec/platform-python; }) || {
  echo "problem python3 is not installed"; exit 0
}
`;

/**
 * Listens on those ports of the address on which nothing does, and on one that the kernel chooses. It ends with its standard input, and
 * by itself after `seconds`; it writes nothing on the host. Says `ready` when others may try.
 */
export function listenScript(address: string, ports: readonly number[], seconds: number): string {
  const argv = ["-B", "-c", LISTEN, address, String(seconds), ...ports.map(String), "0"];
  return `${PYTHON}exec "$python" ${command(argv)} 2>&1\n`;
}

/** What the listener has said so far; undefined: it is not ready yet. */
export function parseListening(output: string): Listening | undefined {
  const problem = /^problem (.*)$/m.exec(output)?.[1];
  if (problem !== undefined) return { problem };
  const chosen = /^chosen (\d+)$/m.exec(output)?.[1];
  return /^ready$/m.test(output) ? { ...(chosen !== undefined && { chosenPort: Number(chosen) }) } : undefined;
}

/** Connects to all targets at once and closes again. `seconds`: how long an answer may take. */
export function connectScript(targets: readonly ReachTarget[], seconds: number): string {
  const lines = targets.map(({ node, address, port }) => `${node} ${address} ${port}`).join("\n");
  return `${PYTHON}exec "$python" ${command(["-B", "-c", CONNECT, String(seconds), lines])} 2>&1\n`;
}

/** @throws Error when the trial itself did not come to its end */
export function parseReach(output: string): ReachFailure[] {
  const problem = /^problem (.*)$/m.exec(output)?.[1];
  if (problem !== undefined) throw new Error(problem);
  if (!/^done$/m.test(output)) throw new Error(output.trim().slice(-300) || "it gave no answer");
  return [...output.matchAll(/^failed (\S+) (\d+) (.*)$/gm)].map(([, node = "", port, reason = ""]) => ({
    node,
    port: Number(port),
    reason,
  }));
}
