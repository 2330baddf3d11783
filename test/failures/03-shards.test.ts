import { anotherTraining, edit, failingUp, isCompleted, newestRun, node1, node2, up } from "./run";

const undo: (() => void)[] = [];
afterAll(() => {
  for (const back of undo.reverse()) back();
});

const iteration = `${newestRun} && cd iter_0000020`;
const gatherAndExport = /^ {2}gather: \{\}\n {2}export:\n {4}output: .*\n/m;

describe("a checkpoint over two disks", () => {
  test("with a missing, then a truncated shard is not taken for whole; with both whole it is", async () => {
    let steps = "";
    undo.push(
      anotherTraining(text =>
        text.replace(gatherAndExport, found => {
          steps = found;
          return "";
        }),
      ),
    );
    await up();
    await node2.ask(
      `${iteration} && mkdir /data/aside && mv __2_0.distcp /data/aside/ && cp -a __3_1.distcp /data/aside/`,
    );
    undo.push(edit("stacks/dev.yaml", text => text.replace(/^ {2}serve:\n/m, `${steps}  serve:\n`)));

    expect(await failingUp()).toMatch(/__2_0\.distcp is not whole on node-2, whose rank 2 wrote it/);
    await node2.ask(`${iteration} && mv /data/aside/__2_0.distcp . && truncate -s -100 __3_1.distcp`);
    expect(await failingUp()).toMatch(/__3_1\.distcp is not whole on node-2, whose rank 3 wrote it/);
    expect(await node1.ask(`${iteration} && ls | grep -c '^__3_1' || true`)).toBe("0");

    await node2.ask(`${iteration} && cp -a /data/aside/__3_1.distcp . && rm -r /data/aside`);
    await up();
    await isCompleted("train", "gather", "export");
    const sums = (host: typeof node1) => host.ask(`${iteration} && sha256sum __2_* __3_*`);
    expect(await sums(node1)).toBe(await sums(node2));
  });
});
