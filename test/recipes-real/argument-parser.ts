import { PythonProcess } from "./python-process";

/** A line for a parser: `megatron sft` or the like, and what follows it. */
export interface Line {
  readonly command: string;
  readonly argv: readonly string[];
  /** Also make the arguments, which runs the class's __post_init__. */
  readonly post?: boolean;
  /** Ranks of the whole job. */
  readonly world?: number;
  /** What __post_init__ reads, by path. */
  readonly files?: Readonly<Record<string, string>>;
}

export interface Verdict {
  readonly accepted: boolean;
  /** The parser's own text; empty if accepted. */
  readonly text: string;
}

/** Versions in the image of the parsers: those whose argument lists are known, and some between them. */
export const parserVersions = ["3.7.1", "3.8.3", "3.9.3", "3.10.3", "3.12.6", "4.2.3", "4.6.0"] as const;
export type ParserVersion = (typeof parserVersions)[number];

/** The real argument parsing of one version of ms-swift. */
export class ArgumentParser {
  private constructor(
    private readonly process: PythonProcess,
    /** Commands that this version has, with the names of their arguments. */
    readonly commands: Readonly<Record<string, readonly string[]>>,
  ) {}

  static async start(version: ParserVersion): Promise<ArgumentParser> {
    const process = new PythonProcess("parse-lines.py", version);
    const first = await process.next<{ version: string; commands: Record<string, string[]> }>();
    if (first.version !== version) throw new Error(`the image has ms-swift ${first.version} in place of ${version}`);
    return new ArgumentParser(process, first.commands);
  }

  ask(lines: readonly Line[]): Promise<Verdict[]> {
    return this.process.ask<Verdict>(lines);
  }

  close(): Promise<void> {
    return this.process.close();
  }
}

/** A line as people write it: `swift export --model X`. Words are parted by white space. */
export function lineOf(text: string): Line {
  const [tool = "", subcommand = "", ...argv] = text.trim().split(/\s+/);
  return { command: `${tool} ${subcommand}`, argv };
}
