import type { Journal } from "./state/journal";

const CREATED =
  "\nWhat was being created may exist without being known here, and be made a second time. Look for it on the host; then run: muster refresh --clear-pending-creates";

/**
 * What earlier runs left half-way: known changes are settled by this run, a creation may have made something.
 * @returns what to say about creations that stay noted
 */
export function settlePending(journal: Journal, clearsCreations: boolean): string | undefined {
  const pending = journal.snapshot().pendingOperations;
  journal.dropPending(operation => !clearsCreations && operation.type === "creating");
  if (pending.length === 0 || clearsCreations) return undefined;
  const lines = pending.map(({ resource, type }) => `  * ${resource.urn}, interrupted while ${type}`);
  const creates = pending.some(({ type }) => type === "creating");
  return (
    `Attempting to deploy or update resources with ${pending.length} pending operations from previous deployment.\n` +
    `${lines.join("\n")}\n` +
    `These resources are in an unknown state because the run was ended while it changed them.${creates ? CREATED : ""}`
  );
}
