import * as path from "node:path";
import { loadCluster } from "../../config/load";
import type { Cluster } from "../../config/schema";
import { type Command, type NodeTransport, renderCommand } from "../../recipes/command";
import { gatherArgv } from "../../recipes/gather";
import { knownArguments } from "../../recipes/ms-swift/argument-list";
import { guardedConversion, toHfCommand, toMcoreCommand } from "../../recipes/ms-swift/convert";
import { trainCommands } from "../../recipes/ms-swift/train";
import { readyUrl, serveCommand } from "../../recipes/serve";
import { chatArgv, chatRequest } from "../../recipes/smoke";
import { expectGolden } from "../support/golden";

const stacks = path.join(__dirname, "..", "..", "stacks");
const cluster = loadCluster(path.join(stacks, "glm-4.5-air.example.yaml"));

const addresses: Readonly<Record<string, string>> = { "node-1": "172.16.16.4", "node-2": "172.16.16.3" };
const transportOf = (node: string): NodeTransport => ({
  address: addresses[node] ?? "",
  env: { NCCL_SOCKET_IFNAME: "=eth0", GLOO_SOCKET_IFNAME: "eth0", NCCL_IB_DISABLE: "1", NCCL_IBEXT_DISABLE: "1" },
});

function partOf<K extends keyof NonNullable<Cluster["pipeline"]>>(
  name: K,
): NonNullable<NonNullable<Cluster["pipeline"]>[K]> {
  const part = cluster.pipeline?.[name];
  if (!part) throw new Error(`the example has no ${name}`);
  return part as NonNullable<NonNullable<Cluster["pipeline"]>[K]>;
}

function optionNames(command: Command): string[] {
  return command.argv.filter(word => word.startsWith("--")).map(word => word.slice(2));
}

describe("the GLM-4.5-Air example", () => {
  test("converts as the notes do", () => {
    expectGolden("glm-4.5-air/convert.sh", renderCommand(toMcoreCommand(cluster, partOf("convert"))));
  });

  test("trains over both nodes with one rank table", () => {
    const commands = trainCommands(cluster, partOf("train"), transportOf);
    expectGolden("glm-4.5-air/train.sh", commands.map(c => `# ${c.node}\n${renderCommand(c)}`).join("\n"));
  });

  test("gathers, converts back, serves and asks as the notes do", () => {
    const gather = gatherArgv(cluster, "/var/lib/muster/jobs/gather/result.json");
    expectGolden("glm-4.5-air/gather.sh", renderCommand({ argv: gather.argv, env: {} }));
    expectGolden("glm-4.5-air/export.sh", renderCommand(toHfCommand(cluster, partOf("export"))));
    expectGolden("glm-4.5-air/serve.sh", renderCommand(serveCommand(cluster, partOf("serve"), transportOf)));
    expectGolden("glm-4.5-air/chat.json", `${JSON.stringify(chatRequest(cluster, partOf("smoke")), null, 2)}\n`);
  });

  test("the guarded conversion writes to a partial folder and names the limit", () => {
    const settings = partOf("convert");
    const argv = guardedConversion(toMcoreCommand(cluster, settings), settings, {
      identity: "sha256:00",
      resultFile: "/r.json",
    });
    expectGolden("glm-4.5-air/guarded-convert.sh", renderCommand({ argv, env: {} }));
  });

  test("every option of ms-swift is in the list of 3.7.1", () => {
    const known = knownArguments("swift export", "3.7.1")?.list.arguments;
    const trained = knownArguments("megatron sft", "3.7.1")?.list.arguments;
    expect(optionNames(toMcoreCommand(cluster, partOf("convert"))).filter(name => !known?.has(name))).toEqual([]);
    expect(optionNames(toHfCommand(cluster, partOf("export"))).filter(name => !known?.has(name))).toEqual([]);
    const [first] = trainCommands(cluster, partOf("train"), transportOf);
    expect(first && optionNames(first).filter(name => !trained?.has(name))).toEqual([]);
  });

  test("SGLang gets its long option names and the same model", () => {
    const sglang = { ...partOf("serve"), engine: "sglang" as const, args: { trust_remote_code: true } };
    expectGolden("glm-4.5-air/serve-sglang.sh", renderCommand(serveCommand(cluster, sglang, transportOf)));
  });

  test("the chat tool gets no key on its command line", () => {
    const argv = chatArgv(cluster, partOf("smoke"), "http://172.16.16.4:6060", "/r.json");
    expect(argv.join(" ")).not.toMatch(/key/i);
    expect(readyUrl("fd00::1", partOf("serve"))).toBe("http://[fd00::1]:6060/v1/models");
  });
});
