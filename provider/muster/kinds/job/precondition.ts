import { z } from "zod";
import { quote } from "../../../../remote/shell";
import { OperatorError } from "../../../../wire/operator-error";
import type { PreviewContext } from "../../../kind";
import { isUnreachable } from "../../../operation";

/** With this a precondition refuses; its output says why, a line for each reason. */
const REFUSED = 10;

export const preconditionSchema = z.object({
  host: z.string().min(1),
  /** Container of that host in which it runs; absent: on the host itself. */
  container: z.string().min(1).optional(),
  /** Must not change anything: it runs in previews. */
  argv: z.array(z.string()).min(1),
});

export type Precondition = z.infer<typeof preconditionSchema>;

/**
 * In a plan that starts the job: what would stop it later is told before anything is done. On a host that is not built yet the
 * program cannot run; that is no refusal, for the job asks again when it starts.
 */
export async function refuseUnmet(
  context: PreviewContext,
  { name, precondition }: { readonly name?: string; readonly precondition?: Precondition },
): Promise<void> {
  if (!precondition) return;
  const { host, container, argv } = precondition;
  const program = argv.map(quote).join(" ");
  const script = container === undefined ? program : `docker exec ${quote(container)} ${program}`;
  const answer = await context.hosts
    .probe(host)
    .query(script)
    .catch((error: unknown) => {
      if (isUnreachable(error)) return undefined;
      throw error;
    });
  if (answer?.exitCode !== REFUSED) return;
  throw new OperatorError(
    answer.stdout
      .split("\n")
      .filter(Boolean)
      .map(summary => ({
        summary: `job ${name} cannot start: ${summary}`,
        where: container === undefined ? `host ${host}` : `host ${host}, container ${container}`,
      })),
  );
}
