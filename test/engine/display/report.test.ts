import { report } from "../../../engine/display/report";
import { RunModel } from "../../../engine/display/run-model";
import { colourStyle, plainStyle } from "../../../engine/display/style";
import type { EngineEvent } from "../../../engine/events";
import { EventList } from "./event-list";

function render(events: readonly EngineEvent[], whole = false): string[] {
  const model = new RunModel(0);
  for (const event of events) model.apply(event, 1);
  return report(model, { style: plainStyle, whole, tree: true, elapsedSeconds: 2.34 });
}

const secret = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "[secret]" };
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const changed = new EventList(true)
  .begin("same", "stack")
  .step("same", "stack/pulumi.providers.muster:default")
  .step("same", "stack/Cluster:prod")
  .step("same", "stack/Cluster:prod/File:prod-motd")
  .step("update", "stack/Cluster:prod/File:prod-hostfile", {
    old: { inputs: { content: "node-1 slots=2\nnode-2 slots=2\n", mode: "0644" } },
    new: { inputs: { content: "node-1 slots=4\nnode-2 slots=2\n", mode: "0600" } },
    diffs: ["content", "mode"],
    detailedDiff: {
      content: { diffKind: "update", inputDiff: true },
      mode: { diffKind: "update", inputDiff: true },
    },
  })
  .step("create-replacement", "stack/Cluster:prod/Container:prod-node-1", {
    old: { inputs: { image: "train:1", env: { A: "1", "odd.key": "x" }, mounts: [{ host: "/a" }], key: secret } },
    new: { inputs: { image: "train:2", env: { A: "2" }, mounts: [{ host: "/b" }], key: secret } },
    keys: ["image"],
    diffs: ["image", "env", "mounts", "key"],
    detailedDiff: {
      image: { diffKind: "update-replace", inputDiff: true },
      env: { diffKind: "update", inputDiff: true },
      "mounts[0].host": { diffKind: "update", inputDiff: true },
      key: { diffKind: "update", inputDiff: true },
    },
  })
  .step("replace", "stack/Cluster:prod/Container:prod-node-1", {
    old: { inputs: { image: "train:1", env: { A: "1", "odd.key": "x" }, mounts: [{ host: "/a" }], key: secret } },
    new: { inputs: { image: "train:2", env: { A: "2" }, mounts: [{ host: "/b" }], key: secret } },
    keys: ["image"],
    diffs: ["image", "env", "mounts", "key"],
  })
  .step("create", "stack/Cluster:prod/Job:prod-train", {
    new: { inputs: { argv: ["megatron", "sft"], digest: unknown } },
  })
  .step("delete-replaced", "stack/Cluster:prod/Container:prod-node-1", { old: { inputs: { image: "train:1" } } })
  .step("delete", "stack/Cluster:prod/File:prod-old", { old: { inputs: { content: "x" } } })
  .end("same", "stack", {
    old: { outputs: { url: "http://a", key: secret, gone: 1 } },
    new: { outputs: { url: unknown, key: secret, fresh: true } },
  })
  .summary({ same: 3, update: 1, replace: 1, create: 1, delete: 1 }).events;

test("a plan is a tree of changes with their reasons, and what stays the same is a number", () => {
  expect(render(changed)).toEqual([
    "     demo-dev  Stack",
    "       prod  Cluster",
    "  ~      prod-hostfile  File",
    "             content:",
    "               - node-1 slots=2",
    "               + node-1 slots=4",
    "                 node-2 slots=2",
    '             mode: "0644" -> "0600"',
    " +-      prod-node-1  Container",
    "             replace because image changed",
    '             env.A: "1" -> "2"',
    '             env["odd.key"]: removed, was "x"',
    '             image: "train:1" -> "train:2"',
    '             mounts[0].host: "/a" -> "/b"',
    "             key: [secret] -> another [secret]",
    "  +      prod-train  Job",
    "  -      prod-old  File",
    "         1 unchanged",
    "",
    "outputs",
    "  + fresh  true",
    "  - gone   1",
    "    key    [secret]",
    '  ~ url    "http://a" -> computed at up',
    "",
    "+ 1 to create   ~ 1 to update   +- 1 to replace   - 1 to delete   3 unchanged   in 2.3s",
  ]);
});

test("without outputs all else is the same", () => {
  const model = new RunModel(0);
  for (const event of changed) model.apply(event, 1);
  const lines = report(model, { style: plainStyle, tree: true, elapsedSeconds: 2.34, withoutOutputs: true });
  const all = render(changed);
  expect(lines).toEqual([...all.slice(0, all.indexOf("outputs")), ...all.slice(-1)]);
});

test("details show the inputs of what will be made, and name what is known only at up", () => {
  const lines = render(changed, true);
  expect(lines).toContain('             argv: ["megatron", "sft"]');
  expect(lines).toContain("             digest: computed at up");
});

test("hosts that change alike are shown once; one that differs is shown by itself", () => {
  const list = new EventList(true).begin("same", "stack").step("same", "stack/Cluster:prod");
  for (let host = 1; host <= 16; host++) {
    const node = `stack/Cluster:prod/GpuNode:prod-node-${host}`;
    const image = host === 7 ? "train:3" : "train:2";
    list.step("same", node).step("update", `${node}/File:prod-node-${host}-env`, {
      old: { inputs: { image: "train:1", host: `node-${host}` } },
      new: { inputs: { image, host: `node-${host}` } },
    });
  }
  expect(render(list.summary({ same: 17, update: 16 }).events)).toEqual([
    "     demo-dev  Stack",
    "       prod  Cluster",
    "         prod-node-1  GpuNode",
    "  ~        prod-node-1-env  File",
    '               image: "train:1" -> "train:2"',
    "         … and 14 more like it: prod-node-2, prod-node-3, prod-node-4, prod-node-5, prod-node-6, prod-node-8, prod-node-9, prod-node-10, …",
    "         prod-node-7  GpuNode",
    "  ~        prod-node-7-env  File",
    '               image: "train:1" -> "train:3"',
    "",
    "~ 16 to update   17 unchanged   in 2.3s",
  ]);
});

test("a plan of 2,000 resources fits a screen", () => {
  const list = new EventList(true).begin("create", "stack");
  for (let index = 0; index < 2000; index++) list.step("create", `stack/File:f-${index}`);
  expect(render(list.summary({ create: 2001 }).events).length).toBeLessThan(12);
});

/** 2,000 files on 100 nodes, each with a text of its own. */
function manyFiles(): EventList {
  const list = new EventList(true).begin("same", "stack").step("same", "stack/Cluster:prod");
  for (let node = 1; node <= 100; node++) {
    const path = `stack/Cluster:prod/GpuNode:prod-node-${node}`;
    list.step("same", path);
    for (let file = 1; file <= 20; file++) {
      list.step("update", `${path}/File:prod-node-${node}-f${file}`, {
        old: { inputs: { content: `${node} ${file}` } },
        new: { inputs: { content: `${file} at ${node * 7}` } },
        diffs: ["content"],
      });
    }
  }
  return list.summary({ same: 102, update: 2000 });
}

test("2,000 resources that change each to a value of its own are still readable, and --diff shows every one", () => {
  const lines = render(manyFiles().events);
  expect(lines.length).toBeLessThan(40);
  expect(lines.join("\n")).toContain(
    "… and 97 more that change in the same properties (--diff shows all): prod-node-4,",
  );
  expect(lines.at(-1)).toContain("~ 2000 to update   102 unchanged");
  expect(render(manyFiles().events, true).filter(line => / ~ .*File$/.test(line))).toHaveLength(2000);
});

test("in a plan of 2,000 resources the one that is replaced, fails or goes is not folded away", () => {
  const list = manyFiles();
  list.events.pop();
  list
    .step("create-replacement", "stack/Cluster:prod/Container:odd", {
      old: { inputs: { image: "a" } },
      new: { inputs: { image: "b" } },
      keys: ["image"],
    })
    .step("delete", "stack/Cluster:prod/File:gone", { old: { inputs: {} } })
    .begin("create", "stack/Cluster:prod/Job:train")
    .fail("create", "stack/Cluster:prod/Job:train", "no GPU");
  const text = render(list.summary({ update: 2000 }).events).join("\n");
  expect(text).toMatch(/\+- +odd {2}Container\n +replace because image changed/);
  expect(text).toMatch(/- +gone {2}File/);
  expect(text).toMatch(/\+ +train {2}Job {2}failed/);
});

test("why something is replaced: properties, the command, its provider, what it goes with", () => {
  const reason = (keys: string[], inputs: Record<string, unknown> = {}): string | undefined => {
    const step = { keys, old: { inputs }, new: { inputs } };
    const { events } = new EventList(true).step("replace", "stack/Container:c", step).summary({ replace: 1 });
    return render(events)
      .find(line => line.includes("because"))
      ?.trim();
  };
  expect(reason(["image", "env"])).toBe("replace because image and env changed");
  expect(reason(["id"])).toBe("replace because the command asks for it");
  expect(reason(["provider"])).toBe("replace because it moves to another provider");
  expect(reason(["provider"], { provider: "x" })).toBe("replace because provider changed");
  expect(reason(["deletedWith"])).toBe("replace because what it goes with is replaced");
});

test("drift of the same kind on many hosts is told once", () => {
  const list = new EventList(true);
  for (let node = 1; node <= 500; node++)
    list.refresh(`stack/File:node-${node}-env`, "refresh", {
      old: { outputs: { mode: "0644" } },
      new: { outputs: { mode: "0666" } },
      diffs: ["mode"],
    });
  expect(render(list.summary({ same: 500 }).events).slice(0, 2)).toEqual([
    'drift: node-1-env: mode: "0644" -> found "0666"',
    "    … and 499 more that drifted alike: node-2-env, node-3-env, node-4-env, node-5-env, node-6-env, node-7-env, node-8-env, node-9-env, …",
  ]);
});

test("drift names the resource, the old value and what was found", () => {
  const list = new EventList(true)
    .refresh("stack", "refresh", { old: { outputs: { a: 1 } }, new: { outputs: { a: 1 } } })
    .refresh("stack/Container:node-2", "refresh", {
      old: { outputs: { image: "a", running: true } },
      new: { outputs: { image: "a", running: false } },
      diffs: ["running"],
    })
    .refresh("stack/File:hostfile", "update", {
      old: { inputs: { content: "a\nb\n", mode: "0644" }, outputs: { content: "a\nb\n", mode: "0644", digest: "1" } },
      new: { outputs: { content: "a\nc\n", mode: "0600", digest: "2" } },
    })
    .refresh("stack/File:proxy", "refresh", { old: { outputs: { content: "x" } }, new: "gone" })
    .refresh("stack/File:quiet", "same", { old: { outputs: { content: "x" } }, new: { outputs: { content: "x" } } });
  expect(render(list.summary({ same: 2 }).events).slice(0, 8)).toEqual([
    "drift: node-2: running: true -> found false",
    "drift: hostfile:",
    "    content:",
    "        a",
    "      - b",
    "      + c",
    '    mode: "0644" -> found "0600"',
    "drift: proxy: gone from the host",
  ]);
});

test("errors stand at the end, each once with the resources it is about, and the engine's echo is left out", () => {
  const list = new EventList()
    .begin("create", "stack")
    .begin("create", "stack/Container:node-1")
    .begin("create", "stack/Container:node-2")
    .begin("create", "stack/Job:train")
    .fail("create", "stack/Container:node-1", "no space left on /data\nfree 3 GiB, need 40 GiB")
    .fail("create", "stack/Container:node-2", "no space left on /data\nfree 3 GiB, need 40 GiB")
    .fail("create", "stack/Job:train", "rank 3 on node-2 died: \u001b[31mSIGKILL\u001b[0m")
    .diagnostic({ urn: "", message: "update failed\n", severity: "error" })
    .diagnostic({ urn: "", message: "clock differs by 3s\n", severity: "warning" })
    .summary({ create: 1 }, "failed");
  expect(render(list.events)).toEqual([
    "  +  demo-dev  Stack",
    "  +    node-1  Container  failed",
    "  +    node-2  Container  failed",
    "  +    train  Job  failed",
    "",
    "errors (2)",
    "  node-1  Container",
    "  node-2  Container",
    "    no space left on /data",
    "    free 3 GiB, need 40 GiB",
    "  train  Job",
    "    rank 3 on node-2 died: SIGKILL",
    "warnings (1)",
    "  clock differs by 3s",
    "",
    "+ 1 created   3 failed   in 2.3s",
  ]);
});

test("colours are escapes around words, and the words are the same", () => {
  const model = new RunModel(0);
  for (const event of changed) model.apply(event, 1);
  const lines = report(model, { style: colourStyle, tree: true, elapsedSeconds: 2.34 });
  expect(lines.join("\n")).toContain("\u001b[35m");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escapes are what is looked for
  expect(lines.map(line => line.replace(/\u001b\[\d+m/g, ""))).toEqual(render(changed));
});

test("a failed preview foretells no outputs: the program ended before it had any", () => {
  const failed = new EventList(true)
    .begin("same", "stack")
    .diagnostic({ urn: "", message: "dev.yaml:3:1: found unknown key\n", severity: "error" })
    .end("same", "stack", { old: { outputs: { url: "http://a" } }, new: { outputs: {} } })
    .summary({ same: 1 }, "failed").events;
  expect(render(failed).filter(line => /outputs|url/.test(line))).toEqual([]);
  expect(render(failed).join("\n")).toContain("found unknown key");
});
