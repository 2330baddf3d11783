import type { Answer, Topic } from "./fact";

/** One script that asks all topics; each in a subshell, so that one that fails does not hide the others. */
export function probeScript(snippets: Readonly<Record<string, string>>): string {
  const parts = Object.entries(snippets).map(
    ([name, snippet]) => `echo '#begin ${name}'\n(\n${snippet}\n) 2>&1\nprintf '\\n#end ${name} %s\\n' "$?"`,
  );
  return `export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin:/usr/local/bin"\n${parts.join("\n")}\n`;
}

/** The same of topics, by name. */
export function topicsScript(topics: Readonly<Record<string, Topic<unknown>>>): string {
  return probeScript(Object.fromEntries(Object.entries(topics).map(([name, { snippet }]) => [name, snippet])));
}

/** The answers by topic. A topic whose end is missing (the connection broke) is not in it. */
export function parseProbe(output: string): Record<string, Answer> {
  const answers: Record<string, Answer> = {};
  for (const [, name = "", text = "", exit = ""] of output.matchAll(/^#begin (\S+)\n([\s\S]*?)\n#end \1 (\d+)$/gm)) {
    answers[name] = { exitCode: Number(exit), output: text };
  }
  return answers;
}
