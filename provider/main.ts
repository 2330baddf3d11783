import { fstatSync } from "node:fs";
import * as path from "node:path";
import { packages } from "./packages";
import { ProviderInstance } from "./provider-instance";
import { bind, newServer } from "./server";
import { newServices } from "./ssh-transport";

/**
 * Entry of the plugin for the stock engine: `pulumi-resource-<package> <engine address>`. The first line on standard output is the
 * port, as Pulumi's plugin protocol wants it. It ends with its engine.
 */
async function main(): Promise<void> {
  const program = path.basename(process.argv[1] ?? "");
  const definition = packages.find(each => program === `pulumi-resource-${each.name}`);
  if (!definition)
    throw new Error(`${program} is not pulumi-resource- and one of ${packages.map(p => p.name).join(", ")}`);
  const services = newServices();
  const instance = new ProviderInstance(definition, services);
  const engineAddress = process.argv
    .slice(2)
    .filter(argument => !argument.startsWith("-"))
    .at(-1);
  if (engineAddress) instance.log.attach(engineAddress);
  const server = newServer(instance);
  const port = await bind(server, "127.0.0.1:0");
  process.stdout.write(`${port}\n`);
  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    instance.cancel();
    await services.transport.close();
    process.exit(0);
  };
  process.once("SIGTERM", () => void stop());
  // The engine's way to end a plugin, which it has told to cancel before; after five seconds it kills. A Ctrl-C in the terminal does
  // not come here: plugins have process groups of their own.
  process.once("SIGINT", () => void stop());
  // An engine that was killed says nothing, but its end of the pipe is gone. What is left without an engine must change nothing more.
  const input = fstatSync(0);
  if (input.isFIFO() || input.isSocket()) process.stdin.once("end", () => void stop()).resume();
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
