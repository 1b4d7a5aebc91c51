import { compareBytes, encodeName } from "@modelbytes/bytes";
import { readDenseLinks } from "./dense.ts";
import { decodeDenseStorage, decodeLink, type StoredLink } from "./messages/link.ts";
import type { MetadataFile } from "./metadata-file.ts";
import { MESSAGE, messageOf, type ObjectHeader } from "./object-header.ts";
import type { Reading } from "./reading.ts";
import { decodeSymbolTable, findSymbol, listSymbolTable } from "./symbol-table.ts";

/**
 * The links of a group, in one of three forms: a symbol table (h5py's default), link messages in the header, or, when there are
 * many of these, a fractal heap.
 */

/** Whether a header is that of a group. */
export function isGroup(header: ObjectHeader): boolean {
  return header.messages.some(
    ({ type }) => type === MESSAGE.symbolTable || type === MESSAGE.linkInfo || type === MESSAGE.groupInfo,
  );
}

/** All links in the order in which h5py gives them: by name, or as they were made where the group keeps that. */
export function* readLinks(file: MetadataFile, header: ObjectHeader): Reading<StoredLink[]> {
  const links = yield* listLinks(file, header);
  const odd = links.find(({ name }) => name === "" || name === "." || name.includes("/"));
  if (odd === undefined) return links;
  const reason = `no path leads to the name ${JSON.stringify(odd.name)}`;
  throw file.corrupt("link-name", reason, header.address, header.path);
}

function* listLinks(file: MetadataFile, header: ObjectHeader): Reading<StoredLink[]> {
  const table = messageOf(header, MESSAGE.symbolTable);
  if (table !== undefined) return yield* listSymbolTable(file, decodeSymbolTable(table.body.copy()), header.path);
  const info = messageOf(header, MESSAGE.linkInfo);
  const storage = info === undefined ? undefined : decodeDenseStorage(info.body.copy(), 8);
  const dense = storage === undefined ? [] : yield* readDenseLinks(file, storage, header.path);
  const compact = header.messages.filter(({ type }) => type === MESSAGE.link).map(({ body }) => body.copy());
  const links = [...compact, ...dense].map(decodeLink);
  const names = new Set(links.map(({ name }) => name));
  if (names.size < links.length) throw file.corrupt("link-order", "two links of one name", header.address, header.path);
  return inOrder(links, storage?.ordered === true);
}

/** The link called `name`. Of a symbol table only what leads to it is read. */
export function* findLink(file: MetadataFile, header: ObjectHeader, name: string): Reading<StoredLink | undefined> {
  const table = messageOf(header, MESSAGE.symbolTable);
  if (table === undefined) return (yield* readLinks(file, header)).find((link) => link.name === name);
  return yield* findSymbol(file, decodeSymbolTable(table.body.copy()), bytesOf(name), header.path);
}

/** Sorts as h5py lists: by the order of creation if that is tracked, otherwise by the bytes of the names. */
export function inOrder<T extends { readonly name: string; readonly order: number | undefined }>(
  items: readonly T[],
  tracked: boolean,
): T[] {
  if (items.length < 2) return [...items];
  if (tracked) return items.toSorted((a, b) => (a.order ?? 0) - (b.order ?? 0));
  const encoded = items.map((item) => ({ item, bytes: encodeName(item.name) }));
  return encoded.sort((a, b) => compareBytes(a.bytes, b.bytes)).map(({ item }) => item);
}

/** The bytes of a name; for one that no bytes stand for, some that no link has. */
function bytesOf(name: string): Uint8Array {
  try {
    return encodeName(name);
  } catch (error) {
    if (error instanceof RangeError) return new Uint8Array(0);
    throw error;
  }
}
