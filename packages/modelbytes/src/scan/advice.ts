// Which advisory a danger belongs to, and which versions load it without asking. The versions are those of the releases in which
// the guard against it first appears.

/** The advisory of a danger, and the versions that it concerns, in words. */
export interface Advice {
  /** Null where nobody has published one. */
  readonly advisory: string | null;
  readonly versions: string;
}

/** What is known of each danger. */
export const ADVICE = {
  lambda: { advisory: "CVE-2024-3660", versions: "Keras before 2.13, and every later one with safe_mode=False" },
  lambdaInHdf5: {
    advisory: "CVE-2025-9905",
    versions: "Keras 2, Keras 3 before 3.11.3, and every later one with safe_mode=False",
  },
  lambdaInSavedModel: { advisory: "CVE-2024-3660", versions: "every Keras 2, whatever safe_mode says" },
  module: { advisory: "CVE-2025-1550", versions: "Keras 3 before 3.9" },
  notModelling: { advisory: "CVE-2025-8747", versions: "Keras 3 before 3.11" },
  unsafeSwitch: { advisory: "CVE-2025-9906", versions: "Keras 3 before 3.11" },
  torch: { advisory: "CVE-2025-49655", versions: "Keras 3.11.0 to 3.11.2, and every later one with safe_mode=False" },
  vocabulary: { advisory: "CVE-2025-12058", versions: "Keras before 3.12.0" },
  savedModel: { advisory: "CVE-2026-1462", versions: "Keras before 3.12.1, and 3.13.0 to 3.13.1" },
  otherFile: { advisory: "CVE-2026-1669", versions: "Keras before 3.12.1, and 3.13.0 to 3.13.1" },
  virtual: { advisory: "CVE-2026-12480", versions: "Keras before 3.12.2, and 3.13.0 to 3.14.0" },
  size: { advisory: "CVE-2026-0897", versions: "Keras before 3.12.3, and 3.13.0 to 3.14.1" },
  assetPath: { advisory: "CVE-2026-12479", versions: "Keras before 3.12.3, and 3.13.0 to 3.14.1" },
  memberName: { advisory: "GHSA-hqp4-2352-xf5r", versions: "Keras before 3.14.0" },
  expansion: { advisory: null, versions: "Keras before 3.15.0" },
  pickledWeights: { advisory: null, versions: "Keras before 3.9" },
  yamlTag: { advisory: "CVE-2021-37678", versions: "TensorFlow before 2.6, but for 2.3.4, 2.4.3 and 2.5.1" },
} as const;
