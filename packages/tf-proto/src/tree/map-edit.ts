import { compareKeys, type MapKey } from "../map-order.ts";
import { FieldEdit } from "./field-edit.ts";
import { type Item, isOwn, type Names, type NewRecord } from "./item.ts";

/** The key of an entry; none if the entry is damaged. */
type FoundKey = MapKey | undefined;

/** What edits have made of the entries of a map. Of entries with the same key the last one counts. */
export class MapEdit extends FieldEdit {
  /** Of the items. */
  #keys: FoundKey[];
  readonly #originalKeys: readonly FoundKey[];

  constructor(originals: readonly number[], keyOf: (original: number) => FoundKey) {
    super(originals);
    this.#keys = originals.map(keyOf);
    this.#originalKeys = [...this.#keys];
  }

  /** The entry of a key. */
  find(key: MapKey): Item | undefined {
    return this.items[this.#keys.lastIndexOf(key)];
  }

  /** All keys. */
  get keys(): ReadonlySet<FoundKey> {
    return new Set(this.#keys);
  }

  /** Takes out all entries of a key, or all damaged ones, and gives them. */
  removeKey(key: FoundKey): Item[] {
    const gone = this.items.filter((_, index) => this.#keys[index] === key);
    if (gone.length > 0) {
      this.items = this.items.filter((_, index) => this.#keys[index] !== key);
      this.#keys = this.#keys.filter((other) => other !== key);
    }
    return gone;
  }

  /** Adds the entry of a new key where the order has it; but where the original entry has the same value, that. */
  add(record: NewRecord, key: MapKey, order: "upb" | "c++", namesOf: Names): void {
    const original = this.#originalsOf(key).at(-1);
    const names = original === undefined ? [] : namesOf(original);
    if (namesOf(record).some((name) => names.includes(name))) this.#putBack(key);
    else this.#place(record, key, order);
  }

  /** Puts an entry that was taken out in the place of its new key, which is its old place if it had that key once. */
  move(record: NewRecord, key: MapKey, order: "upb" | "c++"): Item {
    const { own } = record;
    if (own !== undefined && this.#originalsOf(key).at(-1) === own) {
      this.#putBack(key);
      return own;
    }
    this.#place(record, key, order);
    return record;
  }

  override clear(): Item[] {
    this.#keys = [];
    return super.clear();
  }

  #originalsOf(key: MapKey): readonly number[] {
    return this.originals.filter((_, index) => this.#originalKeys[index] === key);
  }

  /** The original entries of a key, where they were. */
  #putBack(key: MapKey): void {
    for (const original of this.#originalsOf(key)) {
      this.#put(
        this.items.findIndex((item) => isOwn(item) && item > original),
        original,
        key,
      );
    }
  }

  #place(record: NewRecord, key: MapKey, order: "upb" | "c++"): void {
    this.#put(
      this.#keys.findIndex((other) => other !== undefined && compareKeys(order, other, key) > 0),
      record,
      key,
    );
  }

  /** Before the item at `index`; −1 is the end. */
  #put(index: number, item: Item, key: MapKey): void {
    const at = index < 0 ? this.items.length : index;
    this.items.splice(at, 0, item);
    this.#keys.splice(at, 0, key);
  }
}
