import { type Activity, activities } from "../plan/watch/activity";
import { ranksOn, type WatchedRank } from "../plan/watch/rank";
import { silentWays } from "../plan/watch/silent-way";
import { type RankFinding, stuckRanks } from "../plan/watch/stuck-rank";
import type { HostStatus, JobStatusLine } from "./host-status";

/** Something about a running job that a table does not show. */
export type JobFinding =
  | RankFinding
  | {
      readonly job: string;
      readonly severity: "problem";
      readonly host: string;
      /** By its name, if the cluster file has its address. */
      readonly peer: string;
      readonly kind: "silent-peer";
      readonly text: string;
    };

/** Processes as they are beside what a look before saw of them. */
export function besideBefore(before: readonly HostStatus[] | undefined, now: readonly HostStatus[]): HostStatus[] {
  const old = new Map(before?.map(each => [each.host, each.watched]));
  return now.map(each =>
    each.watched
      ? { ...each, watched: { ...each.watched, processes: activities(old.get(each.host), each.watched) } }
      : each,
  );
}

/** What the running jobs of all hosts suffer from. `addresses`: the name of a host by each of its addresses. */
export function jobFindings(all: readonly HostStatus[], addresses: ReadonlyMap<string, string>): JobFinding[] {
  const running = all.flatMap(({ jobs }) => jobs).filter(({ status }) => status === "running" || status === "ready");
  return running.flatMap(job => {
    const ways = all.flatMap(({ host, watched }) =>
      silentWays(host, watched?.silentPeers ?? [], address => addresses.get(address))
        .filter(way => way.job === job.job)
        .map(way => ({ ...way, severity: "problem", host, kind: "silent-peer" }) as const),
    );
    return [...stuckRanks({ ...job, ranks: ranksOf(all, job) }), ...ways];
  });
}

/** Of this run of the job, not of what an earlier one may have left. */
function ranksOf(all: readonly HostStatus[], { job, incarnation }: JobStatusLine): WatchedRank[] {
  return all.flatMap(({ host, watched, gpus }) => {
    const own = (process: Activity) => process.job === job && process.incarnation === incarnation;
    return ranksOn(host, watched?.processes.filter(own) ?? [], gpus);
  });
}
