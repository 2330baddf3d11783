/** What the small `up` of the fault tests shall make of its hosts. */
export interface Wanted {
  readonly clusterFile: string;
  readonly nodes: readonly string[];
  /** Stands in the files and in the job's line; another one changes all of them in place. */
  readonly version: number;
  /** Another one makes the containers anew. */
  readonly generation: number;
  readonly jobSeconds: number;
  readonly image: { readonly reference: string; readonly archive: string };
  /** A large file of the operator's side to bring along. */
  readonly upload?: string;
}

/** Where a cluster of the fault tests keeps its things on a host. */
export function appFolder(cluster: string): string {
  return `/var/lib/muster/${cluster}/app`;
}
