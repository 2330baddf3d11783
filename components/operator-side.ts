import { createReadStream, existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { findingOf } from "../config/checks";
import { checkRows } from "../config/checks/rows";
import { type DeclaredHost, hostTable } from "../config/host-table";
import { readPins } from "../config/pins";
import type { Cluster } from "../config/schema";
import type { SecretRef } from "../config/schema/values";
import { formatFinding } from "../plan/finding";
import { checkDatasetBytes, type DatasetReport, formatDatasetReport } from "../recipes/data/check";
import { asList, type HostAddress } from "../remote/host-table";
import { Stop } from "./stop";

/** What the program reads on the operator's side, before it declares anything. */
export interface OperatorSide {
  /** Secrets are names in it. */
  readonly hostTable: readonly DeclaredHost[];
  /** sha256 of the data set, if it comes from the operator's side. */
  readonly dataDigest?: string;
  /** Text of a private key file, for the user's own steps. */
  readonly privateKey: (file: string) => string;
}

/**
 * Reads pins, keys and the data set of a cluster file.
 * @throws RunError with every bad row of the data set: line, reason, remedy
 */
export async function operatorSide(settings: Cluster): Promise<OperatorSide> {
  const file = settings.pipeline?.data?.file;
  const report = file === undefined ? undefined : await dataReport(file);
  const [tooFew] = checkRows(settings, report?.rows ?? 0);
  if (tooFew) throw new Stop(`${formatFinding(findingOf(tooFew))}\nno host was touched`);
  const pins = readPins(settings);
  for (const note of pins.notes) void pulumi.log.warn(note);
  return {
    hostTable: hostTable(settings, pins).map(portable),
    privateKey,
    ...(report?.sha256 !== undefined && { dataDigest: report.sha256 }),
  };
}

function privateKey(file: string): string {
  try {
    return readFileSync(file.replace(/^~(?=\/)/, homedir()), "utf8");
  } catch (error) {
    throw new Stop(
      `the private key ${file} cannot be read (${(error as NodeJS.ErrnoException).code}); no host was touched`,
    );
  }
}

async function dataReport(file: string): Promise<DatasetReport> {
  if (!existsSync(file)) {
    throw new Stop(`pipeline.data.file: ${file} is not there; no host was touched`);
  }
  const report = await checkDatasetBytes(createReadStream(file));
  if (report.badRows > 0 || report.rows === 0) {
    throw new Stop(
      `${formatDatasetReport(file, report)}\npipeline.data.file is not fit for training; no host was touched`,
    );
  }
  return report;
}

/** Paths below the project stay relative, so that the state of one checkout is good in another. */
function portable<Address extends HostAddress<SecretRef>>(address: Address): Address {
  const { identityFile, certificateFile, bastion } = address;
  return {
    ...address,
    ...(identityFile !== undefined && { identityFile: asList(identityFile).map(portablePath) }),
    ...(certificateFile !== undefined && { certificateFile: asList(certificateFile).map(portablePath) }),
    ...(typeof bastion === "object" && { bastion: portable(bastion) }),
  };
}

function portablePath(file: string): string {
  if (!path.isAbsolute(file)) return file;
  const relative = path.relative(process.cwd(), file);
  return relative.startsWith("..") ? file : relative;
}
