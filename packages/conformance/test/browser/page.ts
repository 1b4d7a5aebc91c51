// The program of the page: it opens what people choose, drop or type, reads all of it, and shows what it found as JSON.

import { canonicalBytes } from "@modelbytes/tensor";
import { type ModelLike, openModel } from "modelbytes";
import type { Found, FoundTensor } from "./found.ts";

/** Who reads HDF5. */
const ENGINE = new URLSearchParams(location.search).get("engine") === "h5wasm" ? "h5wasm" : "auto";

/** Opens, verifies and reads a model, every tensor of it. */
async function found(from: ModelLike): Promise<Found> {
  const model = await openModel(from, { engine: ENGINE });
  try {
    const problems: string[] = [];
    for await (const { code } of model.verify()) problems.push(code);
    const tensors: [name: string, FoundTensor][] = [];
    for await (const [name, tensor] of model.weights.stream()) {
      const bytes = await new Blob([...canonicalBytes(tensor)].map((piece) => piece.slice())).arrayBuffer();
      const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
      const sha256 = Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
      tensors.push([name, { dtype: tensor.dtype, shape: tensor.shape, sha256 }]);
    }
    const names = await model.names();
    return {
      format: model.format,
      path: model.path,
      names: names.size,
      problems,
      tensors: Object.fromEntries(tensors),
    };
  } finally {
    await model.close();
  }
}

function element<E extends Element>(selector: string, kind: new () => E): E {
  const chosen = document.querySelector(selector);
  if (!(chosen instanceof kind)) throw new Error(`the page has no ${selector}`);
  return chosen;
}

const answer = element("output", HTMLOutputElement);

function show(from: ModelLike): void {
  answer.className = "";
  found(from)
    .catch((error: unknown) => {
      const { name, message } = error instanceof Error ? error : { name: "", message: String(error) };
      const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
      return { error: { name, code, message } };
    })
    .then((value) => {
      answer.textContent = JSON.stringify(value);
      answer.className = "done";
    });
}

for (const id of ["#files", "#folder"]) {
  const input = element(id, HTMLInputElement);
  input.addEventListener("change", () => show([...(input.files ?? [])]));
}
const file = element("#file", HTMLInputElement);
file.addEventListener("change", () => show(file.files?.item(0) ?? new Blob()));
const url = element("#url", HTMLInputElement);
url.addEventListener("change", () => show(new URL(url.value, location.href)));
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  show([...(event.dataTransfer?.files ?? [])]);
});
answer.className = "ready";
