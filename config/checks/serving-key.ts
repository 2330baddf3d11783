import type { CheckRule } from "../check";

/** SGLang (0.5.23) takes its API key only as an argument, which everyone on the host can read. */
export const checkServingKey: CheckRule = ({ pipeline }) => {
  const serve = pipeline?.serve;
  if (serve?.engine !== "sglang") return [];
  if (serve.apiKey) {
    return [
      {
        code: "sglang-api-key",
        severity: "error",
        path: ["pipeline", "serve", "apiKey"],
        found: "an API key for SGLang",
        expected: "none: SGLang takes it on its command line only, where everyone on the host can read it",
        remedy: "serve with vllm, or remove apiKey and let only the cluster's network reach the port",
      },
    ];
  }
  return [
    {
      code: "server-without-key",
      severity: "warning",
      path: ["pipeline", "serve", "engine"],
      found: "sglang, which is served without an API key",
      expected: "a port that only trusted machines reach",
      remedy: "close the port to others in the firewall, or serve with vllm",
    },
  ];
};
