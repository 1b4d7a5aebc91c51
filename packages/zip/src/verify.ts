import { CorruptError, ModelbytesError, type WaitOptions } from "@modelbytes/bytes";
import { DESCRIPTOR, type ZipMember } from "./member.ts";
import type { MemberReader } from "./member-reader.ts";

/** Bytes of a data descriptor: CRC and two sizes of four or eight bytes each, with or without a signature. */
const DESCRIPTOR_BYTES: readonly number[] = [12, 16, 20, 24];

interface Span {
  readonly start: number;
  readonly end: number;
  readonly described: boolean;
}

/** Reads every member, and then looks at what is between them. `ZipArchive.verify` documents the contract. */
export async function* verifyMembers(
  reader: MemberReader,
  members: readonly ZipMember[],
  directoryOffset: number,
  file: string,
  options: WaitOptions,
): AsyncGenerator<ModelbytesError, void, undefined> {
  const spans: Span[] = [];
  for (const member of members) {
    try {
      const { offset } = await reader.locate(member, 0, options);
      const described = (member.flags & DESCRIPTOR) !== 0;
      spans.push({ start: member.localHeaderOffset, end: offset + member.compressedSize, described });
      for await (const piece of reader.pieces(member, options)) void piece;
    } catch (error) {
      if (!(error instanceof ModelbytesError)) throw error;
      yield error;
    }
  }
  if (spans.length === members.length) yield* gaps(spans, directoryOffset, file);
}

function* gaps(spans: Span[], directoryOffset: number, file: string): Generator<CorruptError> {
  spans.sort((a, b) => a.start - b.start);
  for (const [index, { end, described }] of spans.entries()) {
    const next = spans[index + 1]?.start ?? directoryOffset;
    const over = next - end;
    if (over === 0 || (described && DESCRIPTOR_BYTES.includes(over))) continue;
    const place = { file, offset: Math.min(end, next) };
    if (over > 0) yield new CorruptError("gap", `${over} bytes belong to no member`, place);
    else yield new CorruptError("overlap", `${-over} bytes belong to two members`, place);
  }
}
