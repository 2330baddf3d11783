/** Whether the text matches a pattern of OpenSSH: `*` is any run of characters, `?` any one, all else is itself (match.c, match_pattern). */
export function matchesPattern(text: string, pattern: string): boolean {
  let at = 0;
  let next = 0;
  // Where to go on when what follows the last `*` does not fit: one character further.
  let resume: { readonly next: number; at: number } | undefined;
  for (;;) {
    const wanted = pattern[next];
    if (wanted === "*") {
      next++;
      resume = { next, at };
    } else if (at === text.length) {
      return next === pattern.length;
    } else if (wanted === "?" || wanted === text[at]) {
      next++;
      at++;
    } else if (resume) {
      at = ++resume.at;
      next = resume.next;
    } else return false;
  }
}

/** A list matches when one of its patterns does and none of the negated ones (`!pattern`) does. */
export function matchesPatternList(text: string, patterns: readonly string[]): boolean {
  const negated = patterns.filter(pattern => pattern.startsWith("!")).map(pattern => pattern.slice(1));
  const wanted = patterns.filter(pattern => !pattern.startsWith("!"));
  return (
    wanted.some(pattern => matchesPattern(text, pattern)) && !negated.some(pattern => matchesPattern(text, pattern))
  );
}
