import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { posix } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { formatPath } from "../config/problem";
import type { Cluster } from "../config/schema";
import { File } from "../provider/muster/sdk/file.gen";
import { checkDataset } from "../recipes/data/check";
import { formatOf, purposeOf } from "../recipes/data/format";
import { formatDatasetReport, isFit } from "../recipes/data/report";
import type { DatasetReport } from "../recipes/data/report-schema";
import { type DataSet, dataSets, localSets } from "../recipes/data/sets";
import { type Container, containerOf } from "../recipes/data/source";
import { lossScalePlugin } from "../recipes/loss-scale/plugin";
import type { Fleet } from "./fleet";
import { hostPath } from "./node-folders";
import { Stop } from "./stop";

/** What is known of the data sets before a host is touched. */
export interface CheckedData {
  /** What a training's result depends on: the sha256 of the file, of several files the sha256 over theirs. Absent without any. */
  readonly digest?: string;
  /** Rows that are trained with. Absent if not all of them come from the operator's side. */
  readonly rows?: number;
}

/**
 * Checks the data sets of the operator's side.
 * @throws RunError with every bad row of all files: line, reason, remedy
 */
export async function checkedData(settings: Cluster): Promise<CheckedData> {
  const sets = localSets(settings.pipeline?.data);
  const refusals: string[] = [];
  const warnings: string[] = [];
  const digests: [string, string][] = [];
  const rows = new Map<string, number>();
  for (const set of sets) {
    const field = fieldOf(set);
    const container = containerIn(set);
    const report = await reportOf(settings, set.file, container);
    digests.push([set.name, report.sha256]);
    rows.set(set.name, report.rows);
    if (!isFit(report)) {
      refusals.push(`${formatDatasetReport(set.file, report)}\n${field} is not fit for training; no host was touched`);
    }
    warnings.push(...warningsOf(set, report).map(warning => `${field}: ${warning}`));
  }
  if (refusals.length > 0) throw new Stop(refusals.join("\n\n"));
  for (const warning of warnings) void pulumi.log.warn(warning);
  const digest = digestOf(digests);
  const trained = trainedRows(settings, rows);
  return { ...(digest !== undefined && { digest }), ...(trained !== undefined && { rows: trained }) };
}

function digestOf(digests: readonly (readonly [name: string, sha256: string])[]): string | undefined {
  const [first] = digests;
  if (first === undefined || digests.length === 1) return first?.[1];
  return createHash("sha256").update(JSON.stringify(digests)).digest("hex");
}

function trainedRows({ pipeline }: Cluster, counted: ReadonlyMap<string, number>): number | undefined {
  if (!pipeline?.data) return undefined;
  const counts = dataSets(pipeline.data).training.map(set =>
    counted.has(set.name) ? Number(set.rows ?? counted.get(set.name)) : undefined,
  );
  return counts.reduce((sum, count) => (sum === undefined || count === undefined ? undefined : sum + count), 0);
}

function fieldOf(set: DataSet): string {
  return formatPath(["pipeline", "data", ...set.path]);
}

function containerIn(set: DataSet & { readonly file: string }): Container {
  const field = fieldOf(set);
  if (!existsSync(set.file)) throw new Stop(`${field}: ${set.file} is not there; no host was touched`);
  // By the name in the container: that is the one that ms-swift sees.
  const container = containerOf(set.name);
  if (typeof container === "string") return container;
  throw new Stop(`${field}: ${set.name}: ${container.reason}; no host was touched. fix: ${container.remedy}`);
}

function reportOf(settings: Cluster, file: string, container: Container): Promise<DatasetReport> {
  const { image, pipeline } = settings;
  const format = formatOf({
    version: image.swift,
    purpose: purposeOf(pipeline?.train?.tool, pipeline?.train?.rlhf?.type),
    strict: pipeline?.data?.strict,
  });
  return checkDataset(createReadStream(file), { format, container, maxLength: pipeline?.train?.maxLength });
}

function warningsOf(set: DataSet, report: DatasetReport): string[] {
  const above = report.tokens?.above;
  const isMore = set.rows !== undefined && Number(set.rows) > report.rows;
  return [
    ...(above && above.rows > 0
      ? [
          `${above.rows} of ${report.rows} rows are longer than maxLength ${above.maxLength} by an estimate; ms-swift deletes such rows`,
        ]
      : []),
    ...(isMore ? [`${set.rows} rows of ${report.rows}: ms-swift draws them again and again`] : []),
    ...(report.repeats.rows > 0 ? [`rows that are the same as an earlier one: ${report.repeats.rows}`] : []),
  ];
}

/**
 * What the training reads from the operator's side: data sets and weights of a loss scale, on each of its nodes. A node that has a file
 * is left alone.
 */
export function dataFiles(name: string, settings: Cluster, fleet: Fleet, parent: pulumi.Resource): File[] {
  const { pipeline } = settings;
  const nodes = pipeline?.train?.nodes ?? [];
  const weights = (lossScalePlugin(settings)?.files ?? []).flatMap(({ path, content }) =>
    nodes.map(
      node =>
        new File(
          `${name}-loss-scale${posix.extname(path).replace(".", "-")}-${node}`,
          { host: node, path: hostPath(settings, path) ?? path, content, mode: "0644" },
          { parent, dependsOn: [fleet.on(node)] },
        ),
    ),
  );
  return [...weights, ...sets(name, settings, fleet, parent)];
}

function sets(name: string, settings: Cluster, fleet: Fleet, parent: pulumi.Resource): File[] {
  const { pipeline } = settings;
  return localSets(pipeline?.data).flatMap((set, index) => {
    const path = hostPath(settings, set.name);
    if (path === undefined) {
      throw new Stop(
        `${fieldOf(set)}: ${set.name} lies in no folder that is mounted into the container, so the data set ` +
          "would be lost with it. fix: mount a folder there (container.mounts), or use a path below /var/lib/muster/data",
      );
    }
    const number = index === 0 ? "" : `-${index + 1}`;
    return (pipeline?.train?.nodes ?? []).map(
      node =>
        new File(
          `${name}-data${number}-${node}`,
          { host: node, path, source: set.file, mode: "0644" },
          { parent, dependsOn: [fleet.on(node)] },
        ),
    );
  });
}
