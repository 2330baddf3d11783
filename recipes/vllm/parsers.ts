/** Version of vLLM in ModelScope's tags: `…-vllm0.10.0-…`. */
export function vllmVersionOf(image: { readonly reference: string; readonly vllm?: string }): string | undefined {
  return image.vllm ?? /vllm(\d+\.\d+\.\d+)/.exec(image.reference)?.[1];
}
