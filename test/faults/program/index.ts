import { readFileSync } from "node:fs";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { hostInputs } from "../../../components/host-inputs";
import { hostTable, wayTo } from "../../../config/host-table";
import { loadCluster } from "../../../config/load";
import { readPins } from "../../../config/pins";
import { Container } from "../../../provider/muster/sdk/container.gen";
import { File } from "../../../provider/muster/sdk/file.gen";
import { Host } from "../../../provider/muster/sdk/host.gen";
import { Image } from "../../../provider/muster/sdk/image.gen";
import { Job } from "../../../provider/muster/sdk/job.gen";
import { Provider } from "../../../provider/muster/sdk/provider.gen";
import { appFolder, type Wanted } from "../wanted";

/**
 * A small `up`: on each host of a cluster file a folder, a text, a secret, perhaps a large file, an image, a container of it, and a job
 * in that container that leaves one line each time it runs.
 */
export = (): void => {
  const wanted = JSON.parse(readFileSync("wanted.json", "utf8")) as Wanted;
  const cluster = loadCluster(wanted.clusterFile);
  const table = hostTable(cluster, readPins(cluster));
  const { name } = cluster;
  const provider = new Provider(`${name}-provider`, {
    cluster: name,
    ...hostInputs(table, secret => new pulumi.Config().requireSecret(secret)),
    auditLog: path.resolve("audit.log"),
  });
  for (const connection of table) {
    const host = connection.name;
    if (!wanted.nodes.includes(host)) continue;
    const reachable = new Host(`${host}-host`, { host, peers: [], way: wayTo(connection, table) }, { provider });
    const on = { provider, dependsOn: [reachable] };
    const folder = appFolder(name);
    const root = new File(`${host}-folder`, { host, path: folder, directory: true, mode: "0755" }, on);
    const inFolder = { provider, dependsOn: [reachable, root] };
    const files = [
      new File(`${host}-text`, { host, path: `${folder}/text`, content: `version ${wanted.version}\n` }, inFolder),
      new File(
        `${host}-secret`,
        {
          host,
          path: `${folder}/secret`,
          content: pulumi.secret(`secret of version ${wanted.version}\n`),
          mode: "0600",
        },
        inFolder,
      ),
    ];
    if (wanted.upload !== undefined) {
      files.push(new File(`${host}-upload`, { host, path: `${folder}/upload`, source: wanted.upload }, inFolder));
    }
    const image = new Image(
      `${host}-image`,
      { host, reference: wanted.image.reference, source: { archive: { path: wanted.image.archive } } },
      on,
    );
    const container = new Container(
      `${host}-container`,
      {
        host,
        name: `${name}-app`,
        image: image.imageId,
        gpus: "none",
        network: "host",
        mounts: [{ source: folder, target: "/app" }],
        env: { GENERATION: String(wanted.generation) },
        command: ["sleep", "1000000"],
        restart: "unless-stopped",
        init: true,
      },
      { provider, dependsOn: [reachable, ...files] },
    );
    new Job(
      `${host}-job`,
      {
        name: "count",
        ranks: [
          {
            host,
            container: container.name,
            argv: ["sh", "-c", `sleep ${wanted.jobSeconds}; echo ${wanted.version} >>/app/runs`],
            env: {},
          },
        ],
        identity: { version: String(wanted.version) },
        mode: "completed",
        waitSeconds: 60,
        stopSeconds: 1,
      },
      { provider, dependsOn: [container] },
    );
  }
};
