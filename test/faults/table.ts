import type { Fault } from "./fault";
import { bastionFaults } from "./rows/bastion";
import { clockFaults } from "./rows/clock";
import { hostFaults } from "./rows/host";
import { identityFaults } from "./rows/identity";
import { linkFaults } from "./rows/link";
import { operatorFaults } from "./rows/operators";
import { serverFaults } from "./rows/server";
import { storageFaults } from "./rows/storage";

/** All faults that are injected, in the order of docs/reliability.md. */
export const faults: readonly Fault[] = [
  ...linkFaults,
  ...bastionFaults,
  ...serverFaults,
  ...hostFaults,
  ...storageFaults,
  ...identityFaults,
  ...clockFaults,
  ...operatorFaults,
];
