import { quote } from "../remote/shell";
import type { SshHosts } from "../remote/ssh-hosts";
import { OperatorError } from "../wire/operator-error";
import { problemsOf } from "./render-error";

export interface JobPlaces {
  /** Where jobs lie on every host. */
  readonly folder: string;
  readonly hosts: readonly string[];
}

interface Answer {
  readonly host: string;
  /** Seconds since 1970 at which the job started there; undefined: the host does not keep it. */
  readonly started?: number;
  readonly isLive: boolean;
  /** Names of all jobs that the host keeps. */
  readonly jobs: readonly string[];
}

/**
 * The host of a job's rank 0, which keeps its record and logs: the one where it runs, as soon as that is known; else, when all
 * have answered or failed, the one where it started last. @throws OperatorError: none of those that answered has it.
 */
export async function findJob(hosts: SshHosts, places: JobPlaces, job: string): Promise<string> {
  const questions = places.hosts.map(host => askHost(hosts, places.folder, host, job));
  const live = Promise.any(
    questions.map(async question => {
      const answer = await question;
      if (!answer.isLive) throw new Error("not there, or not running");
      return answer.host;
    }),
  );
  const newest = Promise.allSettled(questions).then(asked => newestOf(asked, places, job));
  return await Promise.any([live, newest]).catch(() => newest);
}

async function askHost(hosts: SshHosts, folder: string, host: string, job: string): Promise<Answer> {
  const script = `cd ${quote(folder)} 2>/dev/null || exit 0
for record in */job.json; do [ ! -f "$record" ] || stat -c '%Y %n' "$record"; done
cd ${quote(job)} 2>/dev/null || exit 0
read -r pid _ 2>/dev/null <leader && kill -0 "$pid" 2>/dev/null && echo live
exit 0
`;
  const { stdout } = await hosts.probe(host).query(script);
  const jobs = [...stdout.matchAll(/^(\d+) (.*)\/job\.json$/gm)];
  const found = jobs.find(([, , name]) => name === job);
  return {
    host,
    isLive: found !== undefined && /^live$/m.test(stdout),
    jobs: jobs.map(([, , name]) => name ?? ""),
    ...(found && { started: Number(found[1]) }),
  };
}

function newestOf(asked: readonly PromiseSettledResult<Answer>[], places: JobPlaces, job: string): string {
  const answers = asked.flatMap(answer => (answer.status === "fulfilled" ? [answer.value] : []));
  const newest = answers
    .filter(answer => answer.started !== undefined)
    .sort((a, b) => (b.started ?? 0) - (a.started ?? 0))[0];
  if (newest) return newest.host;
  const known = [...new Set(answers.flatMap(answer => answer.jobs))].sort();
  throw new OperatorError([
    {
      summary: `no host has a job ${job}`,
      where: `${places.folder} on ${places.hosts.join(", ")}`,
      remedy:
        known.length > 0 ? `name one of ${known.join(", ")}` : "`muster up` starts jobs; `muster status` shows them",
    },
    ...asked.flatMap(answer => (answer.status === "rejected" ? problemsOf(answer.reason) : [])),
  ]);
}
