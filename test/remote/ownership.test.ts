import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import { foreignOwner, ownerQuery } from "../../remote/ownership";
import { ConnectionPool } from "../../remote/pool";
import { Redactor } from "../../remote/redact";
import { RemoteError } from "../../remote/remote-error";
import { SshHosts } from "../../remote/ssh-hosts";
import { Sshd } from "./sshd";

let sshd: Sshd;
let pool: ConnectionPool;
let folder: string;

beforeEach(async () => {
  sshd = await Sshd.start();
  pool = new ConnectionPool();
  folder = path.join(sshd.folder, "cluster with 'quotes'");
});

afterEach(async () => {
  await pool.close();
  await sshd.stop();
});

const identity = (id: string) => ({ id, description: `stack ${id} by somebody's "hand"` });

function runner(id: string, takesOver = false) {
  const ownership = { folder, stack: identity(id), takesOver: () => takesOver };
  return new SshHosts({ table: [sshd.host()], pool, redactor: new Redactor(), ownership }).runner("node-1");
}

const stamp = () => readFileSync(path.join(folder, "owner"), "utf8");

test("the first stack leaves its stamp with the first change after its folder is there; another one is refused", async () => {
  const mine = runner("mine");
  await mine.mutate("make the folder", `mkdir -m 700 "${folder}"`);
  expect(existsSync(path.join(folder, "owner"))).toBe(false);
  await mine.mutate("change", "true");
  expect(stamp()).toBe(`mine\n${identity("mine").description}\n`);
  expect(statSync(path.join(folder, "owner")).mode & 0o777).toBe(0o600);
  expect((await mine.mutate("change again", "echo done")).stdout).toBe("done\n");

  const refused = runner("other").mutate("change", `touch "${folder}/harm"`);
  await expect(refused).rejects.toThrow(RemoteError);
  await expect(refused).rejects.toMatchObject({ kind: "foreign" });
  await expect(refused).rejects.toThrow(/stack mine by somebody's "hand".*MUSTER_TAKE_OVER=node-1/);
  expect(existsSync(path.join(folder, "harm"))).toBe(false);
});

test("questions are answered to anybody, and tell whose the host is", async () => {
  mkdirSync(folder);
  await runner("mine").mutate("change", "true");
  const answer = (await runner("other").query(ownerQuery(folder))).stdout;
  expect(foreignOwner(answer, identity("other"))).toBe(identity("mine").description);
  expect(foreignOwner(answer, undefined)).toBe(identity("mine").description);
  expect(foreignOwner(answer, identity("mine"))).toBeUndefined();
  rmSync(path.join(folder, "owner"));
  expect(foreignOwner((await runner("other").query(ownerQuery(folder))).stdout, identity("other"))).toBeUndefined();
});

test("a host that is taken over belongs to the new stack", async () => {
  mkdirSync(folder);
  await runner("mine").mutate("change", "true");
  await runner("other", true).mutate("change", "true");
  expect(stamp()).toMatch(/^other\n/);
  await expect(runner("mine").mutate("change", "true")).rejects.toMatchObject({ kind: "foreign" });
});

test("of two stacks that begin at once one gets the host", async () => {
  mkdirSync(folder);
  const begun = await Promise.allSettled(
    ["a", "b", "c", "d"].map(id => runner(id).mutate("change", `echo ${id} >>"${folder}/changes"`)),
  );
  const winners = begun.flatMap((end, index) => (end.status === "fulfilled" ? ["abcd"[index]] : []));
  expect(winners).toHaveLength(1);
  expect(readFileSync(path.join(folder, "changes"), "utf8")).toBe(`${winners[0]}\n`);
  expect(stamp()).toMatch(new RegExp(`^${winners[0]}\n`));
});
