import { type Project as EngineProject, findProjectRoot, readProject } from "../engine/project";
import { selectedStack } from "../engine/stacks";
import { chooseStack } from "./selected-stack";
import type { ProjectDefaults } from "./update-options";

type Env = Readonly<Record<string, string | undefined>>;

export interface Project extends EngineProject, ProjectDefaults {}

/** Reads the Pulumi.yaml of the folder or of one above it. */
export function openProject(folder: string): Project {
  const project = readProject(findProjectRoot(folder));
  return { ...project, isMuster: project.pluginPaths.has("muster") };
}

/** The stack that a call means. */
export function stackOf(project: Project, flag: string | undefined, env: Env): string {
  return chooseStack(flag, env, () => selectedStack(project.root));
}
