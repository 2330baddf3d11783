import { readKeyword } from "./keywords";
import { hostLineApplies, matchLine } from "./match";
import { type ConfigNote, type HostSettings, noSettings } from "./settings";
import { type ConfigLine, configLines } from "./text";
import { BadValue, type ConfigSurroundings, expandTokens, wordsOf } from "./value";

/** How the configuration gets at files. */
export interface ConfigFiles {
  /** Undefined: there is no such file. @throws Error when it cannot be read */
  read(file: string): string | undefined;
  /** The files that a pattern (`*`, `?`, `[a-z]`; an absolute path) matches, sorted. */
  find(pattern: string): readonly string[];
}

/** What is asked about. */
export interface HostQuery {
  /** As the operator writes it. */
  readonly host: string;
  /** Said elsewhere, and more strongly than by the configuration. */
  readonly user?: string;
  readonly port?: number;
  /** Who logs in when nobody says. */
  readonly defaultUser: string;
}

export interface ResolvedConfig {
  readonly settings: HostSettings;
  /** The address: HostName with its tokens filled in, in lower case; else the name that was asked about. */
  readonly hostName: string;
  readonly notes: readonly ConfigNote[];
}

/** As OpenSSH (readconf.c, READCONF_MAX_DEPTH). */
const DEEPEST_INCLUDE = 16;

/** An ssh_config(5) file, read as OpenSSH 9.2 reads a user's. */
export class SshConfig {
  private readonly lines = new Map<string, readonly ConfigLine[]>();
  private readonly found = new Map<string, readonly string[]>();

  constructor(
    readonly file: string,
    private readonly files: ConfigFiles,
    readonly surroundings: ConfigSurroundings,
  ) {}

  /** @throws Error when a file cannot be read */
  resolve(query: HostQuery): ResolvedConfig {
    const first = new Reading(this, query);
    first.readFile(this.file, 0, true, false);
    const reading = first.asksForFinalPass ? new Reading(this, query, first) : first;
    if (reading !== first) reading.readFile(this.file, 0, true, false);
    return { settings: reading.settings, hostName: reading.hostName(), notes: reading.notes };
  }

  linesOf(file: string): readonly ConfigLine[] {
    const lines = this.lines.get(file) ?? configLines(this.files.read(file) ?? "", file);
    this.lines.set(file, lines);
    return lines;
  }

  filesOf(pattern: string): readonly string[] {
    const { home } = this.surroundings;
    const anchored = pattern.startsWith("/") || pattern.startsWith("~") ? pattern : `~/.ssh/${pattern}`;
    const absolute = anchored.replace(/^~(?=\/|$)/, home);
    const files = this.found.get(absolute) ?? this.files.find(absolute);
    this.found.set(absolute, files);
    return files;
  }
}

/** One pass over the files for one host. */
class Reading {
  readonly settings: HostSettings = noSettings();
  readonly notes: ConfigNote[] = [];
  asksForFinalPass = false;
  /** A file that includes itself several times would be read for ever. */
  private isTooDeep = false;
  /** Set in the final pass: the name as the first one found it. */
  private readonly finalHost: string | undefined;

  constructor(
    private readonly config: SshConfig,
    private readonly query: HostQuery,
    before?: Reading,
  ) {
    if (!before) return;
    this.settings = before.settings;
    this.notes = before.notes;
    this.finalHost = before.hostName();
  }

  /** Returns nothing: what a Host or Match line in the file says ends with the file. `never`: nothing in it may apply. */
  readFile(file: string, depth: number, isActive: boolean, never: boolean): void {
    let active = isActive;
    for (const line of this.config.linesOf(file)) {
      try {
        if (line.keyword === "host") active = !never && this.isAbout(line);
        else if (line.keyword === "match") active = this.match(line) && !never;
        else if (line.keyword === "include") this.include(line, depth, active);
        else if (active) readKeyword(line, this.settings, each => this.note(each));
      } catch (error) {
        if (!(error instanceof BadValue)) throw error;
        this.note(malformed(line, error.message));
        if (line.keyword === "host" || line.keyword === "match") active = false;
      }
    }
  }

  /** In the final pass Host lines are about the name that the first one found (ssh.c, process_config_files). */
  private isAbout(line: ConfigLine): boolean {
    return hostLineApplies(wordsOf(line.text), this.finalHost ?? this.query.host);
  }

  /** HostName as far as it is known by now. @throws BadValue on a token that it cannot have */
  hostName(): string {
    if (this.finalHost !== undefined) return this.finalHost;
    const { host } = this.query;
    const set = this.settings.hostName;
    try {
      return set ? expandTokens(set.value, { h: host }).toLowerCase() : host.toLowerCase();
    } catch (error) {
      if (!set || !(error instanceof BadValue)) throw error;
      this.settings.hostName = undefined;
      this.note(malformed({ keyword: "hostname", ...set.at }, error.message));
      return host.toLowerCase();
    }
  }

  /** A line is read again in the final pass, and is noted once. */
  private note(note: ConfigNote): void {
    const { file, line } = note.at;
    if (!this.notes.some(({ at }) => at.file === file && at.line === line)) this.notes.push(note);
  }

  private match(line: ConfigLine): boolean {
    const { user, defaultUser, host } = this.query;
    const answer = matchLine(line.text, {
      originalHost: host,
      host: this.settings.hostName || this.finalHost !== undefined ? this.hostName() : host,
      user: user ?? this.settings.user?.value ?? defaultUser,
      localUser: this.config.surroundings.localUser,
      isFinalPass: this.finalHost !== undefined,
    });
    if (typeof answer === "string") throw new BadValue(answer);
    if (answer.asksForFinalPass && this.finalHost === undefined) this.asksForFinalPass = true;
    if (answer.refused.length > 0) this.note(refusedCriteria(line, answer.refused));
    return answer.applies;
  }

  private include(line: ConfigLine, depth: number, isActive: boolean): void {
    if (this.isTooDeep) return;
    if (depth === DEEPEST_INCLUDE) {
      this.isTooDeep = true;
      throw new BadValue(`files include each other more than ${DEEPEST_INCLUDE} deep`);
    }
    for (const pattern of wordsOf(line.text)) {
      for (const file of this.config.filesOf(pattern)) this.readFile(file, depth + 1, isActive, !isActive);
    }
  }
}

function malformed(line: Pick<ConfigLine, "keyword" | "file" | "line">, reason: string): ConfigNote {
  return {
    severity: "error",
    at: { file: line.file, line: line.line },
    found: `a line ${line.keyword} that cannot be read: ${reason}`,
    expected: "a value as ssh_config(5) has it",
    remedy: "correct the line, or set ssh.configFile: none to leave the file alone",
  };
}

function refusedCriteria(line: ConfigLine, refused: readonly string[]): ConfigNote {
  return {
    severity: "warning",
    at: { file: line.file, line: line.line },
    found: `Match ${refused.join(", ")}, which muster never ${refused.includes("exec") ? "runs" : "follows"}: the block does not apply`,
    expected: "Match host, originalhost, user, localuser, final, canonical or all",
    remedy: "write what you need of the block into the cluster file, or below a Host line",
  };
}
