import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { packages } from "../../provider/packages";
import { type ProviderServer, startProviderServer } from "../../provider/server";
import { newServices } from "../../provider/ssh-transport";
import { Secret, type ValueMap } from "../../wire/values";
import { Sshd } from "../remote/sshd";
import { Cleanup } from "../support/cleanup";
import { ProviderClient } from "../support/provider-client";

const REMOTE = "command:remote:Command";
const LOCAL = "command:local:Command";

describe("package command", () => {
  const cleanup = new Cleanup();
  let sshd: Sshd;
  let server: ProviderServer;
  let client: ProviderClient;
  let folder: string;
  let connection: ValueMap;

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "muster-command-"));
    cleanup.add(() => rmSync(folder, { recursive: true, force: true }));
    sshd = await Sshd.start();
    cleanup.add(() => sshd.stop());
    const host = sshd.host();
    server = await startProviderServer({ packages, services: newServices() });
    cleanup.add(() => server.stop());
    client = new ProviderClient(await server.address("command"));
    cleanup.add(() => client.close());
    await client.configure({});
    connection = {
      host: host.address,
      port: host.port ?? 22,
      user: host.user,
      hostKey: host.hostKeys[0] ?? "",
      privateKey: readFileSync(path.join(sshd.folder, "client_key"), "utf8"),
    };
  });
  afterAll(cleanup.run);

  test("a remote command gets environment and standard input, and its connection stays secret", async () => {
    const made = await client.create(REMOTE, {
      connection: new Secret(connection),
      create: 'printf "%s " "$GREETING"; cat',
      stdin: "from stdin",
      environment: { GREETING: "it's" },
    });
    expect(made.outputs.stdout).toBe("it's from stdin");
    expect(made.outputs.connection).toBeInstanceOf(Secret);
  });

  test("a connection without a host key is refused", async () => {
    const { hostKey: _, ...open } = connection;
    const { failures } = await client.check(REMOTE, { connection: new Secret(open), create: "true" });
    expect(failures).toEqual([{ property: "connection.hostKey", reason: expect.stringContaining("is required") }]);
  });

  test("a changed connection alone runs nothing; a changed command does", async () => {
    const marker = path.join(folder, "ran");
    const inputs = { connection: new Secret(connection), create: `echo x >>${marker}` };
    const made = await client.create(REMOTE, inputs);
    const moved = { ...inputs, connection: new Secret({ ...connection, perDialTimeout: 9 }) };
    await client.update(REMOTE, made.id, made.outputs, inputs, moved);
    expect(readFileSync(marker, "utf8")).toBe("x\n");
    await client.update(REMOTE, made.id, made.outputs, inputs, { ...inputs, create: `echo y >>${marker}` });
    expect(readFileSync(marker, "utf8")).toBe("x\ny\n");
  });

  test("a failing command shows its output without the secrets in it", async () => {
    const failure = client.create(REMOTE, {
      connection: new Secret(connection),
      create: "cat >&2; exit 7",
      stdin: new Secret("hunter2-hunter2"),
    });
    await expect(failure).rejects.toThrow(/create command ended with 7\n\[secret\]/);
  });

  test("a changed trigger replaces", async () => {
    const before = { create: "true", triggers: ["a"] };
    const diff = await client.diff(LOCAL, before, before, { create: "true", triggers: ["b"] });
    expect(diff.replacesList).toEqual(["triggers"]);
  });

  test("a local command is created, updated and deleted by its own texts", async () => {
    const marker = path.join(folder, "local");
    const inputs = {
      create: `pwd; touch ${marker}`,
      update: 'echo "$PULUMI_COMMAND_STDOUT"',
      delete: `rm ${marker}`,
      dir: folder,
    };
    const made = await client.create(LOCAL, inputs);
    expect(made.outputs.stdout).toBe(folder);
    const updated = await client.update(LOCAL, made.id, made.outputs, inputs, inputs);
    expect(updated.stdout).toBe(folder);
    await client.delete(LOCAL, made.id, made.outputs, inputs);
    expect(existsSync(marker)).toBe(false);
  });
});
