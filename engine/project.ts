import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parse, YAMLError } from "yaml";
import { OperatorError } from "../wire/operator-error";
import { notYaml } from "./config-file";

/** What the engine reads of Pulumi.yaml. */
export interface Project {
  /** Folder of Pulumi.yaml. */
  readonly root: string;
  readonly name: string;
  /** Folder or file of the program, from the root. */
  readonly main: string | undefined;
  readonly runtimeOptions: Readonly<Record<string, unknown>>;
  readonly backendUrl: string | undefined;
  /** `options.refresh: always`. */
  readonly refreshAlways: boolean;
  /** Folder of a provider plugin by package, absolute. */
  readonly pluginPaths: ReadonlyMap<string, string>;
  /** Default values of the config block, by full key. */
  readonly configDefaults: ReadonlyMap<string, unknown>;
  /** `stackConfigDir`, from the root. */
  readonly stackConfigFolder: string;
}

interface ProjectFile {
  name?: unknown;
  main?: unknown;
  runtime?: unknown;
  backend?: { url?: unknown };
  options?: { refresh?: unknown };
  stackConfigDir?: unknown;
  plugins?: { providers?: { name: string; path: string }[]; analyzers?: unknown[] };
  config?: Record<string, unknown>;
}

const FILE = "Pulumi.yaml";

/** Finds the folder with Pulumi.yaml, from `start` upwards. @throws OperatorError if there is none */
export function findProjectRoot(start: string): string {
  for (let folder = resolve(start); ; folder = dirname(folder)) {
    if (existsSync(join(folder, FILE))) return folder;
    if (dirname(folder) === folder) throw noProject(resolve(start));
  }
}

function noProject(folder: string): OperatorError {
  return new OperatorError({
    summary: `there is no ${FILE}`,
    where: `${folder}, and the folders above it`,
    remedy: "go to your project's folder, or name it with -C FOLDER",
  });
}

/** @throws OperatorError naming the file and the field */
export function readProject(root: string): Project {
  const path = join(root, FILE);
  if (!existsSync(path)) throw noProject(root);
  let file: ProjectFile;
  try {
    file = (parse(readFileSync(path, "utf8")) ?? {}) as ProjectFile;
  } catch (error) {
    throw error instanceof YAMLError ? notYaml(path, error) : error;
  }
  if (typeof file.name !== "string" || file.name === "") {
    throw new OperatorError({
      summary: "'name' is missing",
      where: path,
      remedy: "add the project's name: `name: NAME`",
    });
  }
  const runtime =
    typeof file.runtime === "string" ? { name: file.runtime } : (file.runtime as { name?: unknown; options?: object });
  if (runtime?.name !== "nodejs") {
    throw new OperatorError({
      summary: `the embedded engine runs nodejs programs only, not '${String(runtime?.name)}'`,
      where: `${path}  runtime`,
      remedy: "use --engine pulumi with the stock Pulumi CLI",
    });
  }
  if ((file.plugins?.analyzers ?? []).length > 0) {
    throw new Error(
      `${path}: 'plugins.analyzers': the embedded engine does not support policy packs.\nUse --engine pulumi with the stock Pulumi CLI.`,
    );
  }
  return {
    root,
    name: file.name,
    main: typeof file.main === "string" ? file.main : undefined,
    runtimeOptions: ("options" in runtime ? runtime.options : {}) as Record<string, unknown>,
    backendUrl: typeof file.backend?.url === "string" ? file.backend.url : undefined,
    refreshAlways: file.options?.refresh === "always" || file.options?.refresh === true,
    pluginPaths: new Map((file.plugins?.providers ?? []).map(plugin => [plugin.name, resolve(root, plugin.path)])),
    configDefaults: configDefaults(file.name, file.config ?? {}),
    stackConfigFolder: typeof file.stackConfigDir === "string" ? file.stackConfigDir : "",
  };
}

function configDefaults(project: string, block: Record<string, unknown>): Map<string, unknown> {
  const defaults = new Map<string, unknown>();
  for (const [key, declared] of Object.entries(block)) {
    const full = key.includes(":") ? key : `${project}:${key}`;
    if (declared === null || typeof declared !== "object") defaults.set(full, declared);
    else if ("default" in declared) defaults.set(full, declared.default);
    else if ("value" in declared) defaults.set(full, declared.value);
  }
  return defaults;
}

/** Where the program runs and what it is called there, as the stock language host decides it. */
export function programOf(project: Project): { folder: string; entry: string } {
  if (project.main === undefined) return { folder: project.root, entry: "." };
  const path = resolve(project.root, project.main);
  if (existsSync(path) && statSync(path).isDirectory()) return { folder: path, entry: "." };
  return { folder: project.root, entry: path };
}
