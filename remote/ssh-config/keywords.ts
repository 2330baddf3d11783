import { parseJumps } from "./jump";
import type { ConfigNote, HostSettings, Setting, SingleValues } from "./settings";
import type { ConfigLine } from "./text";
import { BadValue, flagOf, portOf, secondsOf, wordOf, wordsOf } from "./value";

type Note = (note: ConfigNote) => void;
type Keyword = (line: ConfigLine, settings: HostSettings, note: Note) => void;

/** Takes over what the line says, unless an earlier line has said it. Other keywords do not matter to muster. @throws BadValue */
export function readKeyword(line: ConfigLine, settings: HostSettings, note: Note): void {
  KEYWORDS.get(line.keyword)?.(line, settings, note);
}

const KEYWORDS = new Map<string, Keyword>([
  ["hostname", first("hostName", wordOf)],
  ["user", first("user", wordOf)],
  ["port", first("port", portOf)],
  ["identityfile", more("identityFiles")],
  ["certificatefile", more("certificateFiles")],
  ["identitiesonly", first("identitiesOnly", flagOf)],
  ["identityagent", first("identityAgent", wordOf)],
  ["proxyjump", first("proxy", text => ({ jumps: parseJumps(text) }))],
  ["proxycommand", proxyCommand],
  ["userknownhostsfile", first("userKnownHostsFiles", filesOf)],
  ["globalknownhostsfile", first("globalKnownHostsFiles", filesOf)],
  ["hostkeyalias", first("hostKeyAlias", text => wordOf(text).toLowerCase())],
  ["connecttimeout", first("connectTimeoutSeconds", secondsOf)],
  ["stricthostkeychecking", weaker],
  ...["canonicalizehostname", "revokedhostkeys", "pkcs11provider", "bindaddress", "bindinterface"].map(
    (name): [string, Keyword] => [name, unfollowed],
  ),
]);

/** What parses to undefined says nothing. */
function first<K extends keyof SingleValues>(name: K, parse: (text: string) => SingleValues[K] | undefined): Keyword {
  return (line, settings) => {
    const value = parse(line.text);
    const singles: { [N in K]?: Setting<SingleValues[N]> } = settings;
    if (value !== undefined) singles[name] ??= { value, at: placeOf(line) };
  };
}

/** `ProxyJump none` keeps a later ProxyJump away, not a later ProxyCommand (as `ssh -G` of OpenSSH 9.2 tells). */
function proxyCommand(line: ConfigLine, settings: HostSettings): void {
  const before = settings.proxy?.value;
  if (before && !("jumps" in before && before.jumps.length === 0)) return;
  const command = line.text.trim();
  if (command === "") throw new BadValue("it has no value");
  settings.proxy = { value: { command: command === "none" ? undefined : command }, at: placeOf(line) };
}

function more(name: "identityFiles" | "certificateFiles"): Keyword {
  return (line, settings) => {
    const value = wordOf(line.text);
    if (!settings[name].some(known => known.value === value)) settings[name].push({ value, at: placeOf(line) });
  };
}

function filesOf(text: string): readonly string[] {
  const files = wordsOf(text);
  return files.length === 1 && files[0]?.toLowerCase() === "none" ? [] : files;
}

/** muster is always strict. */
function weaker(line: ConfigLine, settings: HostSettings, note: Note): void {
  const value = wordOf(line.text).toLowerCase();
  if (isNoted(line, settings) || value === "yes" || value === "true" || value === "ask") return;
  note({
    severity: "warning",
    at: placeOf(line),
    found: `StrictHostKeyChecking ${value}, which muster does not follow`,
    expected: "StrictHostKeyChecking yes",
    remedy: "nothing: host keys are pinned by `muster trust`",
  });
}

function unfollowed(line: ConfigLine, settings: HostSettings, note: Note): void {
  const value = wordsOf(line.text).join(" ");
  if (isNoted(line, settings) || /^(no|none)$/i.test(value)) return;
  note({
    severity: "warning",
    at: placeOf(line),
    found: `${line.keyword} ${value}, which muster does not follow`,
    expected: "hosts that are reached without it",
    remedy: REMEDIES[line.keyword] ?? "remove it for these hosts, or check that they are reached all the same",
  });
}

const REMEDIES: Readonly<Record<string, string>> = {
  canonicalizehostname: "write the full name into the cluster file or into HostName",
  revokedhostkeys: "write the keys into the cluster's known_hosts file, each as `@revoked * TYPE KEY`",
  pkcs11provider: "add the token's keys to an ssh-agent: ssh-add -s PROVIDER",
};

/** Only the first line of a keyword counts. */
function isNoted(line: ConfigLine, { noted }: HostSettings): boolean {
  const known = noted.has(line.keyword);
  noted.add(line.keyword);
  return known;
}

function placeOf({ file, line }: ConfigLine): Setting<unknown>["at"] {
  return { file, line };
}
