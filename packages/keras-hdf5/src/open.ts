import { type SourceLike, toSource } from "@modelbytes/bytes";
import { type OpenHdf5Options, openHdf5 } from "@modelbytes/hdf5";
import { catalogue } from "./catalogue.ts";
import { readForm } from "./form.ts";
import { KerasHdf5 } from "./keras-hdf5.ts";
import { Survey } from "./survey.ts";

/** How a Keras file is opened. */
export interface OpenKerasHdf5Options extends OpenHdf5Options {
  /**
   * Opens a file whose lists, groups or datasets are damaged with what is left of them, and lists the damage in `damage`. By default
   * opening fails, as loading such a model in Keras does.
   */
  readonly tolerant?: boolean | undefined;
}

/**
 * Opens a Keras file by its content, whatever it is called: a whole model, weights, or the `.weights.h5` of Keras 3. Reads all of the
 * file's structure and none of its weights.
 *
 * Rejects with a `NotFoundError` where there is no file, a `CorruptError` where it is damaged or its lists name what it has not, an
 * `UnsupportedError` (`"not-keras"`) where it is an HDF5 file of something else.
 */
export async function openKerasHdf5(from: SourceLike, options: OpenKerasHdf5Options = {}): Promise<KerasHdf5> {
  const source = toSource(from, options);
  const file = await openHdf5(source, options);
  try {
    const survey = await Survey.of(file, options);
    const contents = await catalogue(survey, await readForm(survey));
    const [first] = contents.damage;
    if (first !== undefined && options.tolerant !== true) throw first;
    return new KerasHdf5(file, contents, [{ name: file.name, file, source }]);
  } catch (error) {
    await file.close();
    throw error;
  }
}
