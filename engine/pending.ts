import type { Journal } from "./state/journal";

/**
 * What earlier runs left half-way: known changes are settled by this run, a creation may have made something.
 * @returns what to say about creations that stay noted
 */
export function settlePending(journal: Journal, clearsCreations: boolean): string | undefined {
  const created = journal.snapshot().pendingOperations.filter(operation => operation.type === "creating");
  journal.dropPending(operation => !clearsCreations && operation.type === "creating");
  if (created.length === 0 || clearsCreations) return undefined;
  const lines = created.map(operation => `  * ${operation.resource.urn}, interrupted while creating`);
  return (
    `Attempting to deploy or update resources with ${created.length} pending operations from previous deployment.\n` +
    `${lines.join("\n")}\n` +
    "These resources are in an unknown state because the run was ended while it created them: the object may exist without being known here, and be made a second time.\n" +
    "Look for it on the host; then run: muster refresh --clear-pending-creates"
  );
}
