import type { SimulatedHost } from "./simulated-host";

/** Hugging Face weights on a host, read by safetensors in the node container. */
export class Weights {
  private constructor(
    /** Over names and bytes of all tensors. */
    readonly digest: string,
    readonly names: readonly string[],
    readonly parameters: number,
    /** True if transformers loads them and every value is finite. */
    readonly allFinite: boolean,
  ) {}

  /** Loads the weights of a folder (a path in the container) with transformers, as a user would. */
  static async of(host: SimulatedHost, folder: string): Promise<Weights> {
    const text = await host.inContainer(
      `python - <<'PY'
import hashlib, json, torch
from transformers import AutoModelForCausalLM
state = AutoModelForCausalLM.from_pretrained(${JSON.stringify(folder)}, torch_dtype=torch.float32).state_dict()
digest = hashlib.sha256()
for name in sorted(state):
    digest.update(name.encode()); digest.update(state[name].contiguous().numpy().tobytes())
print(json.dumps({"digest": digest.hexdigest(), "names": sorted(state), "parameters": sum(t.numel() for t in state.values()),
                  "finite": all(bool(torch.isfinite(t).all()) for t in state.values())}))
PY`,
      120,
    );
    const read = JSON.parse(text.split("\n").at(-1) ?? "") as {
      digest: string;
      names: string[];
      parameters: number;
      finite: boolean;
    };
    return new Weights(read.digest, read.names, read.parameters, read.finite);
  }
}
