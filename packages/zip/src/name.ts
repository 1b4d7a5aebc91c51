// Names of members: UTF-8 where flag 11 says so, else code page 437, of which ASCII is the lower half.

import { CorruptError, decodeName, encodeName } from "@modelbytes/bytes";

const UPPER_HALF =
  "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0";

/** The name as text. Bytes that are no UTF-8 though flag 11 is set are lone surrogates, as in `decodeName`. */
export function decodeMemberName(bytes: Uint8Array, utf8: boolean): string {
  if (utf8) return decodeName(bytes);
  let name = "";
  for (const byte of bytes) name += byte < 0x80 ? String.fromCharCode(byte) : (UPPER_HALF[byte - 0x80] ?? "");
  return name;
}

/** The bytes of a name, and whether flag 11 has to be set: names that are not ASCII are written in UTF-8. */
export function encodeMemberName(name: string): { readonly bytes: Uint8Array<ArrayBuffer>; readonly utf8: boolean } {
  const bytes = encodeName(name);
  if (name === "" || bytes.length > 0xffff) throw new RangeError(`no name of a member: ${bytes.length} bytes`);
  return { bytes, utf8: bytes.some((byte) => byte >= 0x80) };
}

/** Why a name is no plain path below the archive, such as "a/b.txt"; `undefined` if it is one. "a/" is a folder. */
export function nameDanger(name: string): string | undefined {
  const path = name.endsWith("/") ? name.slice(0, -1) : name;
  if (!name.isWellFormed()) return "is said to be UTF-8 and is not";
  if (/\p{Cc}/u.test(name)) return "holds control characters, at which some programs end it";
  if (name.includes("\\")) return "holds backslashes, which on Windows lead to folders";
  if (name.startsWith("/")) return "is absolute";
  if (/^[a-z]:/i.test(name)) return "begins with the letter of a drive";
  const parts = path.split("/");
  if (parts.includes("..")) return "leads out of the archive";
  if (parts.includes("") || parts.includes(".")) return "names the same file as another spelling";
  return undefined;
}

/** The error of such a name. */
export function nameError(name: string, file: string, offset: number): CorruptError | undefined {
  const reason = nameDanger(name);
  if (reason === undefined) return undefined;
  return new CorruptError("name", `the name ${JSON.stringify(name)} ${reason}`, { file, offset });
}
