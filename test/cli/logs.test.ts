import { parseSince } from "../../cli/verbs/logs";

test("--since is a span or a moment, and nothing else", () => {
  expect(parseSince("10m")).toEqual({ ageSeconds: 600 });
  expect(parseSince("1d2h3m4s")).toEqual({ ageSeconds: 93_784 });
  expect(parseSince("2026-01-31T08:00Z")).toEqual({ epochSeconds: 1_769_846_400 });
  for (const text of ["", "5", "yesterday", "10 m"]) expect(() => parseSince(text)).toThrow("2h30m");
});
