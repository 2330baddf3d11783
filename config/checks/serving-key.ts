import type { CheckRule } from "../check";

/** Engines that take their API key only where others can read it. */
const exposed: Readonly<Record<string, { readonly name: string; readonly where: string }>> = {
  // sglang 0.5.23, server_args.py
  sglang: { name: "SGLang", where: "on its command line only, where everyone on the host can read it" },
  // ms-swift 3.7.1 to 4.6, arguments/deploy_args.py and the base of its pipelines
  swift: { name: "swift deploy", where: "on its command line only, and writes it into its log" },
};

/** A key that everyone can read is none: it is refused, and a server without one is warned of. */
export const checkServingKey: CheckRule = ({ pipeline }) => {
  const serve = pipeline?.serve;
  const engine = serve && exposed[serve.engine];
  if (!serve || !engine) return [];
  if (serve.apiKey) {
    return [
      {
        code: "api-key-exposed",
        severity: "error",
        path: ["pipeline", "serve", "apiKey"],
        found: `an API key for ${engine.name}`,
        expected: `none: it takes one ${engine.where}`,
        remedy: "serve with vllm, or remove apiKey and let only the cluster's network reach the port",
      },
    ];
  }
  return [
    {
      code: "server-without-key",
      severity: "warning",
      path: ["pipeline", "serve", "engine"],
      found: `${serve.engine}, which is served without an API key`,
      expected: "a port that only trusted machines reach",
      remedy: "close the port to others in the firewall, or serve with vllm",
    },
  ];
};
