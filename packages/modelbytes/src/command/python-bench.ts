/** A program for Python that loads a file again and again, and prints the median of the seconds, the bytes and the runs. */
export interface PythonProgram {
  /** What the row is called. */
  readonly name: string;
  /** The packages that it imports. */
  readonly needs: string;
  /** What of a model's directory it loads. */
  readonly file?: string | undefined;
  readonly code: string;
}

const CHECKPOINT = `import tensorflow as tf
def load(path):
    reader = tf.train.load_checkpoint(path)
    return sum(getattr(reader.get_tensor(name), "nbytes", 0) for name in reader.get_variable_to_shape_map())`;

/** Each defines `load`, which loads everything and returns the bytes. */
const LOADERS: readonly {
  readonly formats: readonly string[];
  readonly name: string;
  readonly needs: string;
  readonly file?: string;
  readonly load: string;
}[] = [
  {
    formats: ["tensor-bundle", "tensor-bundle-v1"],
    name: "TensorFlow, load all",
    needs: "tensorflow",
    load: CHECKPOINT,
  },
  {
    formats: ["saved-model"],
    name: "TensorFlow, load all variables",
    needs: "tensorflow",
    file: "variables/variables",
    load: CHECKPOINT,
  },
  {
    formats: ["keras-hdf5", "keras-hdf5-weights", "keras-weights"],
    name: "h5py, load all",
    needs: "h5py",
    load: `import h5py
def load(path):
    total = 0
    def visit(name, item):
        nonlocal total
        if isinstance(item, h5py.Dataset): total += item[()].nbytes
    with h5py.File(path) as file: file.visititems(visit)
    return total`,
  },
  {
    formats: ["safetensors"],
    name: "safetensors, load all",
    needs: "safetensors and numpy",
    load: `from safetensors.numpy import load_file
def load(path):
    return sum(array.nbytes for array in load_file(path).values())`,
  },
  {
    formats: ["npz"],
    name: "numpy, load all",
    needs: "numpy",
    load: `import numpy
def load(path):
    with numpy.load(path) as arrays: return sum(arrays[name].nbytes for name in arrays)`,
  },
];

const TIMING = `
import statistics, sys, time
seconds = []
start = time.perf_counter()
while len(seconds) < 3 or (time.perf_counter() - start < 1.5 and len(seconds) < 50):
    before = time.perf_counter()
    total = load(sys.argv[1])
    seconds.append(time.perf_counter() - before)
print(statistics.median(seconds), total, len(seconds))
`;

/** The program for a format; `undefined` where Python has no plain way to load all tensors of one. */
export function pythonProgram(format: string): PythonProgram | undefined {
  const found = LOADERS.find(({ formats }) => formats.includes(format));
  if (found === undefined) return undefined;
  const { name, needs, file, load } = found;
  return { name, needs, file, code: load + TIMING };
}
