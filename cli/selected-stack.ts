import { OperatorError } from "../wire/operator-error";

type Env = Readonly<Record<string, string | undefined>>;

/** `organization/project/dev` and `dev` are the same stack: a file backend knows one organization. */
export function stackName(name: string): string {
  return name.split("/").at(-1) ?? name;
}

/** The stack of this call: `-s`, PULUMI_STACK, the selected one. */
export function chooseStack(flag: string | undefined, env: Env, selected: () => string | undefined): string {
  const name = flag ?? (env.PULUMI_STACK || undefined) ?? selected();
  if (name !== undefined && name !== "") return stackName(name);
  throw new OperatorError({
    summary: "no stack is selected",
    remedy: "name one with -s NAME, or select one with `muster stack select NAME`; `muster stack ls` lists them",
  });
}
