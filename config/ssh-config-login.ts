import * as path from "node:path";
import type { HostQuery, SshConfig } from "../remote/ssh-config/config";
import type { Jump } from "../remote/ssh-config/jump";
import type { ConfigNote, Setting } from "../remote/ssh-config/settings";
import type { ConfigPlace } from "../remote/ssh-config/text";
import { BadValue, expandTokens, expandVariables } from "../remote/ssh-config/value";

/** What an ssh_config file says about one host, ready to be used. What it does not say is absent. */
export interface ConfiguredLogin {
  readonly address: string;
  readonly user?: string;
  readonly port?: number;
  readonly identityFile?: readonly string[];
  readonly certificateFile?: readonly string[];
  readonly identitiesOnly?: boolean;
  readonly agent?: string;
  readonly hostKeyAlias?: string;
  readonly connectTimeoutSeconds?: number;
  /** More files with known host keys. */
  readonly knownHostsFiles: readonly string[];
  /** The hosts to go through, nearest to the operator first. */
  readonly jumps: readonly Jump[];
  /** A program that would make the connection. */
  readonly proxyCommand?: Setting<string>;
  /** `HostName ~/.ssh/config:3`: the lines that say where the host is and who logs in. */
  readonly origins: readonly string[];
  readonly notes: readonly ConfigNote[];
}

/** @throws Error when a file cannot be read */
export function configuredLogin(config: SshConfig, query: HostQuery): ConfiguredLogin {
  const { settings, hostName, notes } = config.resolve(query);
  const { user, port, proxy, identityAgent, identitiesOnly, hostKeyAlias, connectTimeoutSeconds } = settings;
  const expander = new Expander(config, query, hostName, {
    user: query.user ?? user?.value ?? query.defaultUser,
    port: query.port ?? port?.value ?? 22,
    alias: hostKeyAlias?.value ?? query.host,
  });
  const identityFile = settings.identityFiles.flatMap(each => expander.file(each));
  const certificateFile = settings.certificateFiles.flatMap(each => expander.file(each));
  const agent = identityAgent && expander.agent(identityAgent);
  const known = [settings.userKnownHostsFiles, settings.globalKnownHostsFiles].flatMap(each => expander.files(each));
  return {
    address: hostName,
    ...(user && { user: user.value }),
    ...(port && { port: port.value }),
    ...(settings.identityFiles.length > 0 && { identityFile }),
    ...(certificateFile.length > 0 && { certificateFile }),
    ...(identitiesOnly && { identitiesOnly: identitiesOnly.value }),
    ...(agent !== undefined && { agent }),
    ...(hostKeyAlias && { hostKeyAlias: hostKeyAlias.value }),
    ...(connectTimeoutSeconds && { connectTimeoutSeconds: connectTimeoutSeconds.value }),
    knownHostsFiles: known,
    jumps: proxy && "jumps" in proxy.value ? proxy.value.jumps : [],
    ...(proxy &&
      "command" in proxy.value &&
      proxy.value.command !== undefined && { proxyCommand: { value: proxy.value.command, at: proxy.at } }),
    origins: originsOf({ HostName: settings.hostName, User: user, Port: port, proxy }),
    notes: [...notes, ...expander.notes],
  };
}

function originsOf(settings: Readonly<Record<string, Setting<unknown> | undefined>>): string[] {
  return Object.entries(settings).flatMap(([name, setting]) =>
    setting ? [`${name === "proxy" ? "ProxyJump" : name} ${placeText(setting.at)}`] : [],
  );
}

function placeText({ file, line }: ConfigPlace): string {
  return `${file}:${line}`;
}

/** Fills in tokens and variables; what cannot be filled in becomes a note. */
class Expander {
  readonly notes: ConfigNote[] = [];
  private readonly tokens: Readonly<Record<string, string>>;

  constructor(
    private readonly config: SshConfig,
    query: HostQuery,
    hostName: string,
    login: { readonly user: string; readonly port: number; readonly alias: string },
  ) {
    const { home, localUser, localUserId, localHost } = config.surroundings;
    this.tokens = {
      d: home,
      h: hostName,
      i: String(localUserId),
      k: login.alias,
      L: localHost.split(".")[0] ?? localHost,
      l: localHost,
      n: query.host,
      p: String(login.port),
      r: login.user,
      u: localUser,
    };
  }

  /** `none` names no file. */
  file(setting: Setting<string>): string[] {
    const name = setting.value.toLowerCase() === "none" ? undefined : this.text(setting);
    if (name === undefined) return [];
    return [name.startsWith("~") ? name : path.resolve(name)];
  }

  /** These are read at once, so nothing is left of `~/`. */
  files(setting: Setting<readonly string[]> | undefined): string[] {
    if (!setting) return [];
    const names = setting.value.flatMap(value => this.file({ value, at: setting.at }));
    return names.map(name => name.replace(/^~(?=\/)/, this.config.surroundings.home));
  }

  /** Undefined: that of SSH_AUTH_SOCK, which is the default. */
  agent(setting: Setting<string>): string | undefined {
    const { value } = setting;
    if (value === "SSH_AUTH_SOCK") return undefined;
    const [, variable] = /^\$([A-Za-z_][A-Za-z0-9_]*)$/.exec(value) ?? [];
    if (variable !== undefined) return this.config.surroundings.variable(variable) || "none";
    return value.toLowerCase() === "none" ? "none" : this.text(setting);
  }

  private text({ value, at }: Setting<string>): string | undefined {
    try {
      return expandTokens(expandVariables(value, this.config.surroundings), this.tokens);
    } catch (error) {
      if (!(error instanceof BadValue)) throw error;
      this.notes.push({
        severity: "error",
        at,
        found: `${value}, in which ${error.message}`,
        expected: "tokens as ssh_config(5) has them for this line",
        remedy: "correct the line, or name the file in the cluster file",
      });
      return undefined;
    }
  }
}
