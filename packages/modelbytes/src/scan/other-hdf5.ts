import type { ModelbytesError, Source, WaitOptions } from "@modelbytes/bytes";
import { type Hdf5File, isTensor, openHdf5 } from "@modelbytes/hdf5";
import { lentSource } from "../lent-source.ts";
import { scanConfigText } from "./config.ts";
import type { Finding } from "./finding.ts";
import { scanHdf5 } from "./hdf5.ts";

/** Attributes of the root that Keras takes for configs. */
const CONFIGS = ["model_config", "training_config"] as const;

/** The dangers of an HDF5 file that is none of Keras, or too odd to be opened as one. Rejects where it is no HDF5 file at all. */
export async function scanOtherHdf5(
  source: Source,
  problems: ModelbytesError[],
  options: WaitOptions,
): Promise<Finding[]> {
  const file = await openHdf5(lentSource(source), options);
  try {
    const configs = await Promise.all(CONFIGS.map((part) => scanAttribute(file, part, options)));
    return [...configs.flat(), ...(await scanHdf5(file, source, "HDF5", problems, options))];
  } finally {
    await file.close();
  }
}

async function scanAttribute(file: Hdf5File, part: string, options: WaitOptions): Promise<Finding[]> {
  const value = await file.attribute("/", part, options).catch(() => undefined); // there is none, or none to be read
  if (value === undefined || !isTensor(value) || value.dtype !== "string") return [];
  const [text] = value.data;
  return text === undefined
    ? []
    : scanConfigText(new TextDecoder().decode(text), part, { file: "hdf5", place: { part } });
}
