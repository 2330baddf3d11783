/** Rates of the notes, by the kind of training. */
export const defaultRates = {
  full: { learningRate: 1e-5, minLearningRate: 1e-6 },
  lora: { learningRate: 1e-4, minLearningRate: 1e-5 },
} as const;
