import { quote } from "../remote/shell";

export interface ProxySettings {
  /** May hold a password: what is rendered with it goes to files of mode 0600 only. */
  readonly url: string;
  readonly noProxy: readonly string[];
  readonly testUrl: string;
}

export interface ProxiedNode {
  readonly name: string;
  readonly address: string;
}

/** Hosts that are reached directly: this machine, every node by name and address, and what the cluster file adds. */
export function noProxyList(nodes: readonly ProxiedNode[], extra: readonly string[]): string {
  return [...new Set(["localhost", "127.0.0.1", "::1", ...nodes.flatMap(n => [n.name, n.address]), ...extra])].join(
    ",",
  );
}

/** Variables in both spellings: curl reads http_proxy only in lower case, other programs read upper case. */
export function proxyEnvironment(settings: ProxySettings, nodes: readonly ProxiedNode[]): Record<string, string> {
  const noProxy = noProxyList(nodes, settings.noProxy);
  return {
    http_proxy: settings.url,
    https_proxy: settings.url,
    no_proxy: noProxy,
    HTTP_PROXY: settings.url,
    HTTPS_PROXY: settings.url,
    NO_PROXY: noProxy,
  };
}

/** /etc/muster/proxy.sh: proxyon, unproxy and proxytest for people's shells. Mode 0600 when the URL has a password. */
export function renderProxyFunctions(settings: ProxySettings, nodes: readonly ProxiedNode[]): string {
  const variables = Object.entries(proxyEnvironment(settings, nodes));
  const exports = variables.map(([name, value]) => `  export ${name}=${quote(value)}`);
  return `${[
    "# Written by muster from the cluster file. Changes here are undone by the next up.",
    "proxyon() {",
    ...exports,
    '  echo "proxy on"',
    "}",
    "",
    "unproxy() {",
    `  unset ${variables.map(([name]) => name).join(" ")}`,
    '  echo "proxy off"',
    "}",
    "",
    "# Fetches one page through the proxy, whether it is on or not. Fails when the proxy does.",
    "proxytest() {",
    // The URL comes by a variable, not an argument: arguments are seen by everyone in ps.
    `  _muster_status=$(https_proxy=${quote(settings.url)} http_proxy=${quote(settings.url)} no_proxy= NO_PROXY= \\`,
    `    curl -sS -I -o /dev/null -w '%{http_code}' --max-time 15 ${quote(settings.testUrl)})`,
    "  _muster_result=$?",
    // Curl reports 000 and fails when it got no answer; a proxy's own refusal is 407 or 5xx.
    '  case "$_muster_result:$_muster_status" in',
    "    0:2?? | 0:3??)",
    `      echo "proxy works: $_muster_status from "${quote(settings.testUrl)}`,
    "      return 0",
    "      ;;",
    "    *)",
    `      echo "proxy does not work: status $_muster_status from "${quote(settings.testUrl)} >&2`,
    "      return 1",
    "      ;;",
    "  esac",
    "}",
  ].join("\n")}\n`;
}
