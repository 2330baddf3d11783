import type { Topic } from "./fact";

/** TCP ports that something listens on, sorted. Read from /proc, so that no tool is needed. */
export const listeningPorts: Topic<readonly number[]> = {
  snippet:
    "cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | sed -n 's/^ *[0-9]*: [0-9A-F]*:\\([0-9A-F]*\\) [0-9A-F]*:0000 0A .*/\\1/p'",
  parse(output) {
    const ports = output.split("\n").flatMap(line => (/^[0-9A-F]{4}$/.test(line) ? [Number.parseInt(line, 16)] : []));
    return [...new Set(ports)].sort((a, b) => a - b);
  },
};
