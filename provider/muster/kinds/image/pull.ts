import { quote } from "../../../../remote/shell";
import { expectSuccess } from "../../../command-failed";
import type { KindContext } from "../../../kind";
import { digestOf, look } from "./facts";
import type { ImageInputs, Registry } from "./inputs";
import { localName, parseReference, pinned } from "./reference";
import { declaredDigest } from "./wish";

/** Images are gigabytes: a registry or a slow disk may take long. */
const PULL_TIMEOUT_SECONDS = 7200;

/**
 * Pulls, under a login that exists only meanwhile: a folder of its own in memory, with nothing of it on a command line. Standard input: the
 * password in base64.
 */
export function pullScript(
  wanted: string,
  registry?: Omit<Registry, "password"> & { readonly server: string },
): string {
  const pull = `docker pull ${quote(wanted)}`;
  if (!registry) return `${pull}\n`;
  return `set -eu
umask 077
IFS= read -r password
mkdir -p /run/muster
DOCKER_CONFIG=$(mktemp -d "/run/muster/docker.$$.XXXXXX")
export DOCKER_CONFIG
trap 'rm -rf -- "$DOCKER_CONFIG"' EXIT
trap 'exit 143' HUP INT TERM PIPE
printf %s "$password" | base64 -d | docker login -u ${quote(registry.user)} --password-stdin ${quote(registry.server)} >/dev/null
unset password
${pull}
`;
}

/** How many layers of a pull are there, by what docker prints without a terminal. */
export function pulledLayers(output: string): { readonly done: number; readonly all: number } {
  const ids = (what: RegExp) => new Set([...output.matchAll(what)].map(match => match[1])).size;
  const done = ids(/^([0-9a-f]{12}): (?:Pull complete|Already exists)$/gm);
  return { done, all: Math.max(done, ids(/^([0-9a-f]{12}): (?:Pulling fs layer|Already exists)$/gm)) };
}

/**
 * Pulls the reference, or exactly the digest, and gives it the reference's name.
 * @returns the digest that the registry gave
 */
export async function pull(context: KindContext, inputs: ImageInputs, agreed?: string): Promise<string> {
  const { host, reference, registry } = inputs;
  const digest = declaredDigest(inputs) ?? agreed;
  const name = localName(reference);
  const wanted = digest === undefined ? name : pinned(reference, digest);
  // What is there under its digest needs no registry.
  const there = digest === undefined ? undefined : await look(context.hosts, host, wanted);
  if (!there)
    await run(
      context,
      host,
      wanted,
      registry && { ...registry, server: registry.server ?? parseReference(reference).registry },
    );
  if (wanted !== name) {
    const what = `name the image ${name}`;
    const result = await context.hosts.runner(host).mutate(what, `docker tag ${quote(wanted)} ${quote(name)}`);
    expectSuccess(result, { host, what });
  }
  const facts = await look(context.hosts, host, name);
  return digest ?? (facts ? digestOf(facts, reference) : "");
}

async function run(
  context: KindContext,
  host: string,
  wanted: string,
  registry?: Registry & { readonly server: string },
): Promise<void> {
  context.status("pulling");
  const what = `pull image ${wanted}`;
  let printed = "";
  const result = await context.hosts.runner(host).mutate(what, pullScript(wanted, registry), {
    timeoutSeconds: PULL_TIMEOUT_SECONDS,
    signal: context.signal,
    ...(registry && { stdin: `${Buffer.from(registry.password).toString("base64")}\n` }),
    onOutput: chunk => {
      printed += chunk;
      const { done, all } = pulledLayers(printed);
      if (all > 0) context.status(`pulling: ${done} of ${all} layers`);
    },
  });
  const remedy = registry
    ? `check image.registry: the user, the secret, and that ${registry.server} is the registry`
    : "check that the host reaches the registry; a private one needs image.registry, and without any registry image.archive";
  expectSuccess(result, { host, what, remedy });
}
